"""Stock: positions per shelf and for the network, and what holds do to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from domains.sandbox.chassis import Refused, Tell, untold
from domains.sandbox.oms.words import ZERO, number_of, text_of
from domains.sandbox.world import Row, World

_SUMMED = ("onHand", "reserved", "safetyStock", "incoming", "availableToPromise")


class Need(NamedTuple):
    """What is wanted. Without a location it may come from any location that ships."""

    sku: str
    location_id: str | None
    quantity: Decimal


class Hold(NamedTuple):
    """Stock set aside on one shelf. `chosen` tells whether the caller named the location."""

    sku: str
    location_id: str
    quantity: Decimal
    chosen: bool


class Stock:
    """The shelves of one world. Nothing here waits, so a check and its change are one step."""

    def __init__(self, world: World, tell: Tell = untold) -> None:
        self._rows = world.stock
        self._tell = tell
        self._shipping = sorted(
            (id_ for id_, row in world.locations.items() if row["ships"]),
            key=lambda id_: (world.locations[id_]["type"] != "WAREHOUSE", id_),
        )

    def position(self, sku: str, location_id: str | None) -> Row | None:
        """The StockPosition row of a shelf or, without a location, the sum over all locations that ship."""
        if location_id is not None:
            return self._rows.get((sku, location_id))
        rows = [row for id_ in self._shipping if (row := self._rows.get((sku, id_)))]
        return _sum(sku, rows) if rows else None

    def plan(self, needs: Sequence[Need]) -> list[Hold]:
        """Where everything needed will come from, in the order of the needs; nothing is held yet.

        A need without a location takes from distribution centres first, and may take from several. Needs that name a
        location go first, so that the others do not take their shelf.
        Raises Refused 409 INSUFFICIENT_STOCK when any need cannot be met in full.
        """
        taken: dict[tuple[str, str], Decimal] = {}
        holds: dict[int, list[Hold]] = {}
        for place in sorted(range(len(needs)), key=lambda place: needs[place].location_id is None):
            need = needs[place]
            holds[place] = self._take(need, taken)
        return [hold for place in range(len(needs)) for hold in holds[place]]

    def hold(self, holds: Iterable[Hold]) -> None:
        for hold in holds:
            self._shift(hold.sku, hold.location_id, reserved=hold.quantity)

    def let_go(self, holds: Iterable[Hold]) -> None:
        for hold in holds:
            self._shift(hold.sku, hold.location_id, reserved=-hold.quantity)

    def leave(self, holds: Iterable[Hold]) -> None:
        """What was held has left the building."""
        for hold in holds:
            self._shift(hold.sku, hold.location_id, reserved=-hold.quantity, on_hand=-hold.quantity)

    def restock(self, sku: str, location_id: str | None, quantity: Decimal) -> None:
        """Put goods back on the shelf at `location_id`, or at the first centre where it has none."""
        here = location_id is not None and (sku, location_id) in self._rows
        self._shift(sku, location_id if here and location_id else self._shipping[0], on_hand=quantity)

    def _take(self, need: Need, taken: dict[tuple[str, str], Decimal]) -> list[Hold]:
        sources = self._shipping if need.location_id is None else [need.location_id]
        missing, holds = need.quantity, []
        for source in sources:
            shelf = (need.sku, source)
            part = min(self._free(shelf) - taken.get(shelf, ZERO), missing)
            if part > 0:
                taken[shelf] = taken.get(shelf, ZERO) + part
                holds.append(Hold(need.sku, source, part, need.location_id is not None))
                missing -= part
        if missing > 0:
            raise Refused(
                409, "INSUFFICIENT_STOCK", f"Not enough of {need.sku} for {text_of(need.quantity)} of it.",
                sku=need.sku, available=text_of(need.quantity - missing),
            )  # fmt: skip
        return holds

    def _free(self, shelf: tuple[str, str]) -> Decimal:
        """What may be promised; nothing where the figure is unknown."""
        row = self._rows.get(shelf)
        return ZERO if row is None else number_of(row.get("availableToPromise")) or ZERO

    def _shift(self, sku: str, location_id: str, *, reserved: Decimal = ZERO, on_hand: Decimal = ZERO) -> None:
        row = self._rows.get((sku, location_id))
        if row is None or "onHand" not in row:
            return  # a shelf whose numbers are unknown stays unknown
        row["reserved"] = text_of(Decimal(row["reserved"]) + reserved)
        row["onHand"] = text_of(Decimal(row["onHand"]) + on_hand)
        free = Decimal(row["onHand"]) - Decimal(row["reserved"]) - Decimal(row["safetyStock"])
        row["availableToPromise"] = text_of(max(free, ZERO))
        self._tell("oms.stock.changed", f"{sku}/{location_id}", row)


def _sum(sku: str, rows: list[Row]) -> Row:
    """One row for the network. A figure that no location knows stays absent; it is discontinued if it is everywhere."""
    total: Row = {
        "sku": sku,
        "locationId": None,
        "semantics": "AVAILABLE_TO_PROMISE",
        "discontinued": all(row["discontinued"] for row in rows),
    }
    for member in _SUMMED:
        figures = [Decimal(row[member]) for row in rows if row.get(member) is not None]
        if figures:
            total[member] = text_of(sum(figures, ZERO))
    promised: dict[str, Decimal] = {}
    for row in rows:
        for promise in row.get("promises", ()):
            promised[promise["date"]] = promised.get(promise["date"], ZERO) + Decimal(promise["quantity"])
    if promised:
        total["promises"] = [{"date": date, "quantity": text_of(promised[date])} for date in sorted(promised)]
        total["expectedAt"] = min(row["expectedAt"] for row in rows if row.get("expectedAt"))
    return total
