"""Returns of delivered orders, in every status, and what they changed in the orders."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from domains.sandbox.world.parcels import delivered_at
from domains.sandbox.world.rows import Row, cents_of, instant, money, stream

RMA_DAYS = 30
"""How long an authorization may be used."""

_REASONS = (
    "SIZE_TOO_SMALL",
    "SIZE_TOO_LARGE",
    "UNWANTED",
    "DEFECTIVE",
    "NOT_AS_DESCRIBED",
    "COLOR",
    "WRONG_ITEM",
    "STYLE",
)
_STATUSES = ("REQUESTED", "AUTHORIZED", "RECEIVED", "REFUND_PENDING", "REFUNDED", "CANCELED", "DECLINED")
_SETTLED = ("REFUNDED", "CLOSED", "REFUNDED", "CLOSED", "CANCELED", "REFUNDED", "DECLINED")
_UNAUTHORIZED = frozenset({"REQUESTED", "DECLINED"})
_RECEIVED = frozenset({"RECEIVED", "REFUND_PENDING", "REFUNDED", "CLOSED"})
REFUNDED = frozenset({"REFUNDED", "CLOSED"})
# (order, line place, pieces, status): the returns of cust-00001 that the tests and examples lean on.
_TOLD_TO = "cust-00001"
_TOLD = (("ord-000003", 0, 1, "AUTHORIZED"), ("ord-000014", 0, 1, "REFUNDED"))


class Returns:
    """Writes the returns of one world into it: the counts, adjustments and refunds of the orders follow."""

    def __init__(self, seed: int, day: datetime, policies: dict[str, Row], orders: dict[str, Row]) -> None:
        self._rng = stream(seed, "returns")
        self._day = day
        self._policies = policies
        self._orders = orders
        self._recent = instant(day - timedelta(days=28))

    def build(self, count: int) -> dict[str, Row]:
        """At most `count` ReturnAuthorization rows by id; fewer when too few orders were delivered."""
        rows: dict[str, Row] = {}
        for order_id, place, pieces, status in _TOLD:
            if order_id in self._orders:
                self._add(rows, self._orders[order_id], place, pieces, status)
        for order in self._candidates(count):
            place = int(self._rng.random() * len(order["lines"]))
            line = order["lines"][place]
            fulfilled = int(line["fulfilled"])
            if len(rows) < count and fulfilled and not self._policies[line["sku"]]["finalSale"]:
                pieces = 1 + int(self._rng.random() * fulfilled)
                self._add(rows, order, place, pieces, self._status(order, pieces, len(rows)))
        return rows

    def _candidates(self, count: int) -> list[Row]:
        """Delivered orders of others than cust-00001, drawn: recent ones first, for a third of the returns."""
        delivered = [
            row
            for row in self._orders.values()
            if row["facts"]["delivery"] == "FULL" and row["facts"]["raw"] == "CLOSED" and row["customerId"] != _TOLD_TO
        ]
        self._rng.shuffle(delivered)
        fresh = [row for row in delivered if row["placedAt"] >= self._recent][: count // 3]
        return fresh + [row for row in delivered if row["placedAt"] < self._recent]

    def _status(self, order: Row, pieces: int, turn: int) -> str:
        """Returns of old orders are settled one way or another; those of recent ones may be anywhere."""
        if order["placedAt"] < self._recent:
            return _SETTLED[turn % len(_SETTLED)]
        return "PARTIALLY_RECEIVED" if pieces > 1 and turn % 3 else _STATUSES[turn % len(_STATUSES)]

    def _add(self, rows: dict[str, Row], order: Row, place: int, pieces: int, status: str) -> None:
        number = len(rows) + 1
        line = order["lines"][place]
        delivered = datetime.fromisoformat(delivered_at(order, line["id"]) or order["placedAt"])
        room = (self._day - delivered).total_seconds()
        created = delivered + timedelta(seconds=int(min(room, 12 * 86_400) * (0.1 + 0.4 * self._rng.random())))
        policy = self._policies[line["sku"]]
        row = {
            "id": f"ret-{number:06d}",
            "rmaNumber": f"RMA-{number:06d}",
            "status": status,
            "provisional": False,
            "orderId": order["id"],
            "customerId": order["customerId"],
            "lines": [_line(self._rng, line["id"], pieces, status)],
            "method": policy["methods"][int(self._rng.random() * len(policy["methods"]))],
            "refundType": policy["refundTypes"][int(self._rng.random() ** 3 * len(policy["refundTypes"]))],
            "estimatedRefund": money(pieces * cents_of(line["unitPrice"])),
            "pointsReversed": None,
            "fees": [],
            "expiresAt": instant(created + timedelta(days=RMA_DAYS)) if status not in _UNAUTHORIZED else None,
            "authorizedAt": None,
            "createdAt": instant(created),
        }
        if policy["restockingFee"]:
            row["fees"] = [{"reason": "Restocking", "amount": money(pieces * cents_of(policy["restockingFee"]))}]
            row["estimatedRefund"] = money(cents_of(row["estimatedRefund"]) - cents_of(row["fees"][0]["amount"]))
        if row["method"] == "RETURN_IN_STORE":
            row["authorizedAt"] = "store-001"
        rows[row["id"]] = row
        _follow(order, line, row, created)


def _line(rng: random.Random, line_id: str, pieces: int, status: str) -> Row:
    received = pieces if status in _RECEIVED else pieces - 1 if status == "PARTIALLY_RECEIVED" else 0
    odds = rng.random()
    disposition = "RESTOCKED" if odds < 0.7 else "PROCESSING_REQUIRED" if odds < 0.85 else "NOT_RESTOCKED"
    return {
        "id": "1",
        "orderLineId": line_id,
        "quantityRequested": str(pieces),
        "quantityAuthorized": "0" if status in _UNAUTHORIZED else str(pieces),
        "quantityReceived": str(received),
        "reason": _REASONS[int(rng.random() * len(_REASONS))],
        "note": None,
        "disposition": disposition if received else None,
    }


def _follow(order: Row, line: Row, row: Row, created: datetime) -> None:
    """What the order remembers of the return: pieces that came back, and money that was given back."""
    line["returned"] = str(int(line["returned"]) + int(row["lines"][0]["quantityReceived"]))
    if row["status"] not in _RECEIVED:
        return
    done = row["status"] in REFUNDED
    order["adjustments"].append({
        "type": "RETURN",
        "status": "COMPLETED" if done else "PENDING",
        "amount": row["estimatedRefund"],
        "reason": row["rmaNumber"],
        "occurredAt": instant(created + timedelta(hours=6)),
    })  # fmt: skip
    if done:
        payment = order["payment"]
        payment["refunded"] = money(cents_of(payment["refunded"]) + cents_of(row["estimatedRefund"]))
