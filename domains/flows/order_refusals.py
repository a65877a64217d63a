"""Why an order is not taken."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from domains.inventory import ReservationState
from domains.loyalty import RedemptionState
from domains.vocabulary import Money, Record, Refusal, Sku


class ReservationNotOpen(Refusal, frozen=True, kw_only=True):
    """Returned when the reservation has run out, was released, or belongs to an order; `state` is what it is."""

    code: ClassVar[str] = "RESERVATION_NOT_OPEN"
    state: ReservationState


class LineDifference(Record, frozen=True, kw_only=True):
    """How much of a product is ordered and how much of it is reserved."""

    sku: Sku
    ordered: Decimal
    reserved: Decimal


class LinesDifferFromReservation(Refusal, frozen=True, kw_only=True):
    """Returned when something else is ordered than was reserved; `differences` are the products that differ."""

    code: ClassVar[str] = "LINES_DIFFER_FROM_RESERVATION"
    differences: tuple[LineDifference, ...]


class RedemptionNotHeld(Refusal, frozen=True, kw_only=True):
    """Returned when the points are spent, given back or have run out; `state` is what the redemption is."""

    code: ClassVar[str] = "REDEMPTION_NOT_HELD"
    state: RedemptionState


class RedemptionExceedsTotal(Refusal, frozen=True, kw_only=True):
    """Returned when the points are worth more than the order costs; `value` is what they are worth."""

    code: ClassVar[str] = "REDEMPTION_EXCEEDS_TOTAL"
    value: Money
