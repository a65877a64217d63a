"""Loyalty: the program, memberships, the ledger that every balance is the sum of, and redemptions.

Points available are the sum of the POSTED entries; a HOLD takes points away until a RELEASE gives them back or, when
they are spent, a RELEASE and a REDEMPTION stand side by side. Entries still PENDING count for nothing yet.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import NamedTuple

from domains.sandbox.world.people import customer_id, membership_id
from domains.sandbox.world.returns import REFUNDED
from domains.sandbox.world.rows import Row, cents_of, instant, money, stream

PROGRAM = "prog-main"
POINTS_PER_EURO = 5
CENTS_PER_POINT = 1
ANNAS_POINTS = 4250
"""What mem-00001 has available."""

CURRENCY_ROW: Row = {"code": "PTS", "name": "Points", "decimalPlaces": 0}
TIERS = (("BRONZE", "Bronze", 0), ("SILVER", "Silver", 1500), ("GOLD", "Gold", 4000), ("PLATINUM", "Platinum", 9000))
"""Code, name, and the points one must have earned to reach it."""

_STATES = ("CAPTURED", "HELD", "VOIDED", "CAPTURED", "EXPIRED", "REVERSED")
_AFTER_HOLD = {
    "HELD": (),
    "CAPTURED": (("RELEASE", 1), ("REDEMPTION", -1)),
    "VOIDED": (("RELEASE", 1),),
    "EXPIRED": (("RELEASE", 1),),
    "REVERSED": (("RELEASE", 1), ("REDEMPTION", -1), ("REVERSAL", 1)),
}


def points(value: int) -> Row:
    """A PointsAmount row of the program's own currency."""
    return {"value": str(value), "currency": CURRENCY_ROW}


def build_program() -> Row:
    """The one LoyaltyProgram row."""
    tiers = [{"code": code, "name": name, "rank": rank} for rank, (code, name, _) in enumerate(TIERS)]
    return {"id": PROGRAM, "name": "Round Trip", "currencies": [CURRENCY_ROW], "tiers": tiers}


class _Step(NamedTuple):
    """Something that happens to a membership. `amount` is signed; entries of one redemption share a moment."""

    at: datetime
    type: str
    status: str
    amount: int
    order_id: str | None = None


class Points:
    """Writes the loyalty facts of one world. `pointsReversed` of the returns given is filled in on the way."""

    def __init__(self, seed: int, day: datetime, orders: dict[str, Row], returns: dict[str, Row]) -> None:
        self._rng = stream(seed, "points")
        self._day = day
        self._orders_of: dict[str, list[Row]] = {}
        for order in orders.values():
            if order["customerId"]:
                self._orders_of.setdefault(order["customerId"], []).append(order)
        self._returns_of: dict[str, list[Row]] = {}
        for row in returns.values():
            self._returns_of.setdefault(row["orderId"], []).append(row)
        self._entries = 0
        self.memberships: dict[str, Row] = {}
        self.ledger: dict[str, list[Row]] = {}
        self.redemptions: dict[str, Row] = {}
        self.order_points: dict[str, Row] = {}

    def enrol(self, number: int) -> None:
        """Membership `number`, of the customer of the same number, with its history."""
        id_ = membership_id(number)
        bought = sorted(self._orders_of.get(customer_id(number), ()), key=lambda row: str(row["placedAt"]))
        steps = [self._welcome(bought)]
        for order in bought:
            steps += self._earn(order)
        steps += self._redeem(id_, number, bought, steps)
        steps.sort(key=lambda step: step.at)  # a stable sort: the entries of one redemption stay in their order
        steps += self._even_out(number, steps)
        self.ledger[id_] = [self._entry(step) for step in steps]
        earned = sum(step.amount for step in steps if step.type == "ACCRUAL" and step.status == "POSTED")
        rank = max(rank for rank, (_, _, least) in enumerate(TIERS) if earned >= least)
        code, name, _ = TIERS[rank]
        self.memberships[id_] = {
            "id": id_,
            "number": f"9520{number:012d}",
            "customerId": customer_id(number),
            "programId": PROGRAM,
            "tier": {"code": code, "name": name, "rank": rank},
        }

    def _welcome(self, bought: list[Row]) -> _Step:
        first = datetime.fromisoformat(bought[0]["placedAt"]) if bought else self._day - timedelta(days=90)
        return _Step(first - timedelta(days=1), "ADJUSTMENT", "POSTED", 250)

    def _earn(self, order: Row) -> list[_Step]:
        """Points for what was paid: pending until the order is complete; refunds take their part back."""
        if order["facts"]["rejected"]:
            return []
        value = cents_of(order["total"]) * POINTS_PER_EURO // 100
        placed = datetime.fromisoformat(order["placedAt"])
        row = self.order_points.setdefault(order["id"], {"orderId": order["id"]})
        if order["facts"]["lifecycle"] != "COMPLETED":
            row["pending"] = points(value)
            return [_Step(placed, "ACCRUAL", "PENDING", value, order["id"])]
        row["earned"] = points(value)
        steps = [_Step(placed + timedelta(hours=12), "ACCRUAL", "POSTED", value, order["id"])]
        for back in self._returns_of.get(order["id"], ()):
            if back["status"] in REFUNDED:
                taken = min(cents_of(back["estimatedRefund"]) * POINTS_PER_EURO // 100, value)
                back["pointsReversed"] = points(taken)
                at = datetime.fromisoformat(back["createdAt"]) + timedelta(hours=13)
                steps.append(_Step(at, "REVERSAL", "POSTED", -taken, order["id"]))
        return steps

    def _redeem(self, id_: str, number: int, bought: list[Row], steps: list[_Step]) -> list[_Step]:
        """At most one redemption, of points that are there to the end, so that no balance is ever below zero."""
        spare = sum(step.amount for step in steps if step.status == "POSTED")
        state = "HELD" if number == 1 else _STATES[number % len(_STATES)]
        complete = [row for row in bought if row["facts"]["lifecycle"] == "COMPLETED"]
        if spare < 400 or not complete or (number > 1 and number % 5 == 0):
            return []
        value = 500 if number == 1 else math.floor(spare * (0.2 + 0.6 * self._rng.random()) / 100) * 100
        if value == 0:
            return []
        spent = state in ("CAPTURED", "REVERSED")
        order_id: str | None = complete[-1]["id"] if spent else None
        last = max(step.at for step in steps)
        at = self._day - timedelta(hours=1) if state == "HELD" else last + timedelta(minutes=5)
        redemption: Row = {
            "id": f"red-{len(self.redemptions) + 1:06d}",
            "membershipId": id_,
            "state": state,
            "points": points(value),
            "value": money(value * CENTS_PER_POINT),
            "basketReference": order_id or f"basket-{number:05d}",
            "expiresAt": instant(
                self._day + timedelta(days=2 + number % 5) if state == "HELD" else at + timedelta(days=1)
            ),
        }
        self.redemptions[redemption["id"]] = redemption
        if state == "CAPTURED" and order_id:
            self.order_points[order_id]["redeemed"] = points(value)
        after = [_Step(at, kind, "POSTED", sign * value, order_id) for kind, sign in _AFTER_HOLD[state]]
        return [_Step(at, "HOLD", "POSTED", -value), *after]

    def _even_out(self, number: int, steps: list[_Step]) -> list[_Step]:
        """Brings mem-00001 to its known balance: old points expire, or a goodwill adjustment is made."""
        missing = ANNAS_POINTS - sum(step.amount for step in steps if step.status == "POSTED")
        if number != 1 or missing == 0:
            return []
        return [_Step(self._day - timedelta(minutes=30), "ADJUSTMENT" if missing > 0 else "EXPIRY", "POSTED", missing)]

    def _entry(self, step: _Step) -> Row:
        self._entries += 1
        return {
            "id": f"led-{self._entries:07d}",
            "type": step.type,
            "status": step.status,
            "points": points(step.amount),
            "orderId": step.order_id,
            "occurredAt": instant(step.at),
        }
