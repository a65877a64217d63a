"""What lies where, and what may be promised of it.

Deliberately does not know orders, prices, or which system counts the stock."""

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
    "Location",
    "LocationType",
    "Network",
    "Promise",
    "ReservationKind",
    "ReservationLine",
    "ReservationState",
    "StockKey",
    "StockPosition",
]
