"""Each line comes whole from one place, from few places, and from near ones."""

from collections import Counter
from datetime import UTC, datetime, time
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from domains.inventory import (
    Availability,
    AvailabilitySemantics,
    ItemAvailability,
    LineAsk,
    Location,
    OpeningHours,
    Sourced,
    source,
    sourced_line,
)
from domains.vocabulary import FreshnessTier, FulfillmentType, GeoPoint, LocationId, Reading, Sku

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
HERE = GeoPoint(latitude=50.0, longitude=8.0)
SHIPPING, PICKUP = FulfillmentType.SHIPPING, FulfillmentType.PICKUP


def place(name: str, degrees: float | None, *hours: OpeningHours, ships: bool = True, pickup: bool = True) -> Location:
    point = None if degrees is None else GeoPoint(latitude=50.0 + degrees, longitude=8.0)
    return Location(
        id=LocationId(name),
        position=point,
        ships=ships,
        offers_pickup=pickup,
        opening_hours=hours,
        time_zone="UTC",
    )


def there(sku: str, at: str, figure: int | None) -> Reading[Availability]:
    availability = Availability(
        sku=Sku(sku),
        location_id=LocationId(at),
        status=ItemAvailability.IN_STOCK,
        semantics=AvailabilitySemantics.SELLABLE,
        available_to_promise=None if figure is None else Decimal(figure),
    )
    return Reading(availability, "oms:open", FreshnessTier.LIVE, 0.0, 1.0)


def ask(sku: str, quantity: int) -> LineAsk:
    return LineAsk(Sku(sku), Decimal(quantity))


def run(
    asks: list[LineAsk],
    shelves: list[tuple[str, str, int | None]],
    places: list[Location],
    fulfillment: FulfillmentType | None = SHIPPING,
) -> Sourced:
    candidates = [there(*shelf) for shelf in shelves]
    return source(asks, candidates, {one.id: one for one in places}, fulfillment, now=NOW, point=HERE)


def test_one_parcel_goes_before_a_near_one() -> None:
    """A far place that has everything is chosen before two near ones that share the basket."""
    shelves: list[tuple[str, str, int | None]] = [
        ("A", "near", 9),
        ("B", "nearer", 9),
        ("A", "far", 1),
        ("B", "far", 1),
    ]
    places = [place("near", 0.2), place("nearer", 0.1), place("far", 3)]
    assert run([ask("A", 1), ask("B", 1)], shelves, places).chosen == ("far", "far")
    assert run([ask("A", 1)], shelves, places).chosen == ("near",)


def test_two_parcels_are_found_where_taking_the_most_first_needs_three() -> None:
    """Pairs are tried out: the place with the most lines is not always part of the best pair."""
    shelves: list[tuple[str, str, int | None]] = [
        *[(sku, "greedy", 1) for sku in "BCDE"],
        *[(sku, "left", 1) for sku in "ABC"],
        *[(sku, "right", 1) for sku in "DEF"],
    ]
    places = [place("greedy", 0.1), place("left", 0.2), place("right", 0.3)]
    assert set(run([ask(sku, 1) for sku in "ABCDEF"], shelves, places).chosen) == {"left", "right"}


def test_lines_of_one_item_share_a_shelf() -> None:
    """Two lines of three do not both come from a shelf of five, nor are two shelves added up for one line."""
    shelves: list[tuple[str, str, int | None]] = [("A", "one", 5), ("A", "two", 3)]
    places = [place("one", 0.1), place("two", 0.2)]
    assert run([ask("A", 3), ask("A", 3)], shelves, places).chosen == ("one", "two")
    assert run([ask("A", 8)], shelves, places).chosen == (None,)
    shelves = [("A", "one", 3), ("A", "two", 2)]
    assert run([ask("A", 2), ask("A", 3)], shelves, places).chosen == ("two", "one"), "the larger line goes first"


def test_a_pick_up_is_at_the_nearest_store_that_opens_soonest() -> None:
    """Kilometres decide; of stores as near the one that is open, and warehouses hand nothing out."""
    open_, later = (OpeningHours(weekday=1, opens=time(hour), closes=time(20)) for hour in (9, 12))
    shelves: list[tuple[str, str, int | None]] = [(sku, at, 5) for sku in "A" for at in ("far", "late", "soon", "dc")]
    shelves.append(("A", "empty", 0))
    places = [
        place("far", 1, open_),
        place("late", 0.0500, later),
        place("soon", 0.0503, open_),
        place("empty", 0.01, open_),
        place("dc", 0.0, pickup=False),
    ]
    sourced = run([ask("A", 5)], shelves, places, PICKUP)
    assert sourced.chosen == ("soon",)
    assert sourced.places == ("empty", "soon", "late", "far")
    assert run([ask("A", 5)], shelves, places, SHIPPING).chosen == ("dc",)


def test_the_answer_leads_with_the_choice() -> None:
    """The chosen place is the best, then others that give the line whole, then those that do not, then the unable."""
    shelves: list[tuple[str, str, int | None]] = [("A", "dc", 9), ("A", "far", 9), ("A", "few", 1), ("A", "near", 9)]
    places = [place("dc", 0, pickup=False), place("far", 2), place("few", 0.1), place("near", 1)]
    sourced = run([ask("A", 2)], shelves, places, PICKUP)
    line = sourced_line(ask("A", 2), [there(*shelf) for shelf in shelves], sourced, 0)
    assert line.best is not None
    assert line.fulfillable is True
    order = [line.best.value.location_id, *(one.value.location_id for one in line.alternatives)]
    assert order == ["near", "far", "few", "dc"]
    none = sourced_line(ask("A", 9), [there("A", "few", 1), there("A", "dc", 9)], sourced._replace(chosen=(None,)), 0)
    assert none.fulfillable is False
    assert none.best is not None
    assert none.best.value.location_id == "few"


NAMES = ["p1", "p2", "p3", "p4"]
SHELVES = st.dictionaries(
    st.tuples(st.sampled_from("ABC"), st.sampled_from([*NAMES, "moon"])), st.none() | st.integers(0, 6), max_size=12
)
PLACES = st.tuples(*(st.builds(place, st.just(name), st.none() | st.sampled_from([0.0, 0.1, 1.0])) for name in NAMES))
ASKS = st.lists(st.builds(ask, st.sampled_from("ABC"), st.integers(1, 5)), min_size=1, max_size=5)


@settings(max_examples=200)
@given(ASKS, SHELVES, PLACES, st.sampled_from([None, SHIPPING, PICKUP]))
def test_no_shelf_gives_more_than_it_has(
    asks: list[LineAsk],
    figures: dict[tuple[str, str], int | None],
    places: tuple[Location, ...],
    fulfillment: FulfillmentType | None,
) -> None:
    """Whatever is chosen fits on its shelf, comes from a known place, and does not depend on the candidates' order."""
    shelves = [(*shelf, figure) for shelf, figure in figures.items()]
    sourced = run(asks, shelves, list(places), fulfillment)
    taken: Counter[tuple[str, str]] = Counter()
    for line, chosen in zip(asks, sourced.chosen, strict=True):
        if chosen is not None:
            assert chosen in NAMES
            taken[line.sku, chosen] += int(line.quantity)
    assert all(quantity <= (figures[shelf] or 0) for shelf, quantity in taken.items())
    assert run(asks, shelves[::-1], list(places[::-1]), fulfillment) == sourced
    alone = [at for at in NAMES if all(_gives(asks, figures, at, sku) for sku in "ABC")]
    assert (len(set(sourced.chosen)) == 1 and None not in sourced.chosen) is bool(alone)


def _gives(asks: list[LineAsk], figures: dict[tuple[str, str], int | None], at: str, sku: str) -> bool:
    return sum(int(line.quantity) for line in asks if line.sku == sku) <= (figures.get((sku, at)) or 0)
