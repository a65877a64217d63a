"""Debits and credits: how points are spent by who holds them elsewhere. What is available decides."""

from collections.abc import Mapping
from decimal import Decimal

from domains.sandbox.chassis import Refused, maybe_id, want_decimal, want_object, want_text
from domains.sandbox.loyalty.account import Account
from domains.sandbox.loyalty.redemption import Redemptions, check_points
from domains.sandbox.world import Row


class Movements:
    """Entries of one posted amount each. Both methods first end the redemptions whose time is up."""

    def __init__(self, accounts: Mapping[str, Account], redemptions: Redemptions) -> None:
        self._accounts = accounts
        self._redemptions = redemptions

    def debit(self, body: Row, reference: str) -> Row:
        """Take points. `reference` is the key of the write, here and below. Raises Refused 422, or 409
        MEMBERSHIP_NOT_FOUND or INSUFFICIENT_POINTS (with `available`)."""
        now = self._redemptions.settle()
        account, points = self._asked(body)
        if points > account.available:
            available = format(account.available, "f")
            raise Refused(409, "INSUFFICIENT_POINTS", f"{available} points are available.", available=available)
        return account.post("REDEMPTION", -points, now, reference, maybe_id(body, "orderId"))

    def credit(self, body: Row, reference: str) -> Row:
        """Give points back. Raises Refused 422, or 409 MEMBERSHIP_NOT_FOUND."""
        now = self._redemptions.settle()
        account, points = self._asked(body)
        return account.post("REVERSAL", points, now, reference, maybe_id(body, "orderId"))

    def _asked(self, body: Row) -> tuple[Account, Decimal]:
        want_text(body, "reference")
        membership_id = want_text(body, "membershipId")
        points_row = want_object(body, "points")
        points = want_decimal(points_row, "value")
        account = self._accounts.get(membership_id)
        if account is None:
            raise Refused(409, "MEMBERSHIP_NOT_FOUND", f"There is no membership {membership_id}.")
        check_points(account, points, want_text(want_object(points_row, "currency"), "code"))
        return account, points
