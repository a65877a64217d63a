"""What was bought, and how far it has come.

Deliberately does not know stock, points, books or returns beyond their counts."""

from domains.orders.cancellation import OrderNotCancelable, cancelable
from domains.orders.effects import OrderDraft, OrderDraftLine, OrderWrites
from domains.orders.lifecycle import may_become
from domains.orders.model import (
    AdjustmentStatus,
    AdjustmentType,
    DeliveryProgress,
    Fulfillment,
    FulfillmentLine,
    FulfillmentStatus,
    Lifecycle,
    Order,
    OrderAdjustment,
    OrderFacts,
    OrderFinancialStatus,
    OrderLine,
    OrderQuery,
    OrderStatus,
    PaymentFacts,
    Shipment,
    ShipmentEvent,
)
from domains.orders.port import (
    Orders,
)
from domains.orders.proof import proves
from domains.orders.quantity import returnable
from domains.orders.status import financial_status_of, fulfillment_status_of, status_of

__all__ = [
    "AdjustmentStatus",
    "AdjustmentType",
    "DeliveryProgress",
    "Fulfillment",
    "FulfillmentLine",
    "FulfillmentStatus",
    "Lifecycle",
    "Order",
    "OrderAdjustment",
    "OrderDraft",
    "OrderDraftLine",
    "OrderFacts",
    "OrderFinancialStatus",
    "OrderLine",
    "OrderNotCancelable",
    "OrderQuery",
    "OrderStatus",
    "OrderWrites",
    "Orders",
    "PaymentFacts",
    "Shipment",
    "ShipmentEvent",
    "cancelable",
    "financial_status_of",
    "fulfillment_status_of",
    "may_become",
    "proves",
    "returnable",
    "status_of",
]
