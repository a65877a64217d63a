"""The words of the contract that the OMS accepts, and how it writes quantities and moments."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from domains.sandbox.chassis import misshapen, want_decimal
from domains.sandbox.world import Row, instant

RESERVATION_KINDS = frozenset({"SOFT", "HARD"})
ORDER_STATUSES = frozenset({
    "CREATED", "CONFIRMED", "MANUAL_REVIEW", "ON_HOLD", "PROCESSING", "SHIPPED", "COMPLETED", "CANCELED", "UNKNOWN",
})  # fmt: skip
RETURN_REASONS = frozenset({
    "COLOR", "DEFECTIVE", "NOT_AS_DESCRIBED", "SIZE_TOO_LARGE", "SIZE_TOO_SMALL", "STYLE", "UNWANTED", "WRONG_ITEM",
    "OTHER",
})  # fmt: skip
RETURN_METHODS = frozenset({"RETURN_BY_MAIL", "RETURN_IN_STORE", "RETURN_AT_KIOSK", "KEEP_PRODUCT"})
REFUND_TYPES = frozenset({"FULL_REFUND", "EXCHANGE_REFUND", "STORE_CREDIT_REFUND"})
DISPOSITIONS = frozenset({"RESTOCKED", "NOT_RESTOCKED", "PROCESSING_REQUIRED", "MISSING"})

ZERO = Decimal(0)


def text_of(quantity: Decimal) -> str:
    """A quantity as the contract writes it: no exponent, no zeros at the end."""
    return format(quantity.normalize(), "f")


def want_quantity(body: Row, name: str = "quantity") -> Decimal:
    """A quantity above zero with at most three decimals. Raises Refused 422 otherwise."""
    quantity = want_decimal(body, name)
    if quantity <= 0 or quantity != round(quantity, 3):
        raise misshapen(f"`{name}` must be above 0 and have at most 3 decimals.")
    return quantity


def written(moment: datetime) -> str:
    """The moment to the second in UTC, the one form of the world: such texts sort by time."""
    return instant(moment.astimezone(UTC))


def number_of(value: Any) -> Decimal | None:
    """The decimal of a member, None when it is absent."""
    return None if value is None else Decimal(value)
