"""Redemptions: points held for a basket, then spent, given back, or given back by time.

HELD may become CAPTURED, VOIDED or EXPIRED, and CAPTURED may become REVERSED; all else is final. Nothing here awaits,
so each change is whole.
"""

import heapq
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from domains.sandbox.chassis import (
    Clock,
    Refused,
    instant,
    maybe_text,
    misshapen,
    want_decimal,
    want_int,
    want_object,
    want_text,
)
from domains.sandbox.loyalty.account import Account
from domains.sandbox.world import CENTS_PER_POINT, Row
from domains.sandbox.world.rows import CURRENCY

REDEMPTIONS_MAX = 200_000
TTL_MAX_S = 604_800
TTL_USUAL_S = 900


class Redemptions:
    """All redemptions, over the accounts they draw on. Every method first ends the holds whose time is up."""

    def __init__(self, accounts: Mapping[str, Account], rows: Iterable[Row], clock: Clock) -> None:
        self._accounts = accounts
        self._clock = clock
        self._rows: dict[str, Row] = {}
        self._of_member: dict[str, list[str]] = {}
        self._due: list[tuple[datetime, str]] = []
        for row in rows:
            self._add(dict(row))

    def hold(self, body: Row, reference: str) -> Row:
        """Set points aside. `reference` is the key of the write, here and below. Raises Refused 409
        MEMBERSHIP_NOT_FOUND or INSUFFICIENT_POINTS (with `available`)."""
        now = self.settle()
        ttl_s = want_int({"ttlS": TTL_USUAL_S, **body}, "ttlS", 1, TTL_MAX_S)
        membership_id = want_text(body, "membershipId")
        basket_reference = maybe_text(body, "basketReference")
        points_row = want_object(body, "points")
        points = want_decimal(points_row, "value")
        currency_code = want_text(want_object(points_row, "currency"), "code")
        account = self._accounts.get(membership_id)
        if account is None:
            raise Refused(409, "MEMBERSHIP_NOT_FOUND", f"There is no membership {membership_id}.")
        check_points(account, points, currency_code)
        if points > account.available:
            available = format(account.available, "f")
            raise Refused(409, "INSUFFICIENT_POINTS", f"{available} points are available.", available=available)
        if len(self._rows) >= REDEMPTIONS_MAX:
            raise Refused(503, "FULL", "The sandbox holds as many redemptions as it may. Start it again.")
        account.hold(points, now, reference)
        return self._add(
            {
                "id": self._next_id(),
                "membershipId": membership_id,
                "state": "HELD",
                "points": account.amount(points),
                "value": {"amount": format(points * CENTS_PER_POINT / 100, ".2f"), "currencyCode": CURRENCY},
                "basketReference": basket_reference,
                "expiresAt": instant(now + timedelta(seconds=ttl_s)),
                "reference": reference,
            }
        )

    def capture(self, redemption_id: str, reference: str) -> Row:
        """Spend held points. Raises Refused 409 REDEMPTION_NOT_FOUND or ILLEGAL_TRANSITION."""
        now = self.settle()
        row, account, points = self._in("HELD", redemption_id)
        account.spend(points, now, reference)
        row["state"] = "CAPTURED"
        return row

    def void(self, redemption_id: str, reference: str) -> Row:
        """Give held points back. Raises Refused 409 REDEMPTION_NOT_FOUND or ILLEGAL_TRANSITION."""
        now = self.settle()
        row, account, points = self._in("HELD", redemption_id)
        account.release(points, now, reference)
        row["state"] = "VOIDED"
        return row

    def reverse(self, redemption_id: str, reference: str) -> Row:
        """Give spent points back. Raises Refused 409 REDEMPTION_NOT_FOUND or ILLEGAL_TRANSITION."""
        now = self.settle()
        row, account, points = self._in("CAPTURED", redemption_id)
        account.post("REVERSAL", points, now, reference, None)
        row["state"] = "REVERSED"
        return row

    def settle(self) -> datetime:
        """Give back what is held past its time, as of the moment it ran out. Answers the present."""
        now = self._clock()
        while self._due and self._due[0][0] <= now:
            at, redemption_id = heapq.heappop(self._due)
            row = self._rows[redemption_id]
            if row["state"] == "HELD":
                self._accounts[row["membershipId"]].release(Decimal(row["points"]["value"]), at)
                row["state"] = "EXPIRED"
        return now

    def get(self, redemption_id: str) -> Row | None:
        self.settle()
        return self._rows.get(redemption_id)

    def newest_first(self, membership_id: str, state: str | None) -> list[Row]:
        self.settle()
        rows = (self._rows[id_] for id_ in reversed(self._of_member.get(membership_id, [])))
        return [row for row in rows if state is None or row["state"] == state]

    def _in(self, state: str, redemption_id: str) -> tuple[Row, Account, Decimal]:
        row = self._rows.get(redemption_id)
        if row is None:
            raise Refused(409, "REDEMPTION_NOT_FOUND", f"There is no redemption {redemption_id}.")
        if row["state"] != state:
            raise Refused(409, "ILLEGAL_TRANSITION", f"The redemption is {row['state']}.", state=row["state"])
        return row, self._accounts[row["membershipId"]], Decimal(row["points"]["value"])

    def _add(self, row: Row) -> Row:
        self._rows[row["id"]] = row
        self._of_member.setdefault(row["membershipId"], []).append(row["id"])
        if row["state"] == "HELD" and row.get("expiresAt"):
            heapq.heappush(self._due, (datetime.fromisoformat(row["expiresAt"]), row["id"]))
        return row

    def _next_id(self) -> str:
        number = len(self._rows) + 1
        while f"red-{number:06d}" in self._rows:
            number += 1
        return f"red-{number:06d}"


def check_points(account: Account, points: Decimal, currency_code: str) -> None:
    """Raises Refused 422 for points that no member of `account` could hold or spend."""
    currency = account.currency
    places = currency.get("decimalPlaces", 0)
    if currency_code != currency["code"]:
        raise misshapen(f"This membership keeps {currency['code']}, not {currency_code}.")
    if points <= 0 or points != points.quantize(Decimal(1).scaleb(-places)):
        raise misshapen(f"Points must be above 0, with at most {places} decimals.")
