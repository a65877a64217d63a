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
]
