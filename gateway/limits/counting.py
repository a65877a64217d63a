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

    def draw_all_at_once(self, caller: str, draws: tuple[Draw, ...]) -> tuple[float, ...] | None:
        """The same of all; empty where none must wait."""

    def settle(self, caller: str, draws: tuple[Draw, ...]) -> None:
        """Take all draws whatever is left, because the spending has been done. Nobody waits for it."""


class Counted:
    """Buckets of this process alone. `clock` is in seconds and does not go back."""

    def __init__(self, clock: Callable[[], float], buckets_max: int = BUCKETS_MAX) -> None:
        self._clock = clock
        self._buckets_max = buckets_max
        self._levels: dict[tuple[str, str], Level] = {}  # least recently used first

    async def draw(self, caller: str, draws: tuple[Draw, ...]) -> tuple[float, ...]:
        return self.draw_all_at_once(caller, draws) or (0.0,) * len(draws)

    def draw_all_at_once(self, caller: str, draws: tuple[Draw, ...]) -> tuple[float, ...]:
        now, levels, taken = self._clock(), self._levels, []
        for draw in draws:
            key = (caller, draw.name)
            wait, level = drawn(levels.get(key), draw, now)
            if wait:
                return tuple([drawn(levels.get((caller, each.name)), each, now)[0] for each in draws])
            taken.append((key, level))
        for key, level in taken:
            levels.pop(key, None)
            levels[key] = level
        self._forget()
        return ()

    def draw_at_once(self, caller: str, draw: Draw) -> float:
        levels, key = self._levels, (caller, draw.name)
        wait, level = drawn(levels.get(key), draw, self._clock())
        if not wait:
            levels.pop(key, None)
            levels[key] = level
            self._forget()
        return wait

    def settle(self, caller: str, draws: tuple[Draw, ...]) -> None:
        now, levels = self._clock(), self._levels
        for draw in draws:
            key = (caller, draw.name)
            levels[key] = drawn(levels.pop(key, None), draw, now)[1]
        self._forget()

    def __len__(self) -> int:
        return len(self._levels)

    def _forget(self) -> None:
        levels = self._levels
        while len(levels) > self._buckets_max:
            del levels[next(iter(levels))]
