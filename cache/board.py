"""What of a shelf may be handed out without a second look: found by its keys as they are."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from math import inf
from typing import Any, Generic, TypeVar

from domains.vocabulary import Reading

T = TypeVar("T")

STEPS = 16
"""Readings that stop being fresh within the same sixteenth of their fresh time leave together, at its beginning."""

_SPARE = 1024
"""So many names may stand in more than one step: what was shown, taken down and shown again."""


class Board(Generic[T]):
    """Readings that are fresh for all who have no demand of their own, by the names under which they are asked for.

    Nobody is shown what is not fresh: a reading leaves at the beginning of the step in which it stops being so. So that
    need not be judged for each that is asked for, and 72 of them are found in 6 us instead of 50.
    """

    __slots__ = ("_leaving", "_listed", "_step_s", "readings", "until")

    def __init__(self, fresh_s: float) -> None:
        """`fresh_s` is for how long a reading is fresh, in seconds."""
        self.readings: dict[Any, Reading[T]] = {}
        self.until = inf
        """From here on `tidy` has something to take down."""
        self._step_s = fresh_s / STEPS
        self._leaving: dict[float, list[Hashable]] = {}
        self._listed = 0

    def show(self, name: Hashable, reading: Reading[T], until: float, now: float) -> bool:
        """Put a reading up that is fresh until then, if that is not too soon. Times are seconds since the epoch."""
        if self._step_s <= 0:
            return False
        leaves = until // self._step_s * self._step_s
        if leaves <= now:
            return False
        if self._listed > 2 * len(self.readings) + _SPARE:
            self.clear()
        self._leaving.setdefault(leaves, []).append(name)
        self._listed += 1
        self.readings[name] = reading
        self.until = min(self.until, leaves)
        return True

    def all(self, names: Iterable[Hashable], now: float) -> list[Reading[T]] | None:
        """The readings under these names, in order; None when not all of them are up at `now`."""
        if now >= self.until:
            self.tidy(now)
        readings = self.readings
        try:
            return list(map(readings.__getitem__, names))
        except KeyError:
            return None

    def tidy(self, now: float) -> None:
        """Take down what may not be fresh any more."""
        for leaves in [leaves for leaves in self._leaving if leaves <= now]:
            names = self._leaving.pop(leaves)
            self._listed -= len(names)
            for name in names:
                self.readings.pop(name, None)
        self.until = min(self._leaving, default=inf)

    def clear(self) -> None:
        """Take everything down."""
        self.readings.clear()
        self._leaving.clear()
        self._listed = 0
        self.until = inf
