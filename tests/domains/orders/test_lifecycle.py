"""An order takes only the steps of its table, and is canceled only while nothing of it has left."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from domains.orders import (
    DeliveryProgress,
    Lifecycle,
    Order,
    OrderFacts,
    OrderLine,
    OrderStatus,
    cancelable,
    may_become,
)
from domains.vocabulary import OrderId, Sku

OVER = {OrderStatus.COMPLETED, OrderStatus.CANCELED}
CANCELABLE = set(OrderStatus) - OVER - {OrderStatus.SHIPPED}


def order(facts: OrderFacts, fulfilled: int = 0) -> Order:
    return Order(
        id=OrderId("ord-1"),
        order_number="R1",
        placed_at=datetime(2026, 3, 2, tzinfo=UTC),
        facts=facts,
        lines=(OrderLine(id="1", sku=Sku("SKU-1"), ordered=Decimal(2), fulfilled=Decimal(fulfilled)),),
    )


@pytest.mark.parametrize("status", OrderStatus)
def test_only_what_has_not_left_may_be_canceled(status: OrderStatus) -> None:
    """From every status but SHIPPED and the last two an order may still become CANCELED."""
    assert may_become(status, OrderStatus.CANCELED) is (status in CANCELABLE)


@pytest.mark.parametrize("status", OrderStatus)
def test_the_end_is_the_end(status: OrderStatus) -> None:
    """Nothing follows a completed or canceled order, no order goes back to CREATED by itself, and staying is no
    step."""
    assert not any(may_become(over, status) for over in OVER)
    assert not may_become(status, status)
    stopped = {OrderStatus.MANUAL_REVIEW, OrderStatus.ON_HOLD, OrderStatus.UNKNOWN}
    assert may_become(status, OrderStatus.CREATED) is (status in stopped)


@pytest.mark.parametrize(
    ("facts", "fulfilled", "said"),
    [
        (OrderFacts(lifecycle=Lifecycle.CREATED), 0, None),
        (OrderFacts(lifecycle=Lifecycle.PROCESSING), 0, None),
        (OrderFacts(blocked=True), 0, None),
        (OrderFacts(), 0, None),
        (OrderFacts(rejected=True), 0, "canceled already"),
        (OrderFacts(lifecycle=Lifecycle.COMPLETED), 0, "is completed"),
        (OrderFacts(delivery=DeliveryProgress.PARTIAL), 0, "has left"),
        (OrderFacts(lifecycle=Lifecycle.PROCESSING), 1, "has left"),
    ],
)
def test_an_order_that_cannot_be_canceled_says_why(facts: OrderFacts, fulfilled: int, said: str | None) -> None:
    """What has left in part, is over, or is canceled already, is refused with its reason and its status."""
    refusal = cancelable(order(facts, fulfilled))
    if said is None:
        assert refusal is None
    else:
        assert refusal is not None
        assert said in refusal.message
