"""Where buckets are kept: in this process, or in a store that processes share with this process standing in for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from gateway.limits.bucket import Draw, Level, drawn, left_of, wait_s

BUCKETS_MAX = 100_000
"""Some 20 MiB. Who has not asked for longest is forgotten, which fills their buckets."""


class Counting(Protocol):
    """The buckets of every caller."""

    async def draw(self, caller: str, draws: tuple[Draw, ...]) -> tuple[float, ...]:
        """Take all draws, or none when one of them must wait. Answers how long each must, in seconds: 0.0 for none."""

    def settle(self, caller: str, draws: tuple[Draw, ...]) -> None:
        """Take all draws whatever is left, because the spending has been done. Nobody waits for it."""


class Counted:
    """Buckets of this process alone. `clock` is in seconds and does not go back."""

    def __init__(self, clock: Callable[[], float], buckets_max: int = BUCKETS_MAX) -> None:
        self._clock = clock
        self._buckets_max = buckets_max
        self._levels: dict[tuple[str, str], Level] = {}  # least recently used first

    async def draw(self, caller: str, draws: tuple[Draw, ...]) -> tuple[float, ...]:
        now = self._clock()
        if len(draws) == 1:  # the request itself, each time: two thirds of the time of what follows
            return (self._one(caller, draws[0], now),)
        left, waits, must_wait = [], [], False
        for draw in draws:
            left.append(each := left_of(self._levels.get((caller, draw.name)), draw, now))
            waits.append(wait := wait_s(each, draw))
            must_wait = must_wait or wait > 0
        if not must_wait:
            self._take(caller, draws, left, now)
        return tuple(waits)

    def settle(self, caller: str, draws: tuple[Draw, ...]) -> None:
        now = self._clock()
        left = [left_of(self._levels.get((caller, draw.name)), draw, now) for draw in draws]
        self._take(caller, draws, left, now)

    def __len__(self) -> int:
        return len(self._levels)

    def _one(self, caller: str, draw: Draw, now: float) -> float:
        key = (caller, draw.name)
        level = self._levels.get(key)
        left = left_of(level, draw, now)
        wait = wait_s(left, draw)
        if not wait:
            self._put(key, drawn(left, draw, now))
        return wait

    def _put(self, key: tuple[str, str], level: Level) -> None:
        levels = self._levels
        levels.pop(key, None)
        levels[key] = level
        if len(levels) > self._buckets_max:
            del levels[next(iter(levels))]

    def _take(self, caller: str, draws: tuple[Draw, ...], left: list[float], now: float) -> None:
        for each, draw in zip(left, draws, strict=True):
            self._put((caller, draw.name), drawn(each, draw, now))
