"""Reservations: all lines or none, until they are used, released or too old."""

from __future__ import annotations

import heapq
from collections import deque
from datetime import timedelta
from typing import Any

from domains.sandbox.chassis import (
    Clock,
    Refused,
    maybe_text,
    misshapen,
    want_int,
    want_member,
    want_objects,
    want_text,
)
from domains.sandbox.oms.stock import Hold, Need, Stock
from domains.sandbox.oms.words import RESERVATION_KINDS, text_of, want_quantity, written
from domains.sandbox.world import Row

TTL_MAX_S = 604_800
TTL_S = 900
LINES_MAX = 100
CLOSED_KEPT = 10_000
"""Reservations that are over are forgotten, oldest first, beyond this many."""


class Reservations:
    """Reservations of one OMS. SOFT ones expire by the clock passed in; HARD ones wait for their order."""

    def __init__(self, stock: Stock, clock: Clock) -> None:
        self._stock = stock
        self._clock = clock
        self._rows: dict[str, Row] = {}
        self._holds: dict[str, list[Hold]] = {}
        self._closed: deque[str] = deque()
        self._expiries: list[tuple[float, str]] = []
        self._count = 0

    def expire(self) -> None:
        """Give back what has been held for too long. Called before anything looks at stock or reservations."""
        now = self._clock().timestamp()
        while self._expiries and self._expiries[0][0] <= now:
            _, id_ = heapq.heappop(self._expiries)
            if id_ in self._rows and self._rows[id_]["state"] == "CREATED":
                self._give_back(id_, "EXPIRED")

    def find(self, id_: str) -> Row | None:
        return self._rows.get(id_)

    def create(self, body: dict[str, Any]) -> Row:
        """A ReservationDraft made an InventoryReservation row. Raises Refused 422, or 409 INSUFFICIENT_STOCK.

        Its lines say where the stock was found: one line of the draft may become several.
        """
        kind = want_member(body, "kind", RESERVATION_KINDS)
        ttl_s = want_int(body, "ttlS", 1, TTL_MAX_S) if "ttlS" in body else TTL_S
        maybe_text(body, "basketReference")
        needs = [
            Need(want_text(line, "sku"), maybe_text(line, "locationId"), want_quantity(line))
            for line in want_objects(body, "lines", LINES_MAX, least=1)
        ]
        self.expire()
        holds = self._stock.plan(needs)
        self._stock.hold(holds)
        self._count += 1
        id_ = f"rsv-{self._count:06d}"
        expires = self._clock() + timedelta(seconds=ttl_s) if kind == "SOFT" else None
        if expires is not None:
            heapq.heappush(self._expiries, (expires.timestamp(), id_))
        self._holds[id_] = holds
        self._rows[id_] = {
            "id": id_,
            "kind": kind,
            "state": "CREATED",
            "lines": [
                {"sku": hold.sku, "locationId": hold.location_id, "quantity": text_of(hold.quantity)} for hold in holds
            ],
            "expiresAt": written(expires) if expires is not None else None,
        }
        return self._rows[id_]

    def release(self, id_: str) -> Row:
        """Raises Refused 409 RESERVATION_NOT_FOUND, or ILLEGAL_TRANSITION unless it is open."""
        self.expire()
        row = self._rows.get(id_)
        if row is None:
            raise Refused(409, "RESERVATION_NOT_FOUND", f"There is no reservation {id_}.")
        if row["state"] != "CREATED":
            raise Refused(409, "ILLEGAL_TRANSITION", f"Reservation {id_} is {row['state']}.", state=row["state"])
        self._give_back(id_, "RELEASED")
        return row

    def open_holds(self, id_: str) -> list[Hold]:
        """What an open reservation holds. Raises Refused 409 RESERVATION_NOT_OPEN for any other."""
        self.expire()
        row = self._rows.get(id_)
        if row is None or row["state"] != "CREATED":
            state = row["state"] if row else "unknown"
            raise Refused(409, "RESERVATION_NOT_OPEN", f"Reservation {id_} is {state}.")
        return self._holds[id_]

    def commit(self, id_: str) -> None:
        """An order has taken the holds over."""
        self._close(id_, "COMMITTED")

    def _give_back(self, id_: str, state: str) -> None:
        self._stock.let_go(self._holds[id_])
        self._close(id_, state)

    def _close(self, id_: str, state: str) -> None:
        self._rows[id_]["state"] = state
        del self._holds[id_]
        self._closed.append(id_)
        if len(self._closed) > CLOSED_KEPT:
            del self._rows[self._closed.popleft()]


def misses(holds: list[Hold], needs: list[Need]) -> None:
    """Raises Refused 422 when `holds` are not exactly what `needs` ask for, item by item."""
    wanted: dict[str, Any] = {}
    for need in needs:
        wanted[need.sku] = wanted.get(need.sku, 0) + need.quantity
    for hold in holds:
        wanted[hold.sku] = wanted.get(hold.sku, 0) - hold.quantity
    different = [sku for sku, quantity in wanted.items() if quantity]
    if different:
        raise misshapen(f"The order and its reservation differ in {', '.join(sorted(different))}.")
