"""Two books become one position, and the customer is never promised more than the better of them says."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domains.inventory import AvailabilitySemantics, ItemAvailability, StockPosition, combine, leans_on_book, promise
from domains.vocabulary import FreshnessTier, LocationId, Reading, Sku

TIERS = list(FreshnessTier)
DEGRADED = FreshnessTier.STALE_DEGRADED
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


def figure(reading: Reading[StockPosition] | None) -> Decimal | None:
    """What may be promised of it, before its age is counted."""
    if reading is None:
        return None
    fresh = Reading(reading.value, reading.source, FreshnessTier.FRESH, 0.0, 1.0)
    return promise(fresh, None).value.available_to_promise


@settings(max_examples=300)
@given(BOOKS, OMSS)
def test_no_fresher_than_what_was_used_and_no_meaning_made_up(
    book: Reading[StockPosition] | None, oms: Reading[StockPosition] | None
) -> None:
    """The outcome is as old as the oldest part named in its source, and means what one part meant, or SELLABLE."""
    made = combine(book, oms)
    if made is None:
        assert oms is None
        return
    used = [one for one in (book, oms) if one is not None and one.source in made.source.split("+")]
    assert used
    assert made.observed_at == min(one.observed_at for one in used)
    assert TIERS.index(made.tier) >= max(TIERS.index(one.tier) for one in used)
    assert made.observed_at + made.max_age_s <= min(one.observed_at + one.max_age_s for one in used) + 1e-6 or (
        made.max_age_s == 0
    )
    meant = {one.value.semantics for one in used}
    assert made.value.semantics in meant | {SELLABLE}


@settings(max_examples=300)
@given(BOOKS, OMSS)
def test_never_more_than_anybody_says(book: Reading[StockPosition] | None, oms: Reading[StockPosition] | None) -> None:
    """What may be promised is the OMS's own figure, or book stock less everything known to be taken from it, and never
    more than a figure that the OMS last had."""
    made = combine(book, oms)
    promised = figure(made)
    if made is None or promised is None:
        return
    known = figure(oms)
    assert known is None or promised <= known
    if made is oms:
        return
    assert book is not None
    if book.value.semantics is not ON_HAND:
        assert made.value == book.value
        return
    on_hand = book.value.on_hand if book.value.on_hand is not None else book.value.available_to_promise
    assert on_hand is not None
    taken = Decimal(0)
    for name in ("reserved", "safety_stock"):
        parts = [getattr(one.value, name) for one in (book, oms) if one is not None]
        taken += max((part for part in parts if part is not None), default=Decimal(0))
    assert promised <= max(on_hand - taken, Decimal(0))


@settings(max_examples=300)
@given(BOOKS, OMSS)
def test_a_stand_in_is_never_promised_in_full(
    book: Reading[StockPosition] | None, oms: Reading[StockPosition] | None
) -> None:
    """While the OMS fails nothing is called plentiful, and whatever is left of a figure is less than it."""
    if oms is not None and oms.tier is not DEGRADED:
        return
    made = combine(book, oms)
    if made is None:
        return
    assert made.tier is DEGRADED
    answer, before = promise(made, None).value, figure(made)
    assert answer.status is not ItemAvailability.IN_STOCK
    assert not before or (answer.available_to_promise is not None and answer.available_to_promise < before)


@settings(max_examples=300)
@given(BOOKS, OMSS.filter(lambda oms: oms is not None and not leans_on_book(oms)))
def test_a_book_that_was_not_asked_for_changes_nothing(
    book: Reading[StockPosition] | None, oms: Reading[StockPosition]
) -> None:
    """Where the OMS leans on no book, it need not be read."""
    assert combine(book, oms) is oms


def test_the_oms_is_believed_while_it_answers() -> None:
    """A figure of the OMS stands as it is, unless its source is failing and the book promises fewer."""
    book = read(position(ON_HAND, on_hand=Decimal(9), reserved=Decimal(4), safety_stock=Decimal(2)), "erp")
    for tier in FreshnessTier:
        more = read(position(ATP, available_to_promise=Decimal(4)), "oms", tier)
        fewer = read(position(ATP, available_to_promise=Decimal(2)), "oms", tier)
        assert (combine(book, more) is more) is (tier is not DEGRADED)
        assert combine(book, fewer) is fewer
    assert combine(None, fewer) is fewer
    assert combine(None, None) is None


def test_a_live_oms_that_knows_nothing_is_not_contradicted() -> None:
    """An OMS that answers without stock and without reservations does not know the shelf, and would not reserve it."""
    book = read(position(ON_HAND, on_hand=Decimal(9), reserved=Decimal(0), safety_stock=Decimal(0)), "erp")
    mute = read(position(ATP), "oms", FreshnessTier.LIVE)
    assert combine(book, mute) is mute


def test_the_book_stands_in_for_an_oms_that_cannot_be_asked() -> None:
    """However new the book is, what it says alone is an answer of a house whose OMS fails."""
    book = read(position(ON_HAND, on_hand=Decimal(20), reserved=Decimal(3), safety_stock=Decimal(1)), "erp")
    made = combine(book, None)
    assert made is not None
    assert (made.source, made.tier, made.observed_at, made.max_age_s) == ("erp", DEGRADED, 100, 0)
    answer = promise(made, None).value
    assert (answer.status, answer.semantics) == (ItemAvailability.LIMITED_AVAILABILITY, SELLABLE)
    assert answer.available_to_promise == 12  # 16, less a quarter of it


def test_a_book_that_is_not_kept_up_stands_in_for_nobody() -> None:
    """When both sources fail nobody knows what was sold since."""
    figures = {"on_hand": Decimal(20), "reserved": Decimal(3), "safety_stock": Decimal(1)}
    old = read(position(ON_HAND, **figures), "erp", DEGRADED)
    late = read(position(ON_HAND, **figures), "erp", FreshnessTier.STALE_OK)
    last = read(position(ATP, available_to_promise=Decimal(18)), "oms", DEGRADED)
    assert combine(old, None) is None
    assert combine(old, last) is last
    assert combine(late, None) is not None


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
    assert figure(made) == 13


def test_a_book_that_knows_no_reservations_promises_nothing() -> None:
    """Book stock alone is not availability: without a word on reservations nothing is known."""
    mute = read(position(ON_HAND, on_hand=Decimal(9), safety_stock=Decimal(0)), "erp")
    last = read(position(ATP, available_to_promise=Decimal(4)), "oms", DEGRADED)
    assert combine(mute, None) is None
    assert combine(mute, last) is last
