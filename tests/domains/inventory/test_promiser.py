"""A promiser says what `promise` says, and works it out once for a reading that is kept."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domains.inventory import AvailabilitySemantics, Promiser, StockPosition, promise
from domains.vocabulary import FreshnessTier, FulfillmentType, Reading, Sku, SystemRole, UpstreamTimeout

WAYS = [None, *FulfillmentType]


def stock(number: int, tier: FreshnessTier = FreshnessTier.FRESH) -> Reading[StockPosition]:
    position = StockPosition(
        sku=Sku("SKU-1"),
        semantics=AvailabilitySemantics.SELLABLE,
        available_to_promise=Decimal(number),
        pick_up_time="PT2H",
    )
    return Reading(position, "oms:test", tier, 100.0, 5.0)


@given(st.lists(st.tuples(st.lists(st.integers(0, 9), max_size=5), st.sampled_from(WAYS)), max_size=8))
def test_it_says_what_promise_says(asked: list[tuple[list[int], FulfillmentType | None]]) -> None:
    """Whatever it was asked before, in whichever way the goods are handed over, and whatever it has forgotten."""
    tiers = list(FreshnessTier)
    readings = [stock(number % 4, tiers[number % len(tiers)]) for number in range(10)]
    promiser = Promiser(most=3)
    for numbers, way in asked:
        found = [readings[number] for number in numbers]
        assert promiser.of(found, way) == [promise(one, way) for one in found]


def test_it_remembers_what_it_said_of_a_reading() -> None:
    """The very same answer; of an equal reading another one, because nobody has compared them."""
    promiser, reading = Promiser(), stock(7)
    (first,) = promiser.of([reading], None)
    (second,) = promiser.of([reading], None)
    (other,) = promiser.of([replace(reading)], None)
    assert second is first
    assert other is not first
    assert other == first


def test_what_was_made_for_one_request_is_not_remembered() -> None:
    """A stale reading is made anew each time, so that its promise would never be found again."""
    promiser, reading = Promiser(), stock(7, FreshnessTier.STALE_OK)
    (first,), (second,) = promiser.of([reading], None), promiser.of([reading], None)
    assert first == second
    assert first is not second


def test_what_is_no_reading_stays_what_it_is() -> None:
    """Failures and gaps keep their places."""
    failure = UpstreamTimeout(SystemRole.OMS, "stock")
    found = Promiser().of([None, failure, stock(1)], None)
    assert found[:2] == [None, failure]
    assert found[2] == promise(stock(1), None)
