"""Which lines of a sale may still come back, until when, and what that would refund."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import NamedTuple

from domains.returns.model import (
    NonReturnableReason,
    ReturnableLine,
    ReturnAuthorization,
    ReturnPolicy,
    Sale,
    SaleLine,
)
from domains.vocabulary import Money, Sku

WINDOW_DAYS_MAX = 36_500
"""A century. Vendors write "no limit" as 9999999 days, which no calendar reaches."""


class Refund(NamedTuple):
    """What some pieces of a line give back: `amount` after `fee`, which was taken from it."""

    amount: Money
    fee: Money


def returnable_lines(sale: Sale, policies: Mapping[Sku, ReturnPolicy], now: datetime) -> tuple[ReturnableLine, ...]:
    """The verdict on every line, in the order of the sale. A policy that is absent is unknown, so nothing is promised.

    A line whose window has closed still says `until` when it was open.
    """
    return tuple(_verdict(line, policies.get(line.sku), now) for line in sale.lines)


def refund_of(line: SaleLine, policy: ReturnPolicy, quantity: Decimal) -> Refund | None:
    """What returning `quantity` of the line would refund; None when that cannot be known.

    The part of the line's total that falls to `quantity`, less the restocking fee of every piece, never below zero.
    Cut, not rounded, to the minor unit: however many returns a line is spread over, in whatever order and with
    whatever of them canceled, together they never refund more than was paid. It depends on nothing that earlier
    returns change, so that a repeated request asks for the same return.
    """
    fee = policy.restocking_fee
    if line.total is None or line.ordered <= 0 or (fee and fee.currency_code != line.total.currency_code):
        return None
    share = min(Fraction(quantity) / Fraction(line.ordered), Fraction(1))
    part = max(Fraction(line.total.amount) * share, Fraction(0))
    charged = min(max(Fraction(fee.amount) * Fraction(quantity), Fraction(0)), part) if fee else Fraction(0)
    amount = _cut(part - charged, line.total)
    return Refund(amount=amount, fee=_cut(part, line.total) - amount if fee else Money.zero(amount.currency_code))


def worth_of(returned: ReturnAuthorization) -> Money | None:
    """What was paid for the goods of a return: its refund, and the fees that were taken off it. None when unknown."""
    if returned.estimated_refund is None:
        return None
    return sum((fee.amount for fee in returned.fees), start=returned.estimated_refund)


def _cut(amount: Fraction, like: Money) -> Money:
    """The whole minor units in `amount`. Fractions, because a Decimal quotient is itself rounded."""
    unit = like.minor_unit
    return Money(amount=floor(amount / Fraction(unit)) * unit, currency_code=like.currency_code)


def _verdict(line: SaleLine, policy: ReturnPolicy | None, now: datetime) -> ReturnableLine:
    quantity = max(line.fulfilled - line.returned - line.open_returns, Decimal(0))
    until = _until(line, policy)
    reason = _reason(line, policy, quantity, expired=until is not None and now > until)
    if reason is not None or policy is None:
        return ReturnableLine(line_id=line.id, sku=line.sku, quantity=Decimal(0), until=until, not_returnable=reason)
    refund = refund_of(line, policy, quantity)
    return ReturnableLine(
        line_id=line.id, sku=line.sku, quantity=quantity, until=until, estimated_refund=refund and refund.amount
    )


def _reason(
    line: SaleLine, policy: ReturnPolicy | None, quantity: Decimal, *, expired: bool
) -> NonReturnableReason | None:
    if line.fulfilled <= 0:
        return NonReturnableReason.UNFULFILLED
    if quantity == 0:
        return NonReturnableReason.ALREADY_RETURNED
    if policy is None:
        return NonReturnableReason.OTHER
    if policy.final_sale:
        return NonReturnableReason.FINAL_SALE
    return NonReturnableReason.RETURN_WINDOW_EXPIRED if expired else None


def _until(line: SaleLine, policy: ReturnPolicy | None) -> datetime | None:
    """The end of the window; None without a limit, and before delivery, when the window has not begun."""
    if policy is None or policy.window_days is None or line.delivered_at is None:
        return None
    if policy.window_days > WINDOW_DAYS_MAX:
        return None
    return line.delivered_at + timedelta(days=policy.window_days)
