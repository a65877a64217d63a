"""Readings that come together: the same rows as long as all of them are the same."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from domains.vocabulary.reading import Reading

K = TypeVar("K")


class Question(tuple[K, ...], Generic[K]):
    """Keys that somebody keeps, to ask for them together again and again. It is known again by its identity, so that
    none of the keys has to be hashed for it."""

    __slots__ = ()
    __hash__ = object.__hash__
    __eq__ = object.__eq__
    __ne__ = object.__ne__


class Row(tuple[Reading[Any], ...]):
    """Fresh readings that are kept together: what is made of all of them may be remembered by the row's identity.

    Times are seconds since the epoch.
    """

    @cached_property
    def observed_at(self) -> float:
        """When the oldest was seen."""
        return min(one.observed_at for one in self)

    @cached_property
    def fresh_until(self) -> float:
        """When the first is no longer fresh."""
        return min(one.observed_at + one.max_age_s for one in self)


class Rows(tuple[Row, ...]):
    """Rows that were asked for together, and what holds of all their readings, as of a Row."""

    observed_at: float
    fresh_until: float

    @classmethod
    def of(cls, readings: Sequence[Reading[Any]], width: int) -> Rows:
        """Of some readings, all of them FRESH, row by row."""
        rows = cls(Row(readings[place : place + width]) for place in range(0, len(readings), width))
        rows.observed_at = min(one.observed_at for one in readings)
        rows.fresh_until = min(one.observed_at + one.max_age_s for one in readings)
        return rows
