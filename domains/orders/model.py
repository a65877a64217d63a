"""An order as the order management system knows it."""

import enum
from decimal import Decimal
from typing import NamedTuple

from domains.vocabulary import (
    CustomerId,
    ExternalId,
    FulfillmentType,
    Instant,
    LocationId,
    Money,
    OrderId,
    Record,
    RedemptionId,
    Sku,
    VendorWord,
    insist_on_finite,
)


class OrderStatus(VendorWord):
    CREATED = "CREATED"
    CONFIRMED = "CONFIRMED"
    MANUAL_REVIEW = "MANUAL_REVIEW"
    ON_HOLD = "ON_HOLD"
    PROCESSING = "PROCESSING"
    SHIPPED = "SHIPPED"
    COMPLETED = "COMPLETED"
    CANCELED = "CANCELED"
    UNKNOWN = "UNKNOWN"


class OrderFinancialStatus(VendorWord):
    PENDING = "PENDING"
    AUTHORIZED = "AUTHORIZED"
    PARTIALLY_PAID = "PARTIALLY_PAID"
    PAID = "PAID"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    REFUNDED = "REFUNDED"
    VOIDED = "VOIDED"
    EXPIRED = "EXPIRED"
    UNKNOWN = "UNKNOWN"


class FulfillmentStatus(VendorWord):
    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    SHIPPED = "SHIPPED"
    IN_TRANSIT = "IN_TRANSIT"
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY"
    READY_FOR_PICKUP = "READY_FOR_PICKUP"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    UNKNOWN = "UNKNOWN"


class Lifecycle(VendorWord):
    """How far the order has come in its own system, before rejections, blocks and deliveries are considered."""

    CREATED = "CREATED"
    CONFIRMED = "CONFIRMED"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    UNKNOWN = "UNKNOWN"


class DeliveryProgress(enum.Enum):
    NONE = "NONE"
    PARTIAL = "PARTIAL"
    FULL = "FULL"


class OrderFacts(Record, frozen=True, kw_only=True):
    """The several fields from which one canonical status is made (`status_of`).

    `raw` is the vendor's own word, shown beside the canonical one.
    """

    lifecycle: Lifecycle = Lifecycle.UNKNOWN
    rejected: bool = False
    blocked: bool = False
    in_review: bool = False
    delivery: DeliveryProgress = DeliveryProgress.NONE
    raw: str | None = None


class PaymentFacts(Record, frozen=True, kw_only=True):
    """Amounts by what became of them. Absent is unknown."""

    authorized: Money | None = None
    captured: Money | None = None
    refunded: Money | None = None
    voided: bool = False
    expired: bool = False


class OrderLine(Record, frozen=True, kw_only=True):
    """`unit_price` and `total` are what the customer pays, discounts and tax included. Quantities so far, each >= 0."""

    id: str
    sku: Sku
    name: str | None = None
    unit_price: Money | None = None
    total: Money | None = None
    ordered: Decimal
    fulfilled: Decimal = Decimal(0)
    canceled: Decimal = Decimal(0)
    returned: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        insist_on_finite(self.ordered, self.fulfilled, self.canceled, self.returned)


class ShipmentEvent(Record, frozen=True, kw_only=True):
    status: FulfillmentStatus
    occurred_at: Instant
    location: str | None = None


class Shipment(Record, frozen=True, kw_only=True):
    carrier: str | None = None
    tracking_number: str | None = None
    tracking_url: str | None = None
    events: tuple[ShipmentEvent, ...] = ()
    estimated_delivery_at: Instant | None = None


class FulfillmentLine(Record, frozen=True, kw_only=True):
    line_id: str
    quantity: Decimal

    def __post_init__(self) -> None:
        insist_on_finite(self.quantity)


class Fulfillment(Record, frozen=True, kw_only=True):
    """The part of an order that one location handles. `status` is the OMS's; see `fulfillment_status_of`."""

    id: str
    type: FulfillmentType
    status: FulfillmentStatus
    location_id: LocationId | None = None
    lines: tuple[FulfillmentLine, ...] = ()
    shipments: tuple[Shipment, ...] = ()


class AdjustmentType(enum.Enum):
    REFUND = "REFUND"
    CREDIT = "CREDIT"
    RETURN = "RETURN"
    EXCHANGE = "EXCHANGE"
    PRICE_ADJUSTMENT = "PRICE_ADJUSTMENT"
    CANCELLATION = "CANCELLATION"
    DISPUTE = "DISPUTE"


class AdjustmentStatus(enum.Enum):
    PENDING = "PENDING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


class OrderAdjustment(Record, frozen=True, kw_only=True):
    type: AdjustmentType
    status: AdjustmentStatus
    amount: Money | None = None
    reason: str | None = None
    occurred_at: Instant | None = None


class Order(Record, frozen=True, kw_only=True):
    """`redemption_id` names the points that pay part of it: who cancels the order must give them back."""

    id: OrderId
    order_number: str
    channel: str | None = None
    placed_at: Instant
    customer_id: CustomerId | None = None
    email: str | None = None
    postal_code: str | None = None
    facts: OrderFacts
    payment: PaymentFacts | None = None
    lines: tuple[OrderLine, ...]
    fulfillments: tuple[Fulfillment, ...] = ()
    adjustments: tuple[OrderAdjustment, ...] = ()
    total: Money | None = None
    redemption_id: RedemptionId | None = None
    external_ids: tuple[ExternalId, ...] = ()


class OrderQuery(NamedTuple):
    """A page of one customer's orders, newest first. `after` is the id of the last order seen."""

    customer_id: CustomerId
    first: int
    after: str | None = None
    status: OrderStatus | None = None
