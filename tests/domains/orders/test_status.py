"""One status each is made of the many facts that systems keep."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domains.orders import (
    DeliveryProgress,
    Fulfillment,
    FulfillmentStatus,
    Lifecycle,
    OrderFacts,
    OrderFinancialStatus,
    OrderStatus,
    PaymentFacts,
    Shipment,
    ShipmentEvent,
    financial_status_of,
    fulfillment_status_of,
    status_of,
)
from domains.vocabulary import CurrencyMismatch, FulfillmentType, Money

PENDING, PROCESSING, SHIPPED = FulfillmentStatus.PENDING, FulfillmentStatus.PROCESSING, FulfillmentStatus.SHIPPED
IN_TRANSIT, DELIVERED = FulfillmentStatus.IN_TRANSIT, FulfillmentStatus.DELIVERED
FAILED, CANCELED, UNKNOWN = FulfillmentStatus.FAILED, FulfillmentStatus.CANCELED, FulfillmentStatus.UNKNOWN


def by_hand(rejected: bool, blocked: bool, in_review: bool, lifecycle: Lifecycle, delivery: DeliveryProgress) -> str:
    """The precedence, written as the contract tells it."""
    if rejected:
        return "CANCELED"
    if blocked:
        return "ON_HOLD"
    if in_review:
        return "MANUAL_REVIEW"
    if lifecycle is Lifecycle.COMPLETED:
        return "COMPLETED"
    if delivery is DeliveryProgress.FULL:
        return "SHIPPED"
    return "PROCESSING" if delivery is DeliveryProgress.PARTIAL else str(lifecycle.value)


def test_every_combination_of_facts_follows_the_precedence() -> None:
    """All 120 combinations give the status that the contract's sentence gives."""
    flags = (True, False)
    for rejected, blocked, in_review, lifecycle, delivery in product(flags, flags, flags, Lifecycle, DeliveryProgress):
        facts = OrderFacts(
            rejected=rejected, blocked=blocked, in_review=in_review, lifecycle=lifecycle, delivery=delivery
        )
        assert status_of(facts) is OrderStatus(by_hand(rejected, blocked, in_review, lifecycle, delivery)), facts


def euros(amount: str | None) -> Money | None:
    return None if amount is None else Money(amount=Decimal(amount), currency_code="EUR")


def paid(
    authorized: str | None = None, captured: str | None = None, refunded: str | None = None, **flags: bool
) -> PaymentFacts:
    return PaymentFacts(
        authorized=euros(authorized),
        captured=euros(captured),
        refunded=euros(refunded),
        voided=flags.get("voided", False),
        expired=flags.get("expired", False),
    )


@pytest.mark.parametrize(
    ("total", "payment", "status"),
    [
        ("100", None, "UNKNOWN"),
        ("100", paid(), "UNKNOWN"),
        ("100", paid(authorized="0"), "PENDING"),
        ("100", paid(captured="0"), "PENDING"),
        ("100", paid(authorized="100"), "AUTHORIZED"),
        ("100", paid(authorized="100", captured="0"), "AUTHORIZED"),
        ("100", paid(authorized="100", captured="40"), "PARTIALLY_PAID"),
        ("100", paid(authorized="100", captured="100"), "PAID"),
        ("100", paid(captured="100.01"), "PAID"),
        (None, paid(captured="100"), "PARTIALLY_PAID"),
        ("100", paid(captured="100", refunded="0"), "PAID"),
        ("100", paid(captured="100", refunded="30"), "PARTIALLY_REFUNDED"),
        ("100", paid(captured="40", refunded="40"), "REFUNDED"),
        ("100", paid(refunded="100"), "REFUNDED"),
        ("100", paid(refunded="99.99"), "PARTIALLY_REFUNDED"),
        (None, paid(refunded="99.99"), "PARTIALLY_REFUNDED"),
        ("100", paid(authorized="100", voided=True), "VOIDED"),
        ("100", paid(authorized="100", expired=True), "EXPIRED"),
        ("100", paid(authorized="100", captured="60", voided=True), "PARTIALLY_PAID"),
        ("0", paid(), "PAID"),
        ("0", paid(voided=True), "VOIDED"),
    ],
)
def test_the_furthest_that_money_is_known_to_have_come(
    total: str | None, payment: PaymentFacts | None, status: str
) -> None:
    """Refunds outweigh captures, captures outweigh voids, and what is absent is not taken for nothing."""
    assert financial_status_of(euros(total), payment) is OrderFinancialStatus(status)


def test_currencies_are_not_compared() -> None:
    """A payment in another currency than the order raises rather than counting as paid."""
    with pytest.raises(CurrencyMismatch):
        financial_status_of(Money(amount=Decimal(1), currency_code="JPY"), paid(captured="100"))


def shipment(*events: tuple[FulfillmentStatus, int]) -> Shipment:
    """A shipment with these events, each on a day of January."""
    return Shipment(
        events=tuple(
            ShipmentEvent(status=status, occurred_at=datetime(2026, 1, day, tzinfo=UTC)) for status, day in events
        )
    )


def told(status: FulfillmentStatus, *shipments: Shipment) -> FulfillmentStatus:
    return fulfillment_status_of(Fulfillment(id="f", type=FulfillmentType.SHIPPING, status=status, shipments=shipments))


def test_without_events_the_oms_decides() -> None:
    """No shipment, and shipments nobody has scanned, leave the status as it is."""
    for status in FulfillmentStatus:
        assert told(status) is told(status, shipment()) is told(status, shipment((UNKNOWN, 1))) is status


def test_the_latest_event_moves_a_lagging_status_on() -> None:
    """The newest event counts, in whatever order events came; of one moment the last in the list."""
    assert told(SHIPPED, shipment((IN_TRANSIT, 3), (SHIPPED, 2))) is IN_TRANSIT
    assert told(PROCESSING, shipment((SHIPPED, 2), (IN_TRANSIT, 2))) is IN_TRANSIT
    assert told(UNKNOWN, shipment((SHIPPED, 2))) is SHIPPED
    assert told(SHIPPED, shipment((FulfillmentStatus.OUT_FOR_DELIVERY, 2), (FAILED, 3))) is FAILED
    assert told(FAILED, shipment((FAILED, 3), (FulfillmentStatus.OUT_FOR_DELIVERY, 4))) is (
        FulfillmentStatus.OUT_FOR_DELIVERY
    )


def test_an_event_behind_the_oms_changes_nothing() -> None:
    """A label printed before dispatch does not bring a shipped fulfillment back."""
    assert told(SHIPPED, shipment((PROCESSING, 1))) is SHIPPED


@pytest.mark.parametrize("settled", [DELIVERED, CANCELED])
def test_what_is_settled_stays_settled(settled: FulfillmentStatus) -> None:
    """Neither late scans nor failures take a delivery or a cancellation back, whoever reported it."""
    assert told(settled, shipment((IN_TRANSIT, 9), (FAILED, 10))) is settled
    assert told(SHIPPED, shipment((settled, 2), (IN_TRANSIT, 3))) is settled


def test_the_least_advanced_shipment_decides() -> None:
    """All parcels must be there before the fulfillment is; one that failed shows; a canceled one holds nothing up."""
    there, under_way, failed = shipment((DELIVERED, 4)), shipment((IN_TRANSIT, 3)), shipment((FAILED, 3))
    assert told(SHIPPED, there, under_way) is IN_TRANSIT
    assert told(SHIPPED, there, shipment()) is SHIPPED
    assert told(SHIPPED, there, there) is DELIVERED
    assert told(SHIPPED, there, under_way, failed) is FAILED
    assert told(SHIPPED, there, shipment((CANCELED, 2))) is DELIVERED


@settings(max_examples=150)
@given(
    st.sampled_from(FulfillmentStatus),
    st.lists(st.lists(st.tuples(st.sampled_from(FulfillmentStatus), st.integers(1, 9)), max_size=3), max_size=3),
)
def test_the_order_of_shipments_decides_nothing(
    status: FulfillmentStatus, events: list[list[tuple[FulfillmentStatus, int]]]
) -> None:
    """Shipments in another order give the same status, which is the stated one or one that was reported."""
    shipments = [shipment(*some) for some in events]
    answer = told(status, *shipments)
    assert told(status, *reversed(shipments)) is answer
    assert answer in {status, *(event for some in events for event, _ in some)}
