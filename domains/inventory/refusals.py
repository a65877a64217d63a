"""Why stock is not reserved, or not released."""

import enum
from decimal import Decimal
from typing import ClassVar

from domains.inventory.basket import LineAvailability
from domains.inventory.model import ReservationState
from domains.vocabulary import LocationId, Record, Refusal, Sku


class PromiseChangeReason(enum.Enum):
    """Why a promise is not kept."""

    STOCK_GONE = "STOCK_GONE"
    EXPIRED = "EXPIRED"
    INVALID = "INVALID"
    DOES_NOT_FIT = "DOES_NOT_FIT"
    EXCEEDED = "EXCEEDED"


class PromiseDifference(Record, frozen=True, kw_only=True):
    """What has become of the promise that line `line` (from 0) came with.

    `promised` is None when the token does not say, `available` when it is not known.
    """

    line: int
    sku: Sku
    location_id: LocationId | None
    promised: Decimal | None
    available: Decimal | None = None
    reason: PromiseChangeReason


class InsufficientStock(Refusal, frozen=True, kw_only=True):
    """Returned when the OMS cannot give the whole basket; `lines` are those that fell short, and what there is now.

    Lines of the same item at the same place are one. Where every line would fit by the time this is written, all of
    them are told, and the same request may succeed.
    """

    code: ClassVar[str] = "INSUFFICIENT_STOCK"
    lines: tuple[LineAvailability, ...]


class PromiseChanged(Refusal, frozen=True, kw_only=True):
    """Returned when a promise that a line came with cannot be kept."""

    code: ClassVar[str] = "PROMISE_CHANGED"
    differences: tuple[PromiseDifference, ...]


class ReservationNotFound(Refusal, frozen=True, kw_only=True):
    """Returned when the OMS knows no reservation of this id."""

    code: ClassVar[str] = "RESERVATION_NOT_FOUND"


class IllegalReservationState(Refusal, frozen=True, kw_only=True):
    """Returned when the reservation is over, so that nothing is left to release.

    `state` is what it is instead; UNKNOWN when the OMS did not say.
    """

    code: ClassVar[str] = "ILLEGAL_RESERVATION_STATE"
    state: ReservationState
