"""Everything the ERP keeps of a kind, page by page, with a sequence per entity; and the knobs that change it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple, Protocol

from domains.sandbox.chassis import (
    Clock,
    Refused,
    instant,
    maybe_text,
    misshapen,
    want_decimal,
    want_instant,
    want_int,
    want_money,
    want_text,
)
from domains.sandbox.world import Row, World

PAGE_MAX = 1000


class Entities(Protocol):
    """What a feed walks through, in a fixed order."""

    def __len__(self) -> int: ...

    def row(self, place: int) -> Row: ...


class Table:
    """The rows of one table of the world."""

    def __init__(self, rows: dict[str, Row]) -> None:
        self._rows = rows
        self._keys = list(rows)
        self.places = {key: place for place, key in enumerate(rows)}

    def __len__(self) -> int:
        return len(self._keys)

    def row(self, place: int) -> Row:
        return self._rows[self._keys[place]]


_BOOKED = ("onHand", "reserved", "safetyStock", "discontinued")
_NOTHING: Row = {"onHand": "0", "reserved": "0", "safetyStock": "0", "discontinued": False}


class BookStock:
    """A position for every product at every location: what the books say lies there and is committed to open orders,
    and nothing of what is promised.

    Where nothing is kept the books say nothing is there. The pieces of a shelf that nobody counted stay unknown.
    """

    def __init__(self, world: World) -> None:
        self._stock = world.stock
        self._skus, self._locations = list(world.products), list(world.locations)
        self._sku_places = {sku: place for place, sku in enumerate(self._skus)}
        self._location_places = {id_: place for place, id_ in enumerate(self._locations)}
        self._counted: dict[int, str] = {}
        self._centre = next((id_ for id_, row in world.locations.items() if row["type"] == "WAREHOUSE"), None)

    def __len__(self) -> int:
        return len(self._skus) * len(self._locations)

    def row(self, place: int) -> Row:
        sku, location = self._skus[place // len(self._locations)], self._locations[place % len(self._locations)]
        shelf = self._stock.get((sku, location), _NOTHING)
        row = {"sku": sku, "locationId": location, "semantics": "ON_HAND"}
        row |= {member: shelf[member] for member in _BOOKED if member in shelf}
        if place in self._counted:
            row["onHand"] = self._counted[place]
        return row

    def count(self, sku: str, location: str, on_hand: str) -> int:
        """Write a new count into the books. Answers the place of the position. Raises Refused 404."""
        if not self.keeps(sku, location):
            raise Refused(404, "POSITION_NOT_FOUND", f"There is no {sku} at {location}.")
        place = self._place(sku, location)
        self._counted[place] = on_hand
        return place

    def keeps(self, sku: str, location: str | None) -> bool:
        """Whether there is such a product and such a location, if one is named."""
        return sku in self._sku_places and (location is None or location in self._location_places)

    def put_back(self, sku: str, location: str | None, quantity: Decimal) -> int | None:
        """Add goods where they came in, or at the first centre where that place has no shelf for them.

        Answers the place of the position, None when its pieces are not counted.
        """
        here = location is not None and (sku, location) in self._stock
        shelf = location if here else self._centre
        if shelf is None:
            return None
        place = self._place(sku, shelf)
        on_hand = self.row(place).get("onHand")
        if on_hand is None:
            return None
        self._counted[place] = format(Decimal(on_hand) + quantity, "f")
        return place

    def _place(self, sku: str, location: str) -> int:
        return self._sku_places[sku] * len(self._locations) + self._location_places[location]


class _Change(NamedTuple):
    sequence: int
    at: datetime


def _unnoted(_row: Row, _sequence: int) -> None:
    """Nobody wants to know."""


class Feed:
    """One kind of entity, walked in pages. `note` is given every changed row with its new sequence.

    Sequences begin at the moment the service started, in milliseconds, and that moment changed everything: a service
    that was started again, with its world as in the beginning, is news to whoever read it before.
    """

    def __init__(self, entities: Entities, clock: Clock, note: Callable[[Row, int], None] = _unnoted) -> None:
        self._entities = entities
        self._clock = clock
        self._note = note
        now = clock()
        self._start = _Change(int(now.timestamp() * 1000), now)
        self._changes: dict[int, _Change] = {}

    async def page(self, body: Row, _: dict[str, str]) -> Row:
        """Answers a FeedAsk. A cursor is the place in the order where the next page begins."""
        limit = want_int({"limit": PAGE_MAX} | body, "limit", 1, PAGE_MAX)
        begin, since, now = _cursor(body), _moment(body, "changedSince"), self._clock()
        places: Iterable[int] = range(begin, len(self._entities))
        total = len(self._entities)
        if since is not None and since > self._start.at:
            changed = [place for place, change in self._changes.items() if change.at >= since]
            places, total = sorted(place for place in changed if place >= begin), len(changed)
        chosen = list(islice(places, limit + 1))
        return {
            "items": [self._item(place) for place in chosen[:limit]],
            "next": str(chosen[limit]) if len(chosen) > limit else None,
            "total": total,
            "asOf": instant(now),
        }

    def changed(self, place: int) -> Row:
        """Note that the entity at `place` was changed just now."""
        sequence = self._changes.get(place, self._start).sequence + 1
        self._changes[place] = _Change(sequence, self._clock())
        self._note(self._entities.row(place), sequence)
        return {"sequence": sequence}

    def _item(self, place: int) -> Row:
        change = self._changes.get(place, self._start)
        return {"sequence": change.sequence, "record": self._entities.row(place)}


class Knobs:
    """The two things that a test or a demonstration may change in the ERP's books."""

    def __init__(self, world: World, products: Feed, table: Table, positions: Feed, stock: BookStock) -> None:
        self._world = world
        self._products = products
        self._table = table
        self._positions = positions
        self._stock = stock

    async def count(self, body: Row, _: dict[str, str]) -> Row:
        """`{sku, locationId, onHand}`: the pieces that lie there now. Answers the new `sequence`."""
        on_hand = format(want_decimal(body, "onHand"), "f")
        place = self._stock.count(want_text(body, "sku"), want_text(body, "locationId"), on_hand)
        return self._positions.changed(place)

    async def price(self, body: Row, _: dict[str, str]) -> Row:
        """`{sku, listPrice}`: what it costs now. Answers the new `sequence`."""
        sku = want_text(body, "sku")
        if sku not in self._world.products:
            raise Refused(404, "PRODUCT_NOT_FOUND", f"There is no {sku}.")
        amount, currency_code = want_money(body, "listPrice")
        self._world.products[sku]["listPrice"] = {"amount": format(amount, "f"), "currencyCode": currency_code}
        return self._products.changed(self._table.places[sku])


def _cursor(body: Row) -> int:
    text = maybe_text(body, "after") or "0"
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise misshapen("`after` must be the `next` of an earlier page.")
    return int(text)


def _moment(body: dict[str, Any], name: str) -> datetime | None:
    return None if body.get(name) is None else want_instant(body, name)
