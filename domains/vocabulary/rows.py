"""Readings that come together: the same rows as long as all of them are the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from domains.vocabulary.reading import Reading


class Row(tuple[Reading[Any], ...]):
    """Fresh readings that are kept together: what is made of all of them may be remembered by the row's identity."""

    __slots__ = ()


class Rows(tuple[Row, ...]):
    """Rows that were asked for together, and what holds of all their readings.

    The oldest was seen at `observed_at`, and the first to be no longer fresh is so at `fresh_until`, both in seconds
    since the epoch.
    """

    observed_at: float
    fresh_until: float

    @classmethod
    def of(cls, readings: Sequence[Reading[Any]], width: int) -> Rows:
        """Of some readings, all of them FRESH, row by row."""
        rows = cls(Row(readings[place : place + width]) for place in range(0, len(readings), width))
        rows.observed_at = min(one.observed_at for one in readings)
        rows.fresh_until = min(one.observed_at + one.max_age_s for one in readings)
        return rows
