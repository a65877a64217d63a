"""What lies where, and what may be promised of it.

Deliberately does not know orders, prices, or which system counts the stock."""

from domains.inventory.availability import promise
from domains.inventory.basket import LineAsk, LineAvailability, answer_line
from domains.inventory.combination import combine, leans_on_book
from domains.inventory.grids import Grids
from domains.inventory.lifecycle import may_become
from domains.inventory.model import (
    Availability,
    AvailabilitySemantics,
    InventoryReservation,
    ItemAvailability,
    Location,
    LocationType,
    OpeningHours,
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
    ReservationDraft,
)
from domains.inventory.promise_token import PromiseClaims, TokenFault
from domains.inventory.promised_lines import ReserveLine
from domains.inventory.promiser import Promiser
from domains.inventory.promises import Promises
from domains.inventory.refusals import (
    IllegalReservationState,
    InsufficientStock,
    PromiseChanged,
    PromiseChangeReason,
    PromiseDifference,
    ReservationNotFound,
)
from domains.inventory.reservation import (
    LINES_MAX,
    TTL_MAX_S,
    TTL_MIN_S,
    ReleaseReservation,
    ReserveStock,
    release,
    reservation_not_found,
    reserve,
)
from domains.inventory.reservation_id import bare_reservation
from domains.inventory.signing import PromiseKeys, SigningKey
from domains.inventory.sourcing import Sourced, hands_over, source, sourced_line

__all__ = [
    "LINES_MAX",
    "TTL_MAX_S",
    "TTL_MIN_S",
    "Availability",
    "AvailabilitySemantics",
    "Grids",
    "IllegalReservationState",
    "InsufficientStock",
    "Inventory",
    "InventoryReservation",
    "ItemAvailability",
    "LineAsk",
    "LineAvailability",
    "Location",
    "LocationType",
    "Network",
    "OpeningHours",
    "Promise",
    "PromiseChangeReason",
    "PromiseChanged",
    "PromiseClaims",
    "PromiseDifference",
    "PromiseKeys",
    "Promiser",
    "Promises",
    "ReleaseReservation",
    "ReservationDraft",
    "ReservationKind",
    "ReservationLine",
    "ReservationNotFound",
    "ReservationState",
    "ReserveLine",
    "ReserveStock",
    "SigningKey",
    "Sourced",
    "StockKey",
    "StockPosition",
    "TokenFault",
    "answer_line",
    "bare_reservation",
    "combine",
    "distance_km",
    "hands_over",
    "leans_on_book",
    "may_become",
    "near",
    "promise",
    "release",
    "reservation_not_found",
    "reserve",
    "source",
    "sourced_line",
]
