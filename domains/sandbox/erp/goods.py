"""Returned goods taken in: what is restocked lies in the book stock again."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from domains.sandbox.chassis import misshapen, want_decimal, want_member, want_objects, want_text
from domains.sandbox.erp.feeds import BookStock, Feed
from domains.sandbox.world import Row

LINES_MAX = 100
DISPOSITIONS = frozenset({"RESTOCKED", "NOT_RESTOCKED", "PROCESSING_REQUIRED", "MISSING"})


class Line(NamedTuple):
    sku: str
    quantity: Decimal
    disposition: str


class Goods:
    """The book stock, as receipts change it. `positions` is its feed."""

    def __init__(self, stock: BookStock, positions: Feed) -> None:
        self._stock = stock
        self._positions = positions

    def read(self, body: Row, location: str | None) -> list[Line]:
        """The lines of a GoodsReceipt. Raises Refused 422, for unknown products and locations too."""
        lines = []
        for row in want_objects(body, "lines", LINES_MAX, least=1):
            line = Line(
                want_text(row, "sku"), want_decimal(row, "quantity"), want_member(row, "disposition", DISPOSITIONS)
            )
            if line.quantity <= 0:
                raise misshapen("`quantity` must be above 0.")
            if not self._stock.keeps(line.sku, location):
                raise misshapen(f"There is no {line.sku} at {location or 'any location'}.")
            lines.append(line)
        return lines

    def take_in(self, lines: list[Line], location: str | None) -> None:
        for line in lines:
            if line.disposition == "RESTOCKED":
                place = self._stock.put_back(line.sku, location, line.quantity)
                if place is not None:
                    self._positions.changed(place)
