"""The points accounts of members: what is available, held and pending, and the ledger that accounts for it.

Two sums hold at any moment, over the POSTED entries of an account: all of them give `available`; all but HOLD and
RELEASE give `available + held`. A hold is a HOLD entry (negative), its end a RELEASE entry (positive), and spent
points are a REDEMPTION entry (negative) beside the RELEASE of their hold.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from domains.sandbox.chassis import instant
from domains.sandbox.world import Row, World

EXPIRE_AFTER = timedelta(days=365)
FORESEEN = timedelta(days=90)
"""How far ahead a balance names the points that will expire."""


@dataclass
class Account:
    """One member's points. `entries` are ledger rows, oldest first; `written` finds them by the key of their write.

    `reference` is that key everywhere here, None for what nobody asked for. `changed` is told after each change.
    """

    membership_id: str
    currency: Row
    available: Decimal
    held: Decimal
    pending: Decimal
    entries: list[Row]
    written: dict[str, Row] = field(default_factory=dict, repr=False)
    changed: Callable[["Account"], None] = field(default=lambda _: None, repr=False)

    def hold(self, points: Decimal, at: datetime, reference: str | None = None) -> None:
        """Move `points` from available to held. The caller has checked that they are there."""
        self.available -= points
        self.held += points
        self._enter("HOLD", -points, at, reference)
        self.changed(self)

    def release(self, points: Decimal, at: datetime, reference: str | None = None) -> None:
        """Move held `points` back to available."""
        self._release(points, at, reference)
        self.changed(self)

    def spend(self, points: Decimal, at: datetime, reference: str | None = None) -> None:
        """Take held `points` away for good."""
        self._release(points, at, reference)
        self.available -= points
        self._enter("REDEMPTION", -points, at, reference)
        self.changed(self)

    def post(self, type_: str, points: Decimal, at: datetime, reference: str | None, order_id: str | None) -> Row:
        """Add `points`, signed, to what is available. Answers the entry. It may leave less than nothing: points that
        are taken back may be spent."""
        self.available += points
        entry = self._enter(type_, points, at, reference, order_id)
        self.changed(self)
        return entry

    def expect(self, points: Decimal, at: datetime, reference: str, order_id: str) -> Row:
        """Note `points` that are earned and not yet posted. Answers the entry."""
        self.pending += points
        entry = self._enter("ACCRUAL", points, at, reference, order_id) | {"status": "PENDING"}
        self.entries[-1] = self.written[reference] = entry
        self.changed(self)
        return entry

    def revise(self, entry: Row, points: Decimal, status: str, reference: str) -> None:
        """Give an entry that is not posted yet other points, or another status."""
        if entry["status"] == "PENDING":
            self.pending -= Decimal(entry["points"]["value"])
        entry |= {"points": self.amount(points), "status": status}
        if status == "PENDING":
            self.pending += points
        elif status == "POSTED":
            self.available += points
        self.written[reference] = entry
        self.changed(self)

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

    def _release(self, points: Decimal, at: datetime, reference: str | None) -> None:
        self.available += points
        self.held -= points
        self._enter("RELEASE", points, at, reference)

    def _enter(
        self, type_: str, points: Decimal, at: datetime, reference: str | None, order_id: str | None = None
    ) -> Row:
        entry = {
            "id": f"{self.membership_id}-e{len(self.entries) + 1:05d}",
            "type": type_,
            "status": "POSTED",
            "points": self.amount(points),
            "orderId": order_id,
            "reference": reference,
            "occurredAt": instant(at),
        }
        self.entries.append(entry)
        if reference is not None:
            self.written[reference] = entry
        return entry


def open_accounts(world: World, written: dict[str, Row], changed: Callable[[Account], None]) -> dict[str, Account]:
    """The accounts of all members of `world`, by membership id. `written` is filled by all of them."""
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
            entries=[dict(entry) for entry in world.ledger[id_]],
            written=written,
            changed=changed,
        )
        for id_ in world.memberships
    }


def _sum(entries: Iterable[Row], status: str) -> Decimal:
    return sum((Decimal(row["points"]["value"]) for row in entries if row["status"] == status), Decimal(0))
