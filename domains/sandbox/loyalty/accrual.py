"""Points earned by orders: noted when an order is taken, posted when it is complete, taken back by their share.

An order's accrual is one ledger entry, PENDING and then POSTED. What is taken back of a pending one lessens it; of a
posted one it is a REVERSAL entry of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from typing import NamedTuple

from domains.sandbox.chassis import Clock, Refused, misshapen, want_id, want_money, want_text
from domains.sandbox.loyalty.account import Account
from domains.sandbox.loyalty.earning import earned
from domains.sandbox.world import Row, World

ACCRUALS_MAX = 500_000
ZERO = Decimal(0)
_REFUNDED = frozenset({"REFUNDED", "CLOSED"})
_THE_WORLDS_OWN = ""  # stands for what was taken back before the service started; no reference is empty


class Reversal(NamedTuple):
    """What went back under one reference."""

    basis: Decimal
    points: Decimal


@dataclass
class Accrual:
    """What one order earned: `points` by `basis` in all, less what its `reversals` took."""

    account: Account
    entry: Row
    basis: Decimal
    currency_code: str
    points: Decimal
    reversals: dict[str, Reversal] = field(default_factory=dict)

    @property
    def left(self) -> Decimal:
        return self.points - sum((one.points for one in self.reversals.values()), ZERO)

    @property
    def back(self) -> Decimal:
        """The basis of all that came back."""
        return sum((one.basis for one in self.reversals.values()), ZERO)

    def share(self, basis: Decimal) -> Decimal:
        """The points that go back with goods of `basis`.

        They are counted over all that has come back so far and rounded down, less what went back already: so all
        shares together are never more than was earned, and exactly that once the whole basis is back.
        """
        back = self.back + basis
        due = self.points
        if back < self.basis:
            step = Decimal(1).scaleb(-self.account.currency["decimalPlaces"])
            due = (self.points * back / self.basis).quantize(step, ROUND_DOWN)
        return max(due - (self.points - self.left), ZERO)


class Accruals:
    """The accruals of all orders, those of the world included. `points` are OrderPoints rows by order."""

    def __init__(self, world: World, accounts: Mapping[str, Account], clock: Clock) -> None:
        self._world = world
        self._accounts = accounts
        self._clock = clock
        self._members = {row["customerId"]: id_ for id_, row in world.memberships.items()}
        self._accruals: dict[str, Accrual] = {}
        self.points: dict[str, Row] = dict(world.order_points)

    def accrue(self, body: Row, reference: str) -> Row:
        """Note what an order will earn. `reference` is the key of the write, here and below.

        Raises Refused 422, or 409 MEMBERSHIP_NOT_FOUND, ILLEGAL_TRANSITION when the order has an accrual.
        """
        membership_id, order_id = want_text(body, "membershipId"), want_id(body, "orderId")
        basis, currency_code = _basis(body)
        account = self._accounts.get(membership_id)
        if account is None:
            raise Refused(409, "MEMBERSHIP_NOT_FOUND", f"There is no membership {membership_id}.")
        known = self._find(order_id)
        if known is not None:
            raise _illegal(order_id, known.entry["status"])
        if len(self._accruals) >= ACCRUALS_MAX:
            raise Refused(503, "FULL", "The sandbox holds as many accruals as it may. Start it again.")
        points = earned(basis, currency_code, self._world.memberships[membership_id], account.currency)
        entry = account.expect(points, self._clock(), reference, order_id)
        self._accruals[order_id] = Accrual(account, entry, basis, currency_code, points)
        self._note(order_id, "pending", points)
        return entry

    def finalise(self, order_id: str, reference: str) -> Row:
        """Post what is left of a pending accrual. Raises Refused 409 ACCRUAL_NOT_FOUND or ILLEGAL_TRANSITION."""
        accrual = self._known(order_id)
        if accrual.entry["status"] != "PENDING":
            raise _illegal(order_id, accrual.entry["status"])
        accrual.account.revise(accrual.entry, accrual.left, "POSTED", reference)
        self._note(order_id, "pending", None)
        self._note(order_id, "earned", accrual.left)
        return accrual.entry

    def take_back(self, body: Row, reference: str) -> Row:
        """Take the share of `basis` back, once for each `reference` of the body.

        Raises Refused 422, or 409 ACCRUAL_NOT_FOUND, ILLEGAL_TRANSITION when that was done before.
        """
        order_id, why = want_id(body, "orderId"), _why(body)
        basis, currency_code = _basis(body)
        accrual = self._known(order_id)
        if currency_code != accrual.currency_code:
            raise misshapen(f"The accrual of order {order_id} is in {accrual.currency_code}.")
        if why in accrual.reversals:
            raise _illegal(order_id, "REVERSED")
        share = accrual.share(basis)
        accrual.reversals[why] = Reversal(basis, share)
        if accrual.entry["status"] != "POSTED":
            return self._revise(order_id, accrual, reference)
        return accrual.account.post("REVERSAL", -share, self._clock(), reference, order_id)

    def restore(self, body: Row, reference: str) -> Row:
        """Undo a `take_back` of the same order and reference. Raises Refused as that, when it was not done."""
        order_id, why = want_id(body, "orderId"), _why(body)
        accrual = self._known(order_id)
        if why not in accrual.reversals:
            raise Refused(409, "ILLEGAL_TRANSITION", f"Nothing of order {order_id} was taken back for {why}.")
        reversal = accrual.reversals.pop(why)
        if accrual.entry["status"] != "POSTED":
            return self._revise(order_id, accrual, reference)
        return accrual.account.post("REVERSAL", reversal.points, self._clock(), reference, order_id)

    def _revise(self, order_id: str, accrual: Accrual, reference: str) -> Row:
        """A pending accrual holds what is left; one of which all went back is REVERSED."""
        gone = bool(accrual.reversals) and accrual.back >= accrual.basis
        accrual.account.revise(accrual.entry, accrual.left, "REVERSED" if gone else "PENDING", reference)
        self._note(order_id, "pending", accrual.left)
        return accrual.entry

    def _note(self, order_id: str, member: str, points: Decimal | None) -> None:
        accrual = self._accruals[order_id]
        value = None if points is None else accrual.account.amount(points)
        self.points[order_id] = self.points.get(order_id, {"orderId": order_id}) | {member: value}

    def _known(self, order_id: str) -> Accrual:
        accrual = self._find(order_id)
        if accrual is None:
            raise Refused(409, "ACCRUAL_NOT_FOUND", f"Order {order_id} earned nothing.")
        return accrual

    def _find(self, order_id: str) -> Accrual | None:
        if order_id not in self._accruals:
            of_world = self._of_world(order_id)
            if of_world is None:
                return None
            self._accruals[order_id] = of_world
        return self._accruals[order_id]

    def _of_world(self, order_id: str) -> Accrual | None:
        """The accrual of an order that was there from the start, with what its returns took back already."""
        order = self._world.orders.get(order_id)
        membership_id = self._members.get(order["customerId"]) if order else None
        if order is None or membership_id is None:
            return None
        account = self._accounts[membership_id]
        entries = [entry for entry in account.entries if entry["orderId"] == order_id]
        entry = next((entry for entry in entries if entry["type"] == "ACCRUAL"), None)
        if entry is None:
            return None
        basis, points = Decimal(order["total"]["amount"]), Decimal(entry["points"]["value"])
        accrual = Accrual(account, entry, basis, order["total"]["currencyCode"], points)
        back = _refunded(row for row in self._world.returns.values() if row["orderId"] == order_id)
        if back:
            values = (Decimal(one["points"]["value"]) for one in entries if one["type"] == "REVERSAL")
            # A redemption that was given back is a REVERSAL too, and adds.
            taken = sum((-value for value in values if value < 0), ZERO)
            accrual.reversals[_THE_WORLDS_OWN] = Reversal(back, taken)
        return accrual


def _refunded(returns: Iterable[Row]) -> Decimal:
    rows = (row["estimatedRefund"] for row in returns if row["status"] in _REFUNDED)
    return sum((Decimal(refund["amount"]) for refund in rows), ZERO)


def _basis(body: Row) -> tuple[Decimal, str]:
    amount, currency_code = want_money(body, "basis")
    if amount < 0:
        raise misshapen("`basis` must not be below 0.")
    return amount, currency_code


def _why(body: Row) -> str:
    why = want_text(body, "reference")
    if not why:
        raise misshapen("`reference` must name what the goods come back for.")
    return why


def _illegal(order_id: str, state: str) -> Refused:
    return Refused(409, "ILLEGAL_TRANSITION", f"The accrual of order {order_id} is {state}.", state=state)
