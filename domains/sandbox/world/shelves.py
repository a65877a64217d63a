"""Stock: what lies where, what open orders have reserved of it, and what is on its way."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import datetime, timedelta

from domains.sandbox.world.catalogue import SHOWCASE, sku_of
from domains.sandbox.world.rows import Row, instant, stream

DISCONTINUED, AWAITED, UNCOUNTED = sku_of(SHOWCASE + 1), sku_of(SHOWCASE + 2), sku_of(SHOWCASE + 3)
"""Sold out for good; sold out with a delivery promised; and one whose numbers the system does not know."""

_OPEN = frozenset({"PENDING", "PROCESSING", "READY_FOR_PICKUP"})

Shelf = tuple[str, str]
"""A sku and a location id."""


def build_stock(
    seed: int, day: datetime, products: dict[str, Row], locations: dict[str, Row], orders: dict[str, Row]
) -> dict[Shelf, Row]:
    """StockPosition rows by (sku, location id): every centre holds every product, a store holds three in ten."""
    rng = stream(seed, "stock")
    reserved = reserved_by(orders.values())
    centres = [id_ for id_, row in locations.items() if row["type"] == "WAREHOUSE"]
    stores = [id_ for id_, row in locations.items() if row["type"] == "STORE"]
    rows: dict[Shelf, Row] = {}
    for number, sku in enumerate(products, start=1):
        everywhere = number <= SHOWCASE + 3
        for place in centres:
            rows[sku, place] = _position(
                rng, day, number, sku=sku, place=place, plenty=120, reserved=reserved.get((sku, place), 0)
            )
        for place in stores:
            if everywhere or rng.random() < 0.3 or (sku, place) in reserved:
                row = _position(
                    rng, day, number, sku=sku, place=place, plenty=14, reserved=reserved.get((sku, place), 0)
                )
                row["pickUpTime"] = "PT2H"
                rows[sku, place] = row
    return rows


def reserved_by(orders: Iterable[Row]) -> dict[Shelf, int]:
    """Pieces that open fulfilments hold, by shelf."""
    reserved: dict[Shelf, int] = {}
    for order in orders:
        skus = {line["id"]: line["sku"] for line in order["lines"]}
        for part in order["fulfillments"]:
            if part["status"] in _OPEN:
                for item in part["lines"]:
                    shelf = (skus[item["lineId"]], part["locationId"])
                    reserved[shelf] = reserved.get(shelf, 0) + int(item["quantity"])
    return reserved


def _position(
    rng: random.Random, day: datetime, number: int, *, sku: str, place: str, plenty: int, reserved: int
) -> Row:
    row: Row = {"sku": sku, "locationId": place, "semantics": "AVAILABLE_TO_PROMISE", "discontinued": False}
    if sku == UNCOUNTED:
        return row
    odds = rng.random()
    on_hand = safety = 0
    if number <= SHOWCASE:
        on_hand, safety = plenty // 2 + int(odds * plenty), plenty // 12
    elif sku not in (DISCONTINUED, AWAITED) and odds > 0.12:
        on_hand, safety = int(odds * plenty), plenty // 12
    on_hand += reserved
    row |= {
        "onHand": str(on_hand),
        "reserved": str(reserved),
        "safetyStock": str(safety),
        "availableToPromise": str(max(on_hand - reserved - safety, 0)),
    }
    if sku == DISCONTINUED or (number > SHOWCASE + 3 and number % 97 == 0):
        row["discontinued"] = True
    elif sku == AWAITED or on_hand - reserved <= safety or number % 9 == 0:
        _expect(row, day, 2 + int(rng.random() * 20), plenty)
    return row


def _expect(row: Row, day: datetime, days: int, pieces: int) -> None:
    """A delivery in `days` days, half of it promised from that day, the rest a week later."""
    due = day + timedelta(days=days)
    row["incoming"] = str(pieces)
    row["expectedAt"] = instant(due + timedelta(hours=9))
    row["promises"] = [
        {"date": due.date().isoformat(), "quantity": str(pieces // 2)},
        {"date": (due + timedelta(days=7)).date().isoformat(), "quantity": str(pieces - pieces // 2)},
    ]
