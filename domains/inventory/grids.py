"""The questions that a page asks again and again: some products, each at some locations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import product
from operator import is_
from typing import Any

from domains.inventory.model import StockKey
from domains.inventory.promiser import Promiser
from domains.vocabulary import FreshnessTier, FulfillmentType, LocationId, Question, Reading, Row, Rows, Sku

POSITIONS_MAX = 20_000
"""Positions in the grids that are remembered: some 10 MB with what was read, 280 lists of 24 products at 3 places."""

# What StockKey itself does, but without a call of Python's for each: of 72 keys in 11 us instead of 20.
_key = partial(tuple.__new__, StockKey)


class Grid:
    """One question, and what was answered last."""

    __slots__ = ("_found", "_fulfillment", "_rows", "_width", "keys")

    def __init__(
        self, skus: Sequence[Sku], locations: Sequence[LocationId | None], fulfillment: FulfillmentType | None
    ) -> None:
        self.keys: Question[StockKey] = Question(map(_key, product(skus, locations)))
        """Product by product."""
        self._width = len(locations)
        self._fulfillment = fulfillment
        self._found: Sequence[Any] = ()
        self._rows: Rows | None = None

    def rows(self, found: Sequence[Any], promiser: Promiser) -> Rows | list[list[Any]]:
        """What may be promised, in a row for each product, when this was found under the keys; what is no reading stays
        as it is. Rows, and the very same as before, when all was fresh and found before.

        By identity, as the promiser has it: what equals it could still be written in another way.
        """
        if self._rows is not None and (found is self._found or all(map(is_, found, self._found))):
            return self._rows
        promised, width = promiser.of(found, self._fulfillment), self._width
        if all(type(one) is Reading and one.tier is FreshnessTier.FRESH for one in promised):
            self._found = found if type(found) is Row else tuple(found)
            self._rows = Rows.of(promised, width)
            return self._rows
        return [promised[place : place + width] for place in range(0, len(promised), width)]


class Grids:
    """The grids that were asked for. All of them are forgotten when they are too many."""

    def __init__(self, positions_max: int = POSITIONS_MAX) -> None:
        self._positions_max = positions_max
        self._positions = 0
        self._known: dict[Any, Grid] = {}

    def of(
        self, skus: Sequence[Sku], locations: Sequence[LocationId | None], fulfillment: FulfillmentType | None
    ) -> Grid:
        """The grid of these, at least one of each."""
        name = (*skus, None, *locations, fulfillment)  # no SKU is None, so nothing else has this name
        grid = self._known.get(name)
        if grid is None:
            grid = Grid(skus, locations, fulfillment)
            self._positions += len(grid.keys)
            if self._positions > self._positions_max:
                self._known.clear()
                self._positions = len(grid.keys)
            self._known[name] = grid
        return grid
