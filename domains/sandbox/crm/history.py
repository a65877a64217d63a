"""What happened to customers, as others note it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from domains.sandbox.chassis import Clock, Refused, found, want_instant, want_text, want_texts
from domains.sandbox.world import Row

NOTES_MAX = 1000
"""Notes kept of one customer. Older ones are forgotten."""


class History:
    """The notes of all customers, each customer's in the order of their arrival."""

    def __init__(self, customers: Mapping[str, Row], clock: Clock) -> None:
        self._customers = customers
        self._clock = clock
        self._notes: dict[str, deque[Row]] = {}
        self._count = 0

    async def note(self, body: Row, _: dict[str, str]) -> Row:
        """A HistoryNote kept. Raises Refused 422, or 409 CUSTOMER_NOT_FOUND."""
        want_instant(body, "occurredAt")
        members = ("customerId", "kind", "about", "text", "occurredAt")
        row: Row = {name: want_text(body, name) for name in members}
        if row["customerId"] not in self._customers:
            raise Refused(409, "CUSTOMER_NOT_FOUND", f"There is no customer {row['customerId']}.")
        self._count += 1
        row["id"] = f"note-{self._count:06d}"
        self._notes.setdefault(row["customerId"], deque(maxlen=NOTES_MAX)).append(row)
        return row

    async def lookup(self, body: Row, _: dict[str, str]) -> Row:
        wanted = dict.fromkeys(want_texts(body, "customerIds"))
        return found((row for id_ in wanted for row in self._notes.get(id_, ())), self._clock())
