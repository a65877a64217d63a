"""Two books become one position, and the customer is never promised more than the better of them says."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domains.inventory import AvailabilitySemantics, StockPosition, combine, promise
from domains.vocabulary import FreshnessTier, LocationId, Reading, Sku

TIERS = list(FreshnessTier)
ATP, ON_HAND, SELLABLE = (
    AvailabilitySemantics.AVAILABLE_TO_PROMISE,
    AvailabilitySemantics.ON_HAND,
    AvailabilitySemantics.SELLABLE,
)
FIGURE = st.none() | st.integers(0, 30).map(Decimal)


def position(semantics: AvailabilitySemantics, **figures: Any) -> StockPosition:
    return StockPosition(sku=Sku("A"), location_id=LocationId("store-001"), semantics=semantics, **figures)


def read(
    value: StockPosition,
    source: str,
    tier: FreshnessTier = FreshnessTier.FRESH,
    observed_at: float = 100.0,
    max_age_s: float = 60.0,
) -> Reading[StockPosition]:
    return Reading(value, source, tier, observed_at, max_age_s)


def readings(
    source: str, semantics: st.SearchStrategy[AvailabilitySemantics]
) -> st.SearchStrategy[Reading[StockPosition]]:
    values = st.builds(
        position, semantics, on_hand=FIGURE, reserved=FIGURE, safety_stock=FIGURE, available_to_promise=FIGURE
    )
    return st.builds(read, values, st.just(source), st.sampled_from(TIERS), st.floats(0, 1000), st.floats(0, 500))


BOOKS = st.none() | readings("erp", st.sampled_from([ON_HAND, ON_HAND, SELLABLE]))
OMSS = st.none() | readings("oms", st.just(ATP))


@settings(max_examples=300)
@given(BOOKS, OMSS)
def test_no_fresher_than_what_was_used_and_no_meaning_made_up(
    book: Reading[StockPosition] | None, oms: Reading[StockPosition] | None
) -> None:
    """The outcome is as old as the oldest part named in its source, and means what one part meant, or SELLABLE."""
    made = combine(book, oms)
    if made is None:
        assert (book, oms) == (None, None)
        return
    used = [one for one in (book, oms) if one is not None and one.source in made.source.split("+")]
    assert used
    assert made.observed_at == min(one.observed_at for one in used)
    assert TIERS.index(made.tier) == max(TIERS.index(one.tier) for one in used)
    assert made.observed_at + made.max_age_s <= min(one.observed_at + one.max_age_s for one in used) + 1e-6 or (
        made.max_age_s == 0
    )
    meant = {one.value.semantics for one in used}
    assert made.value.semantics in meant | {SELLABLE}


@settings(max_examples=300)
@given(BOOKS, OMSS)
def test_never_more_than_the_one_that_is_believed(
    book: Reading[StockPosition] | None, oms: Reading[StockPosition] | None
) -> None:
    """What may be promised is the OMS's own figure, or book stock less everything known to be taken from it."""
    made = combine(book, oms)
    figure = None if made is None else promise(made, None).value.available_to_promise
    if made is None or figure is None:
        return
    if made is oms:
        assert figure == promise(oms, None).value.available_to_promise
        return
    assert book is not None
    if book.value.semantics is not ON_HAND:
        assert made is book
        return
    on_hand = book.value.on_hand if book.value.on_hand is not None else book.value.available_to_promise
    assert on_hand is not None
    taken = Decimal(0)
    for name in ("reserved", "safety_stock"):
        known = [getattr(one.value, name) for one in (book, oms) if one is not None]
        taken += max((part for part in known if part is not None), default=Decimal(0))
    assert figure <= max(on_hand - taken, Decimal(0))


def test_the_oms_is_believed_while_it_answers() -> None:
    """A figure of the OMS stands as it is, unless its source is failing and the book can say something."""
    book = read(position(ON_HAND, on_hand=Decimal(50), reserved=Decimal(0), safety_stock=Decimal(0)), "erp")
    for tier in FreshnessTier:
        oms = read(position(ATP, available_to_promise=Decimal(4)), "oms", tier)
        assert (combine(book, oms) is oms) is (tier is not FreshnessTier.STALE_DEGRADED)
    mute = read(position(ON_HAND, on_hand=Decimal(50)), "erp")
    old = read(position(ATP, available_to_promise=Decimal(4)), "oms", FreshnessTier.STALE_DEGRADED)
    assert combine(mute, old) is old
    assert combine(None, old) is old
    assert combine(book, None) is not None
    assert combine(None, None) is None


def test_book_stock_less_what_the_oms_has_reserved() -> None:
    """Without a figure of its own the OMS still says what is reserved, which is taken off the book once."""
    book = read(
        position(ON_HAND, on_hand=Decimal(20), reserved=Decimal(3), safety_stock=Decimal(2)), "erp", max_age_s=500
    )
    oms = read(position(ATP, reserved=Decimal(5)), "oms", FreshnessTier.STALE_OK, observed_at=40, max_age_s=10)
    made = combine(book, oms)
    assert made is not None
    assert (made.source, made.tier, made.observed_at, made.max_age_s) == ("erp+oms", FreshnessTier.STALE_OK, 40, 10)
    assert made.value.semantics is SELLABLE
    assert (made.value.on_hand, made.value.reserved, made.value.safety_stock) == tuple(map(Decimal, (20, 5, 2)))
    fresh = Reading(made.value, made.source, FreshnessTier.FRESH, 0.0, 1.0)
    assert promise(fresh, None).value.available_to_promise == 13


def test_a_book_that_knows_no_reservations_promises_nothing() -> None:
    """Book stock alone is not availability: without a word on reservations the figure is unknown."""
    made = combine(read(position(ON_HAND, available_to_promise=Decimal(9)), "erp"), None)
    assert made is not None
    assert promise(made, None).value.available_to_promise is None
    assert made.source == "erp"
