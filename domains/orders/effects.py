"""What the slow writes about orders do outside. Only flows call these: nobody waits for them in a request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from domains.orders.model import Order
from domains.vocabulary import CustomerId, IdempotencyKey, LocationId, Money, OrderId, Record, RedemptionId, Sku


class OrderDraftLine(Record, frozen=True, kw_only=True):
    """`unit_price` is what the channel charges for one piece, tax included. Without a location the OMS finds one."""

    sku: Sku
    quantity: Decimal
    unit_price: Money
    location_id: LocationId | None = None


class OrderDraft(Record, frozen=True, kw_only=True):
    """An order to be taken under the id and number that the customer was told; its reservation becomes the order's.

    The order keeps its `redemption_id`, and answers it with the rest.

    Refused with 409 RESERVATION_NOT_OPEN when the reservation is not, INSUFFICIENT_STOCK when there is none.
    """

    order_id: OrderId | None = None
    order_number: str | None = None
    customer_id: CustomerId | None = None
    email: str | None = None
    postal_code: str | None = None
    channel: str | None = None
    reservation_id: str | None = None
    redemption_id: RedemptionId | None = None
    lines: Annotated[tuple[OrderDraftLine, ...], Meta(min_length=1, max_length=100)]


@dataclass(frozen=True)
class OrderWrites:
    """Both answer the order as the OMS now has it, and raise UpstreamRejected when it says no; `reason` is then one of
    RESERVATION_NOT_OPEN, INSUFFICIENT_STOCK, ORDER_NOT_FOUND, ILLEGAL_TRANSITION, IDEMPOTENCY_CONFLICT."""

    take: Callable[[OrderDraft, IdempotencyKey], Awaitable[Order]]
    cancel: Callable[[OrderId, IdempotencyKey], Awaitable[Order]]
