"""A basket line is fulfilled by one place or not at all."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from domains.inventory import Availability, AvailabilitySemantics, ItemAvailability, LineAsk, answer_line
from domains.vocabulary import FreshnessTier, LocationId, Reading, Sku

ASKS = st.builds(LineAsk, st.just(Sku("A")), st.integers(1, 30).map(Decimal))


def candidate(
    figure: int | None,
    status: ItemAvailability = ItemAvailability.IN_STOCK,
    place: str = "store-001",
    tier: FreshnessTier = FreshnessTier.LIVE,
) -> Reading[Availability]:
    availability = Availability(
        sku=Sku("A"),
        location_id=LocationId(place),
        status=status,
        semantics=AvailabilitySemantics.SELLABLE,
        available_to_promise=None if figure is None else Decimal(figure),
    )
    return Reading(value=availability, source="oms:open", tier=tier, observed_at=0.0, max_age_s=1.0)


CANDIDATES = st.lists(
    st.builds(
        candidate,
        st.none() | st.integers(0, 30),
        st.sampled_from(ItemAvailability),
        st.sampled_from(["store-001", "store-002", "dc-001"]),
        st.sampled_from(FreshnessTier),
    ),
    max_size=6,
)


@settings(max_examples=200)
@given(ASKS, CANDIDATES)
def test_one_place_gives_all_of_it(ask: LineAsk, candidates: list[Reading[Availability]]) -> None:
    """Fulfillable is True exactly when one figure alone suffices, and None exactly when no figure is known."""
    figures = [reading.value.available_to_promise for reading in candidates]
    known = [figure for figure in figures if figure is not None]
    answer = answer_line(ask, candidates)
    assert answer.fulfillable is (max(known) >= ask.quantity if known else None)


@settings(max_examples=200)
@given(ASKS, CANDIDATES)
def test_nothing_is_lost_and_the_best_leads(ask: LineAsk, candidates: list[Reading[Availability]]) -> None:
    """Best and alternatives are the candidates, reordered: whoever fulfils stands before whoever does not."""
    answer = answer_line(ask, candidates)
    ranked = ([] if answer.best is None else [answer.best]) + list(answer.alternatives)
    assert sorted(map(id, ranked)) == sorted(map(id, candidates))
    gives = [(reading.value.available_to_promise or Decimal(0)) >= ask.quantity for reading in ranked]
    assert gives == sorted(gives, reverse=True)
    assert (answer.sku, answer.requested) == (ask.sku, ask.quantity)


def test_places_are_not_added_up() -> None:
    """Two places with three pieces each cannot give five; the better half is shown all the same."""
    answer = answer_line(LineAsk(Sku("A"), Decimal(5)), [candidate(3), candidate(3, place="store-002")])
    assert answer.fulfillable is False
    assert answer.best is not None


def test_what_is_known_outweighs_what_is_not() -> None:
    """An unknown place stays behind one that is known to be out of stock; with unknown ones alone nothing is said."""
    unknown, out = candidate(None, ItemAvailability.UNKNOWN), candidate(0, ItemAvailability.OUT_OF_STOCK)
    ask = LineAsk(Sku("A"), Decimal(1))
    assert answer_line(ask, [unknown, out]).best is out
    assert answer_line(ask, [unknown, out]).fulfillable is False
    assert answer_line(ask, [unknown]).fulfillable is None
    assert answer_line(ask, []).best is None


def test_ties_go_by_status_then_figure_then_freshness_then_order() -> None:
    """Each rule decides only where the one before it leaves a tie."""
    few = candidate(9, ItemAvailability.LIMITED_AVAILABILITY)
    more, fresh, stale = candidate(8), candidate(7), candidate(7, tier=FreshnessTier.STALE_OK)
    same = candidate(7, place="store-002")
    answer = answer_line(LineAsk(Sku("A"), Decimal(1)), [stale, few, same, fresh, more])
    assert [answer.best, *answer.alternatives] == [more, same, fresh, stale, few]
