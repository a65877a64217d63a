"""Where buckets are kept: in this process, or in a store that processes share with this process standing in for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from gateway.limits.bucket import Draw, Level, drawn

BUCKETS_MAX = 100_000
"""Some 20 MiB. Who has not asked for longest is forgotten, which fills their buckets."""


class Counting(Protocol):
    """The buckets of every caller."""

    async def draw(self, caller: str, draws: tuple[Draw, ...]) -> tuple[float, ...]:
        """Take all draws, or none when one of them must wait. Answers how long each must, in seconds: 0.0 for none."""

    def draw_at_once(self, caller: str, draw: Draw) -> float | None:
        """The same of one draw; None where others are to be asked first, and nothing is taken."""

    def settle(self, caller: str, draws: tuple[Draw, ...]) -> None:
        """Take all draws whatever is left, because the spending has been done. Nobody waits for it."""


class Counted:
    """Buckets of this process alone. `clock` is in seconds and does not go back."""

    def __init__(self, clock: Callable[[], float], buckets_max: int = BUCKETS_MAX) -> None:
        self._clock = clock
        self._buckets_max = buckets_max
        self._levels: dict[tuple[str, str], Level] = {}  # least recently used first

    async def draw(self, caller: str, draws: tuple[Draw, ...]) -> tuple[float, ...]:
        now, levels = self._clock(), self._levels
        waits, taken, must_wait = [], [], False
        for draw in draws:
            key = (caller, draw.name)
            wait, level = drawn(levels.get(key), draw, now)
            waits.append(wait)
            taken.append((key, level))
            must_wait = must_wait or wait > 0
        if not must_wait:
            for key, level in taken:
                self._put(key, level)
        return tuple(waits)

    def draw_at_once(self, caller: str, draw: Draw) -> float:
        key = (caller, draw.name)
        wait, level = drawn(self._levels.get(key), draw, self._clock())
        if not wait:
            self._put(key, level)
        return wait

    def settle(self, caller: str, draws: tuple[Draw, ...]) -> None:
        now = self._clock()
        for draw in draws:
            key = (caller, draw.name)
            self._put(key, drawn(self._levels.get(key), draw, now)[1])

    def __len__(self) -> int:
        return len(self._levels)

    def _put(self, key: tuple[str, str], level: Level) -> None:
        levels = self._levels
        levels.pop(key, None)
        levels[key] = level
        if len(levels) > self._buckets_max:
            del levels[next(iter(levels))]
