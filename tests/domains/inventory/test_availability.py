"""Nothing is promised that the system did not say, and less when it said so long ago."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domains.inventory import Availability, AvailabilitySemantics, ItemAvailability, Promise, StockPosition, promise
from domains.vocabulary import FreshnessTier, FulfillmentType, Reading, Sku

SELLABLE, ATP = AvailabilitySemantics.SELLABLE, AvailabilitySemantics.AVAILABLE_TO_PROMISE
MAYBE = st.none() | st.integers(-50, 500).map(Decimal)
POSITIONS = st.builds(
    StockPosition,
    sku=st.just(Sku("A")),
    semantics=st.sampled_from(AvailabilitySemantics),
    on_hand=MAYBE,
    reserved=st.none() | st.integers(0, 100).map(Decimal),
    safety_stock=st.none() | st.integers(0, 20).map(Decimal),
    incoming=MAYBE,
    available_to_promise=MAYBE,
    discontinued=st.booleans(),
)


def read(position: StockPosition, tier: FreshnessTier = FreshnessTier.LIVE) -> Reading[StockPosition]:
    return Reading(value=position, source="oms:open", tier=tier, observed_at=1000.0, max_age_s=15.0)


def said(tier: FreshnessTier = FreshnessTier.LIVE, **fields: Any) -> Availability:
    """What is promised of a position with these fields; whole numbers stand for quantities."""
    exact = {name: Decimal(value) if type(value) is int else value for name, value in fields.items()}
    empty = StockPosition(sku=Sku("A"), semantics=ATP)
    return promise(read(msgspec.structs.replace(empty, **exact), tier), None).value


def test_the_systems_own_figure_is_preferred() -> None:
    """Where the system says what may be promised, nothing is worked out; below zero means none."""
    assert said(available_to_promise=7, on_hand=100, reserved=1, safety_stock=1).available_to_promise == 7
    assert said(available_to_promise=-4).available_to_promise == 0
    assert said(available_to_promise=12, on_hand=2).available_to_promise == 12, "counts what is still to come"


def test_goods_that_do_not_lie_there_are_not_sellable() -> None:
    """A figure that counts no supply to come is capped at what lies there."""
    assert said(semantics=SELLABLE, on_hand=3, available_to_promise=8).available_to_promise == 3


def test_what_lies_there_counts_less_what_is_spoken_for() -> None:
    """Without an own figure it is on hand less reserved less safety stock, and that is said to be SELLABLE."""
    availability = said(on_hand=20, reserved=5, safety_stock=2)
    assert availability.available_to_promise == 13
    assert availability.semantics is SELLABLE
    assert availability.status is ItemAvailability.IN_STOCK


@pytest.mark.parametrize("missing", ["on_hand", "reserved", "safety_stock"])
def test_absent_is_never_zero(missing: str) -> None:
    """One unknown part leaves the figure and the status unknown."""
    known: dict[str, Any] = {"on_hand": 20, "reserved": 5, "safety_stock": 2}
    availability = said(**known | {missing: None})
    assert availability.available_to_promise is None
    assert availability.status is ItemAvailability.UNKNOWN
    assert availability.semantics is ATP


def test_an_empty_shelf_is_empty_whoever_reserved_it() -> None:
    """With nothing on hand, what is unknown could only take more: none may be promised."""
    assert said(on_hand=0).status is ItemAvailability.OUT_OF_STOCK
    assert said(on_hand=5, reserved=5).available_to_promise == 0


@pytest.mark.parametrize(
    ("figure", "status"),
    [
        (0, ItemAvailability.OUT_OF_STOCK),
        (1, ItemAvailability.LIMITED_AVAILABILITY),
        (3, ItemAvailability.LIMITED_AVAILABILITY),
        (4, ItemAvailability.IN_STOCK),
    ],
)
def test_few_are_limited(figure: int, status: ItemAvailability) -> None:
    """Up to three pieces are a limited availability, more are in stock."""
    assert said(available_to_promise=figure).status is status


@pytest.mark.parametrize(
    "more",
    [
        {"incoming": Decimal(5)},
        {"expected_at": datetime(2026, 3, 1, tzinfo=UTC)},
        {"promises": (Promise(date=date(2026, 3, 1), quantity=Decimal(2)),)},
    ],
)
def test_none_now_and_more_to_come_is_a_back_order(more: dict[str, Any]) -> None:
    """Incoming goods, a date or a promise turn out of stock into back order; a promise of nothing does not."""
    assert said(available_to_promise=0, **more).status is ItemAvailability.BACK_ORDER
    hollow = Promise(date=date(2026, 3, 1), quantity=Decimal(0))
    assert said(available_to_promise=0, promises=(hollow,)).status is ItemAvailability.OUT_OF_STOCK


@pytest.mark.parametrize(
    ("figure", "status"),
    [
        (None, ItemAvailability.DISCONTINUED),
        (0, ItemAvailability.DISCONTINUED),
        (50, ItemAvailability.LIMITED_AVAILABILITY),
    ],
)
def test_discontinued_items_sell_what_is_left(figure: int | None, status: ItemAvailability) -> None:
    """Remaining pieces of a discontinued item are limited; without any it is discontinued, never back-ordered."""
    assert said(available_to_promise=figure, incoming=9, discontinued=True).status is status


@pytest.mark.parametrize(
    ("tier", "figure", "promised"),
    [
        (FreshnessTier.FRESH, 100, 100),
        (FreshnessTier.STALE_OK, 100, 90),
        (FreshnessTier.STALE_OK, 5, 4),
        (FreshnessTier.STALE_OK, 25, 22),
        (FreshnessTier.STALE_DEGRADED, 100, 75),
        (FreshnessTier.STALE_DEGRADED, 5, 3),
        (FreshnessTier.STALE_DEGRADED, 1, 0),
    ],
)
def test_old_figures_are_cut(tier: FreshnessTier, figure: int, promised: int) -> None:
    """A tenth and at least one off while being refreshed, a quarter and at least two off while the source fails."""
    availability = said(tier, available_to_promise=figure)
    assert availability.available_to_promise == promised
    fresh = tier is FreshnessTier.FRESH
    assert availability.status is (ItemAvailability.IN_STOCK if fresh else ItemAvailability.LIMITED_AVAILABILITY)


@settings(max_examples=200)
@given(POSITIONS, st.sampled_from(FreshnessTier))
def test_never_more_than_was_said(position: StockPosition, tier: FreshnessTier) -> None:
    """Whatever the numbers and their age: nothing is raised, nothing below zero, no unknown becomes a number."""
    reading = promise(read(position, tier), None)
    figure, live = reading.value.available_to_promise, promise(read(position), None).value.available_to_promise
    assert (reading.tier, reading.observed_at, reading.max_age_s, reading.source) == (tier, 1000.0, 15.0, "oms:open")
    assert (figure is None) is (live is None)
    if figure is None or live is None:
        assert position.available_to_promise is None
        assert reading.value.status in (ItemAvailability.UNKNOWN, ItemAvailability.DISCONTINUED)
        return
    assert 0 <= figure <= live
    if position.available_to_promise is not None:
        assert live <= max(position.available_to_promise, Decimal(0))
        assert reading.value.semantics is position.semantics
    if tier in (FreshnessTier.STALE_OK, FreshnessTier.STALE_DEGRADED):
        assert figure < live or live == 0
        assert reading.value.status is not ItemAvailability.IN_STOCK


@pytest.mark.parametrize(
    ("fulfillment", "told"),
    [(None, True), (FulfillmentType.PICKUP, True), (FulfillmentType.SHIPPING, False), (FulfillmentType.DIGITAL, False)],
)
def test_pick_up_time_is_for_those_who_pick_up(fulfillment: FulfillmentType | None, told: bool) -> None:
    """The time to collection is left out of parcels and downloads."""
    position = StockPosition(sku=Sku("A"), semantics=ATP, available_to_promise=Decimal(9), pick_up_time="PT2H")
    assert promise(read(position), fulfillment).value.pick_up_time == ("PT2H" if told else None)
