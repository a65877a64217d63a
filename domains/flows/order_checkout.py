"""What a channel sends to have an order taken, and what it must not contradict itself in."""

from __future__ import annotations

import re
from decimal import Decimal

from domains.orders import OrderDraftLine
from domains.vocabulary import (
    CustomerId,
    IdempotencyKey,
    InvalidInput,
    Money,
    Record,
    RedemptionId,
    positive_quantity,
)

LINES_MAX = 100
EMAIL_MAX = 254  # RFC 5321, 4.5.3.1.3, less the angle brackets
PRICE_MAX = Decimal(10) ** 9
TEXT_MAX = 64

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class Checkout(Record, frozen=True, kw_only=True):
    """What is to be ordered, at the channel's own prices. `total` is what the shopper was shown: the sum of the lines.

    `customer_id` is whose order it is, None for a guest, who is reached by `email`. `reservation_id` is the OMS's own.
    """

    lines: tuple[OrderDraftLine, ...]
    total: Money
    channel: str
    idempotency_key: IdempotencyKey
    customer_id: CustomerId | None = None
    email: str | None = None
    postal_code: str | None = None
    reservation_id: str | None = None
    redemption_id: RedemptionId | None = None


def check(checkout: Checkout) -> None:
    """Raises InvalidInput, pointing at the place, for an order that contradicts itself."""
    if not 1 <= len(checkout.lines) <= LINES_MAX:
        raise InvalidInput(f"An order has 1 to {LINES_MAX} lines.", ("input", "lines"))
    currency = checkout.total.currency_code
    total = Money.zero(currency)
    for place, line in enumerate(checkout.lines):
        path = ("input", "lines", place)
        positive_quantity(line.quantity, *path, "quantity")
        _price(line.unit_price, currency, *path, "unitPrice")
        total += line_total(line)
    if checkout.total != total:
        raise InvalidInput(
            f"The lines add up to {total.amount} {currency}, and another total is sent.", ("input", "total")
        )
    if checkout.customer_id is None and checkout.email is None:
        raise InvalidInput("Say whose order it is: a customer's, or a guest's by an email address.", ("input", "email"))
    if checkout.customer_id is None and checkout.redemption_id is not None:
        raise InvalidInput("Only a customer has points to spend.", ("input", "redemptionId"))
    if checkout.email is not None and not (_EMAIL.fullmatch(checkout.email) and len(checkout.email) <= EMAIL_MAX):
        raise InvalidInput(f"This is not an email address of at most {EMAIL_MAX} characters.", ("input", "email"))
    for name, text in (("postalCode", checkout.postal_code), ("channel", checkout.channel)):
        if text is not None and not (0 < len(text) <= TEXT_MAX and text.isprintable()):
            raise InvalidInput(f"This has 1 to {TEXT_MAX} printable characters.", ("input", name))


def _price(price: Money, currency: str, *path: str | int) -> None:
    if price.currency_code != currency:
        raise InvalidInput(f"An order has one currency, and its total is in {currency}.", path)
    if not price.amount.is_finite() or not 0 <= price.amount <= PRICE_MAX:
        raise InvalidInput(f"A price is 0 to {PRICE_MAX}.", path)
    if price.rounded() != price:
        raise InvalidInput(f"A price in {currency} is a multiple of {price.minor_unit}.", path)


def line_total(line: OrderDraftLine) -> Money:
    """What all of a line costs, in whole minor units."""
    return (line.unit_price * line.quantity).rounded()
