"""The three shapes of an answer of the contract, and pages cut from a list."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from domains.sandbox.chassis.ask import maybe_text, want_int

Row = dict[str, Any]


def instant(moment: datetime) -> str:
    """RFC 3339 in UTC, to the millisecond: `2026-03-01T09:30:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def found(items: Iterable[Row], now: datetime) -> Row:
    """Answer of a lookup."""
    return {"items": list(items), "asOf": instant(now)}


def pages(page_list: Iterable[Row], now: datetime) -> Row:
    """Answer of a search: one page per query, in the order of the queries."""
    return {"pages": list(page_list), "asOf": instant(now)}


def answers(answer_list: Iterable[Row], now: datetime) -> Row:
    """Answer of an evaluation, in the order of the questions."""
    return {"answers": list(answer_list), "asOf": instant(now)}


def page_of(rows: Sequence[Row], query: Row) -> Row:
    """The page of `rows` (already newest first) that the `first` and `after` of `query` ask for.

    An `after` that is not in the list gives an empty page: queries travel in batches, and one stale cursor must not
    fail its neighbours.
    """
    first = want_int(query, "first", 1, 100)
    after = maybe_text(query, "after")
    start = 0
    if after is not None:
        start = next((place + 1 for place, row in enumerate(rows) if row["id"] == after), len(rows))
    return {"items": list(rows[start : start + first]), "hasNext": start + first < len(rows)}
