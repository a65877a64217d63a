"""What was bought, and how far it has come.

Deliberately does not know stock, points, books or returns beyond their counts."""

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
    "OrderFacts",
    "OrderFinancialStatus",
    "OrderLine",
    "OrderQuery",
    "OrderStatus",
    "Orders",
    "PaymentFacts",
    "Shipment",
    "ShipmentEvent",
    "financial_status_of",
    "fulfillment_status_of",
    "proves",
    "returnable",
    "status_of",
]
