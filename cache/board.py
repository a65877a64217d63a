"""What of a shelf may be handed out without a second look: found by its keys as they are."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from math import inf
from operator import is_
from typing import Any, Generic, TypeVar

from domains.vocabulary import FreshnessTier, Reading, Row

T = TypeVar("T")

STEPS = 16
"""Readings that stop being fresh within the same sixteenth of their fresh time leave together, at its beginning."""

_SPARE = 1024
"""So many names may stand in more than one step: what was shown, taken down and shown again."""

ROWS_MAX = 5_000
"""Readings in the rows that are remembered, of one kind of answer: 200 lists of 24, some 5 MB where all are gone from
elsewhere."""


class Board(Generic[T]):
    """Readings that are fresh for all who have no demand of their own, by the names under which they are asked for.

    Nobody is shown what is not fresh: a reading leaves at the beginning of the step in which it stops being so. So that
    need not be judged for each that is asked for, and 72 of them are found in 6 us instead of 50.

    Who asks with a tuple is given the same Row each time, as long as all of it is up; while nothing at all is taken
    down, without a look at its readings.
    """

    __slots__ = ("_gone", "_in_rows", "_leaving", "_listed", "_rows", "_step_s", "readings", "until")

    def __init__(self, fresh_s: float) -> None:
        """`fresh_s` is for how long a reading is fresh, in seconds."""
        self.readings: dict[Any, Reading[T]] = {}
        self.until = inf
        """From here on `tidy` has something to take down."""
        self._step_s = fresh_s / STEPS
        self._leaving: dict[float, list[Hashable]] = {}
        self._listed = 0
        self._gone = 0
        """How often something was taken down, or gave way to something newer."""
        self._rows: dict[tuple[Any, ...], tuple[int, Row | None]] = {}
        """By what was asked: the row, and how much was gone when it was last looked through. None if it is not known
        to come again."""
        self._in_rows = 0

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
        self._gone += self.readings.get(name, reading) is not reading
        self.readings[name] = reading
        self.until = min(self.until, leaves)
        return True

    def all(self, names: Iterable[Hashable], now: float) -> Sequence[Reading[T]] | None:
        """The readings under these names, in order; None when not all of them are up at `now`.

        A Row from the second time on that the same tuple is asked for, if all of them are FRESH.
        """
        if now >= self.until:
            self.tidy(now)
        if not isinstance(names, tuple) or not names:  # of no readings there is no oldest, which a Row tells
            return self._found(names)
        known = self._rows.get(names)
        if known is not None and known[0] == self._gone and known[1] is not None:
            return known[1]
        found = self._found(names)
        if found is None:
            return None
        row = known and known[1]
        if row is None or not all(map(is_, row, found)):
            row = self._row(names, found, comes_again=known is not None)
        self._rows[names] = self._gone, row
        return found if row is None else row

    def take_down(self, name: Hashable) -> bool:
        """Take one down, because it is gone; whether it was up."""
        was_up = self.readings.pop(name, None) is not None
        self._gone += was_up
        return was_up

    def tidy(self, now: float) -> None:
        """Take down what may not be fresh any more."""
        for leaves in [leaves for leaves in self._leaving if leaves <= now]:
            names = self._leaving.pop(leaves)
            self._listed -= len(names)
            for name in names:
                self.take_down(name)
        self.until = min(self._leaving, default=inf)

    def clear(self) -> None:
        """Take everything down."""
        self.readings.clear()
        self._leaving.clear()
        self._listed = 0
        self.until = inf
        self._gone += 1
        self._forget_rows()

    def _found(self, names: Iterable[Hashable]) -> list[Reading[T]] | None:
        try:
            return list(map(self.readings.__getitem__, names))
        except KeyError:
            return None

    def _row(self, names: tuple[Any, ...], found: list[Reading[T]], *, comes_again: bool) -> Row | None:
        if comes_again:
            return Row(found) if all(one.tier is FreshnessTier.FRESH for one in found) else None
        if self._in_rows + len(names) > ROWS_MAX:
            self._forget_rows()
        self._in_rows += len(names)
        return None

    def _forget_rows(self) -> None:
        self._rows.clear()
        self._in_rows = 0
