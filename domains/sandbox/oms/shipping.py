"""The knob that lets parcels leave and arrive: an order goes on by one stage, or as far as it is told."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from domains.sandbox.chassis import Clock, Refused, maybe_member
from domains.sandbox.oms.orders import Orders
from domains.sandbox.oms.status import status_of
from domains.sandbox.oms.stock import Hold, Stock
from domains.sandbox.oms.words import text_of, written
from domains.sandbox.world import CARRIERS, Row

STAGES = ("PROCESSING", "SHIPPED", "DELIVERED")
_CARRIER = "DHL"
_STOPPED = frozenset({"CANCELED", "ON_HOLD", "MANUAL_REVIEW", "COMPLETED"})
_BEFORE = frozenset({"PENDING"})
_HERE = frozenset({"PENDING", "PROCESSING"})


class Shipping:
    """Moves the parts of orders on, and the stock with them."""

    def __init__(self, orders: Orders, stock: Stock, clock: Clock) -> None:
        self._orders = orders
        self._stock = stock
        self._clock = clock
        self._parcels = 0

    async def ship(self, body: Row, path: dict[str, str]) -> Row:
        """`{to}`, one of `STAGES`; without it the next one. Answers the Order row.

        PROCESSING begins to pick; SHIPPED sends parcels off and lays collections out; DELIVERED hands all of it over.
        Raises Refused 404 ORDER_NOT_FOUND, or 409 ILLEGAL_TRANSITION when the order is stopped or as far already.
        """
        to = maybe_member(body, "to", STAGES)
        row = self._orders.find(path["id"])
        if row is None:
            raise Refused(404, "ORDER_NOT_FOUND", f"There is no order {path['id']}.")
        status, following = status_of(row), _next_stage(row)
        last = STAGES.index(to) if to else following
        if status in _STOPPED or last < following:
            raise Refused(409, "ILLEGAL_TRANSITION", f"Order {row['id']} is {status}.", state=status)
        for stage in STAGES[following : last + 1]:
            self._go(row, stage)
            self._orders.changed(row)
        return row

    def _go(self, row: Row, stage: str) -> None:
        for part in row["fulfillments"]:
            if stage == "PROCESSING" and part["status"] in _BEFORE:
                part["status"] = "PROCESSING"
            elif stage == "SHIPPED" and part["status"] in _HERE:
                self._send_off(row, part)
            elif stage == "DELIVERED" and part["status"] != "DELIVERED":
                if part["type"] == "PICKUP":
                    self._hand_over(row, part)
                self._report(part, "DELIVERED")
        facts = row["facts"]
        if stage == "DELIVERED":
            facts |= {"lifecycle": "COMPLETED", "delivery": "FULL", "raw": "CLOSED"}
        else:
            raw = "PICKING" if stage == "PROCESSING" else "SHIPPED"
            facts |= {"lifecycle": "PROCESSING", "delivery": _delivery(row), "raw": raw}

    def _send_off(self, row: Row, part: Row) -> None:
        if part["type"] == "PICKUP":
            part["shipments"] = [{"events": []}]
            self._report(part, "READY_FOR_PICKUP")
            return
        self._parcels += 1
        number, url = CARRIERS[_CARRIER]
        tracking = number.format(self._parcels)
        parcel = {"carrier": _CARRIER, "trackingNumber": tracking, "trackingUrl": url.format(tracking), "events": []}
        part["shipments"] = [parcel]
        self._report(part, "SHIPPED")
        self._hand_over(row, part)

    def _report(self, part: Row, status: str) -> None:
        part["status"] = status
        for shipment in part["shipments"]:
            shipment["events"].append({"status": status, "occurredAt": written(self._clock())})

    def _hand_over(self, row: Row, part: Row) -> None:
        """The goods are no longer ours: stock, quantities and the money follow."""
        lines = {line["id"]: line for line in row["lines"]}
        self._stock.leave(_holds(part, lines))
        for item in part["lines"]:
            line = lines[item["lineId"]]
            line["fulfilled"] = text_of(Decimal(line["fulfilled"]) + Decimal(item["quantity"]))
        zero = {"amount": "0.00", "currencyCode": row["total"]["currencyCode"]}
        row["payment"] |= {"authorized": row["total"], "captured": row["total"]}
        row["payment"].setdefault("refunded", zero)


def _next_stage(row: Row) -> int:
    statuses = {part["status"] for part in row["fulfillments"]}
    return 0 if statuses & _BEFORE else 1 if statuses & _HERE else 2


def _delivery(row: Row) -> str:
    """How much of an order that is not complete has left."""
    gone = [part["type"] != "PICKUP" and part["status"] not in _HERE for part in row["fulfillments"]]
    return "FULL" if all(gone) else "PARTIAL" if any(gone) else "NONE"


def _holds(part: Row, lines: dict[str, Row]) -> Iterable[Hold]:
    return (
        Hold(lines[item["lineId"]]["sku"], part["locationId"], Decimal(item["quantity"]), True)
        for item in part["lines"]
    )
