"""Whether an order may still be called off."""

from typing import ClassVar

from domains.orders.lifecycle import may_become
from domains.orders.model import DeliveryProgress, Order, OrderStatus
from domains.orders.status import status_of
from domains.vocabulary import Refusal


class OrderNotCancelable(Refusal, frozen=True, kw_only=True):
    """Returned when part of the order has left, or it is over; `status` is how far it has come."""

    code: ClassVar[str] = "ORDER_NOT_CANCELABLE"
    status: OrderStatus


def cancelable(order: Order) -> OrderNotCancelable | None:
    """Why the whole order can no longer be canceled; None when it can, as far as is known here.

    An order is canceled whole: once a part has left, what is left of it is another matter.
    """
    status = status_of(order.facts)
    begun = order.facts.delivery is not DeliveryProgress.NONE or any(line.fulfilled > 0 for line in order.lines)
    if may_become(status, OrderStatus.CANCELED) and not begun:
        return None
    if status is OrderStatus.CANCELED:
        message = f"Order {order.order_number} is canceled already."
    elif begun:
        message = f"Part of order {order.order_number} has left. Return what has arrived instead."
    else:
        message = f"Order {order.order_number} is {status.value.lower()}, and can no longer be canceled."
    return OrderNotCancelable(message=message, path=("input", "orderId"), status=status)
