"""One made-up retailer: products, places, people, stock, orders, points and books, all from a seed and a day.

Does not know who serves these facts, or over what."""

from domains.sandbox.world.parcels import CARRIERS, delivered_at
from domains.sandbox.world.points import CENTS_PER_POINT, CURRENCY_ROW, POINTS_PER_EURO
from domains.sandbox.world.rows import Row, instant
from domains.sandbox.world.world import SMALL, World, WorldSize, build_world

__all__ = [
    "CARRIERS",
    "CENTS_PER_POINT",
    "CURRENCY_ROW",
    "POINTS_PER_EURO",
    "SMALL",
    "Row",
    "World",
    "WorldSize",
    "build_world",
    "delivered_at",
    "instant",
]
