"""What the orders slice asks of an outside system."""

from dataclasses import dataclass

from domains.orders.model import Order, OrderQuery
from domains.vocabulary import Fetch, OrderId, Page


@dataclass(frozen=True)
class Orders:
    """Reads of orders. `by_number` is keyed by the order number that customers know."""

    by_id: Fetch[OrderId, Order]
    by_number: Fetch[str, Order]
    of_customer: Fetch[OrderQuery, Page[Order]]
