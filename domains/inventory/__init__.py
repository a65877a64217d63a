"""What lies where, and what may be promised of it.

Deliberately does not know orders, prices, or which system counts the stock."""

from domains.inventory.availability import promise
from domains.inventory.basket import LineAsk, LineAvailability, answer_line
from domains.inventory.model import (
    Availability,
    AvailabilitySemantics,
    InventoryReservation,
    ItemAvailability,
    Location,
    LocationType,
    Promise,
    ReservationKind,
    ReservationLine,
    ReservationState,
    StockKey,
    StockPosition,
)
from domains.inventory.nearest import distance_km, near
from domains.inventory.port import (
    Inventory,
    Network,
)

__all__ = [
    "Availability",
    "AvailabilitySemantics",
    "Inventory",
    "InventoryReservation",
    "ItemAvailability",
    "LineAsk",
    "LineAvailability",
    "Location",
    "LocationType",
    "Network",
    "Promise",
    "ReservationKind",
    "ReservationLine",
    "ReservationState",
    "StockKey",
    "StockPosition",
    "answer_line",
    "distance_km",
    "near",
    "promise",
]
