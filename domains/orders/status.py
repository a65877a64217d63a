"""One canonical status each of the several facts that systems keep of an order, its money and its parcels."""

from collections.abc import Callable, Sequence

from domains.orders.model import (
    DeliveryProgress,
    Fulfillment,
    FulfillmentStatus,
    Lifecycle,
    OrderFacts,
    OrderFinancialStatus,
    OrderStatus,
    PaymentFacts,
    Shipment,
)
from domains.vocabulary import Money

PRECEDENCE: Sequence[tuple[Callable[[OrderFacts], bool], OrderStatus]] = (
    (lambda facts: facts.rejected, OrderStatus.CANCELED),
    (lambda facts: facts.blocked, OrderStatus.ON_HOLD),
    (lambda facts: facts.in_review, OrderStatus.MANUAL_REVIEW),
    (lambda facts: facts.lifecycle is Lifecycle.COMPLETED, OrderStatus.COMPLETED),
    (lambda facts: facts.delivery is DeliveryProgress.FULL, OrderStatus.SHIPPED),
    (lambda facts: facts.delivery is DeliveryProgress.PARTIAL, OrderStatus.PROCESSING),
    (lambda facts: facts.lifecycle is Lifecycle.PROCESSING, OrderStatus.PROCESSING),
    (lambda facts: facts.lifecycle is Lifecycle.CONFIRMED, OrderStatus.CONFIRMED),
    (lambda facts: facts.lifecycle is Lifecycle.CREATED, OrderStatus.CREATED),
)
"""The first fact that holds decides; services that search by status follow the same table (open OMS contract)."""

# Least advanced first. FAILED needs somebody to act and starts over, so it outweighs every parcel that goes well.
_ADVANCE = {
    status: rank
    for rank, status in enumerate(
        (
            FulfillmentStatus.FAILED,
            FulfillmentStatus.UNKNOWN,
            FulfillmentStatus.PENDING,
            FulfillmentStatus.PROCESSING,
            FulfillmentStatus.SHIPPED,
            FulfillmentStatus.IN_TRANSIT,
            FulfillmentStatus.OUT_FOR_DELIVERY,
            FulfillmentStatus.READY_FOR_PICKUP,
            FulfillmentStatus.DELIVERED,
            FulfillmentStatus.CANCELED,
        )
    )
}
_SETTLED = (FulfillmentStatus.DELIVERED, FulfillmentStatus.CANCELED)


def status_of(facts: OrderFacts) -> OrderStatus:
    """The order's status by PRECEDENCE; UNKNOWN when no fact holds."""
    for holds, status in PRECEDENCE:
        if holds(facts):
            return status
    return OrderStatus.UNKNOWN


def financial_status_of(total: Money | None, payment: PaymentFacts | None) -> OrderFinancialStatus:
    """The furthest that the money is known to have come; UNKNOWN when no amount is known.

    "All of it" needs something to compare with: PAID the order's total, REFUNDED what was captured or else the total.
    Raises CurrencyMismatch when the amounts are in several currencies.
    """
    if payment is None:
        return OrderFinancialStatus.UNKNOWN
    if _is_something(payment.refunded):
        whole = payment.captured if _is_something(payment.captured) else total
        complete = _covers(payment.refunded, whole)
        return OrderFinancialStatus.REFUNDED if complete else OrderFinancialStatus.PARTIALLY_REFUNDED
    if _is_something(payment.captured):
        complete = _covers(payment.captured, total)
        return OrderFinancialStatus.PAID if complete else OrderFinancialStatus.PARTIALLY_PAID
    return _before_capture(total, payment)


def _before_capture(total: Money | None, payment: PaymentFacts) -> OrderFinancialStatus:
    if payment.voided:
        return OrderFinancialStatus.VOIDED
    if payment.expired:
        return OrderFinancialStatus.EXPIRED
    if _is_something(payment.authorized):
        return OrderFinancialStatus.AUTHORIZED
    if total is not None and total.amount == 0:
        return OrderFinancialStatus.PAID  # nothing is due
    if payment.authorized is None and payment.captured is None:
        return OrderFinancialStatus.UNKNOWN
    return OrderFinancialStatus.PENDING


def fulfillment_status_of(fulfillment: Fulfillment) -> FulfillmentStatus:
    """The fulfillment's status, moved on by what carriers have reported since.

    Each shipment stands at its latest event, one without events where the fulfillment stands; the least advanced
    shipment decides. DELIVERED and CANCELED are never taken back, and an event that is behind the fulfillment's own
    status, as a label printed before dispatch, changes nothing.
    """
    stated = fulfillment.status
    if stated in _SETTLED:
        return stated
    # A canceled parcel holds nothing up while others are under way; min() leaves it only if all are canceled.
    if not any(shipment.events for shipment in fulfillment.shipments):
        return stated
    reported = min((_reported(shipment, stated) for shipment in fulfillment.shipments), key=_advance, default=stated)
    if reported is FulfillmentStatus.FAILED:
        return reported
    return max(stated, reported, key=_advance)


def _reported(shipment: Shipment, stated: FulfillmentStatus) -> FulfillmentStatus:
    known = [event for event in shipment.events if event.status is not FulfillmentStatus.UNKNOWN]
    events = [event for event in known if event.status in _SETTLED] or known
    # max() keeps the first of equals; carriers append, so of one moment the last event is the latest.
    return max(reversed(events), key=lambda event: event.occurred_at).status if events else stated


def _advance(status: FulfillmentStatus) -> int:
    return _ADVANCE[status]


def _is_something(amount: Money | None) -> bool:
    return amount is not None and amount.amount > 0


def _covers(amount: Money | None, whole: Money | None) -> bool:
    return amount is not None and whole is not None and whole <= amount
