"""What the inventory slice asks of outside systems."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Literal

from msgspec import Meta

from domains.inventory.grids import Grids
from domains.inventory.model import (
    InventoryReservation,
    Location,
    ReservationKind,
    ReservationLine,
    StockKey,
    StockPosition,
)
from domains.inventory.promiser import Promiser
from domains.inventory.promises import Promises
from domains.vocabulary import Fetch, IdempotencyKey, LocationId, Record

Network = Literal["network"]
"""The one key of the list of all locations."""


class ReservationDraft(Record, frozen=True, kw_only=True):
    """All lines or none. Refused with 409 INSUFFICIENT_STOCK. A line without a location is sourced by the OMS."""

    kind: ReservationKind
    lines: Annotated[tuple[ReservationLine, ...], Meta(min_length=1, max_length=100)]
    ttl_s: Annotated[int, Meta(ge=1, le=604800)] = 900
    basket_reference: str | None = None


@dataclass(frozen=True)
class Inventory:
    """Locations, stock and reservations. `network` answers every location of the retailer, a few hundred at most.

    `reserve` and `release` answer the reservation as the OMS now has it. Both raise UpstreamRejected when the OMS says
    no; `reason` is then one of INSUFFICIENT_STOCK, RESERVATION_NOT_FOUND, ILLEGAL_TRANSITION, IDEMPOTENCY_CONFLICT.
    `promises` is no outside system's: connectors leave it, and whoever assembles the house puts its own keys there.
    Nor are `promiser`, who says of `stock` what may be promised, and `grids`, the questions that come again.
    """

    locations: Fetch[LocationId, Location]
    network: Fetch[Network, tuple[Location, ...]]
    stock: Fetch[StockKey, StockPosition]
    reservations: Fetch[str, InventoryReservation]
    reserve: Callable[[ReservationDraft, IdempotencyKey], Awaitable[InventoryReservation]]
    release: Callable[[str, IdempotencyKey], Awaitable[InventoryReservation]]
    promises: Promises = field(default_factory=Promises.passing)
    promiser: Promiser = field(default_factory=Promiser)
    grids: Grids = field(default_factory=Grids)
