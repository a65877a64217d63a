"""The points accounts of members: what is available, held and pending, and the ledger that accounts for it.

Two sums hold at any moment, over the POSTED entries of an account: all of them give `available`; all but HOLD and
RELEASE give `available + held`. A hold is a HOLD entry (negative), its end a RELEASE entry (positive), and spent
points are a REDEMPTION entry (negative) beside the RELEASE of their hold.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from domains.sandbox.chassis import instant
from domains.sandbox.world import Row, World

EXPIRE_AFTER = timedelta(days=365)
FORESEEN = timedelta(days=90)
"""How far ahead a balance names the points that will expire."""


@dataclass
class Account:
    """One member's points. `entries` are ledger rows, oldest first."""

    membership_id: str
    currency: Row
    available: Decimal
    held: Decimal
    pending: Decimal
    entries: list[Row]

    def hold(self, points: Decimal, at: datetime) -> None:
        """Move `points` from available to held. The caller has checked that they are there."""
        self.available -= points
        self.held += points
        self._enter("HOLD", -points, at)

    def release(self, points: Decimal, at: datetime) -> None:
        """Move held `points` back to available."""
        self.available += points
        self.held -= points
        self._enter("RELEASE", points, at)

    def spend(self, points: Decimal, at: datetime) -> None:
        """Take held `points` away for good."""
        self.release(points, at)
        self.available -= points
        self._enter("REDEMPTION", -points, at)

    def amount(self, points: Decimal) -> Row:
        """`points` as a PointsAmount row."""
        return {"value": format(points, "f"), "currency": self.currency}

    def balance(self, today: date) -> Row:
        """The LoyaltyBalance row."""
        return {
            "membershipId": self.membership_id,
            "available": self.amount(self.available),
            "held": self.amount(self.held),
            "pending": self.amount(self.pending),
            "expiring": self._expiring(today),
        }

    def _expiring(self, today: date) -> list[Row]:
        """What will expire soon, if nothing is spent until then: points are spent oldest first."""
        gained = [
            (date.fromisoformat(row["occurredAt"][:10]), Decimal(row["points"]["value"]))
            for row in self.entries
            if row["status"] == "POSTED" and row["type"] in ("ACCRUAL", "ADJUSTMENT")
        ]
        gone = sum((points for _, points in gained), Decimal(0)) - self.available
        rows = []
        for day, points in gained:
            left = max(points - max(gone, Decimal(0)), Decimal(0))
            gone -= points
            at = day + EXPIRE_AFTER
            if left > 0 and today <= at <= today + FORESEEN:
                rows.append({"points": self.amount(left), "at": at.isoformat()})
        return rows

    def newest_first(self) -> list[Row]:
        return self.entries[::-1]

    def _enter(self, type_: str, points: Decimal, at: datetime) -> None:
        self.entries.append(
            {
                "id": f"{self.membership_id}-e{len(self.entries) + 1:05d}",
                "type": type_,
                "status": "POSTED",
                "points": self.amount(points),
                "orderId": None,
                "occurredAt": instant(at),
            }
        )


def open_accounts(world: World) -> dict[str, Account]:
    """The accounts of all members of `world`, by membership id."""
    held: dict[str, Decimal] = {}
    for row in world.redemptions.values():
        if row["state"] == "HELD":
            held[row["membershipId"]] = held.get(row["membershipId"], Decimal(0)) + Decimal(row["points"]["value"])
    return {
        id_: Account(
            membership_id=id_,
            currency=world.program["currencies"][0],
            available=_sum(world.ledger[id_], "POSTED"),
            held=held.get(id_, Decimal(0)),
            pending=_sum(world.ledger[id_], "PENDING"),
            entries=list(world.ledger[id_]),
        )
        for id_ in world.memberships
    }


def _sum(entries: Iterable[Row], status: str) -> Decimal:
    return sum((Decimal(row["points"]["value"]) for row in entries if row["status"] == status), Decimal(0))
