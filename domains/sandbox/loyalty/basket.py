"""The basket of a promotion or earning question, read strictly."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from domains.sandbox.chassis import maybe_text, misshapen, want_decimal, want_money, want_objects, want_text, want_texts

LINES_MAX = 500
CODES_MAX = 20
LINE_TOTAL_MAX = Decimal(10**12)
"""Keeps every sum within the 28 digits that decimal arithmetic is exact in."""


@dataclass(frozen=True)
class Line:
    sku: str
    quantity: Decimal
    unit_price: Decimal

    @property
    def total(self) -> Decimal:
        return self.quantity * self.unit_price


@dataclass(frozen=True)
class Basket:
    """Amounts are in `currency_code`, major units."""

    currency_code: str
    lines: tuple[Line, ...]
    customer_id: str | None
    codes: tuple[str, ...]
    channel: str | None

    @property
    def total(self) -> Decimal:
        return sum((line.total for line in self.lines), Decimal(0))


def read_basket(body: dict[str, Any]) -> Basket:
    """The Basket object `body`. Raises Refused 422 when it is not one, or mixes currencies."""
    currency_code = want_text(body, "currencyCode")
    lines = []
    for row in want_objects(body, "lines", LINES_MAX):
        unit_price, priced_in = want_money(row, "unitPrice")
        quantity = want_decimal(row, "quantity")
        if priced_in != currency_code:
            raise misshapen(f"A line is priced in {priced_in}, the basket in {currency_code}.")
        if quantity <= 0 or unit_price < 0:
            raise misshapen("A line's quantity must be above 0 and its `unitPrice` not below.")
        line = Line(want_text(row, "sku"), quantity, unit_price)
        if line.total > LINE_TOTAL_MAX:
            raise misshapen(f"A line's total must be at most {LINE_TOTAL_MAX}.")
        lines.append(line)
    codes = want_texts(body, "codes", CODES_MAX) if "codes" in body else []
    return Basket(
        currency_code, tuple(lines), maybe_text(body, "customerId"), tuple(codes), maybe_text(body, "channel")
    )
