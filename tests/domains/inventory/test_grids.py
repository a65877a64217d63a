"""A grid says what a promiser says, row by row, and hands out the same rows as long as it was told the same."""

from decimal import Decimal
from itertools import product

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domains.inventory import AvailabilitySemantics, Grids, Promiser, StockKey, StockPosition, promise
from domains.vocabulary import FreshnessTier, FulfillmentType, LocationId, Reading, Row, Rows, Sku

SKUS = [Sku("SKU-1"), Sku("SKU-2")]
PLACES = [LocationId("store-1"), LocationId("store-2"), LocationId("store-3")]


def stock(number: int, tier: FreshnessTier = FreshnessTier.FRESH, observed_at: float = 100.0) -> Reading[StockPosition]:
    position = StockPosition(
        sku=Sku("SKU-1"),
        semantics=AvailabilitySemantics.SELLABLE,
        available_to_promise=Decimal(number),
        pick_up_time="PT2H",
    )
    return Reading(position, "oms:test", tier, observed_at, 5.0)


FRESH = [stock(number) for number in range(6)]


@given(
    st.lists(st.lists(st.integers(0, 9), min_size=6, max_size=6), max_size=6), st.sampled_from([None, *FulfillmentType])
)
def test_its_rows_are_what_is_promised(asked: list[list[int]], way: FulfillmentType | None) -> None:
    """Whatever was found before, fresh or not, or nothing at all."""
    tiers = [FreshnessTier.FRESH] * 3 + list(FreshnessTier)
    known: list[Reading[StockPosition] | None] = [stock(number, tier) for number, tier in enumerate(tiers)]
    known += [None] * 3
    grids, promiser = Grids(), Promiser()
    for numbers in asked:
        found = [known[number] for number in numbers]
        rows = grids.of(SKUS, PLACES, way).rows(found, promiser)
        promised = [one and promise(one, way) for one in found]
        assert [list(row) for row in rows] == [promised[:3], promised[3:]]


def test_the_same_readings_are_the_same_rows() -> None:
    """By identity: one that is read anew, even an equal one, makes new rows, and only those."""
    grids, promiser = Grids(), Promiser()
    grid = grids.of(SKUS, PLACES, None)
    rows = grid.rows(FRESH, promiser)
    assert type(rows) is Rows
    assert {type(row) for row in rows} == {Row}
    assert grids.of(list(SKUS), list(PLACES), None).rows(list(FRESH), promiser) is rows
    others = grid.rows([*FRESH[:5], replace(FRESH[5])], promiser)
    assert others is not rows
    assert others == rows
    assert grid.rows(FRESH, promiser) is not others


def test_rows_know_the_oldest_and_the_first_to_go_stale() -> None:
    """Which need not be the same reading."""
    found = [stock(1, observed_at=50.0), replace(stock(2), max_age_s=1.0), *FRESH[:4]]
    found[0] = replace(found[0], max_age_s=99.0)
    rows = Grids().of(SKUS, PLACES, None).rows(found, Promiser())
    assert type(rows) is Rows
    assert (rows.observed_at, rows.fresh_until) == (50.0, 101.0)


def test_what_is_not_fresh_makes_no_rows() -> None:
    """It is made for one request, and would never be found again."""
    stale = [*FRESH[:5], stock(5, FreshnessTier.STALE_OK)]
    rows = Grids().of(SKUS, PLACES, None).rows(stale, Promiser())
    assert [type(row) for row in rows] == [list, list]


def test_a_grid_is_asked_product_by_product() -> None:
    """The network is a place like any other, and another way of handing over another question."""
    grids = Grids()
    assert list(grids.of(SKUS, PLACES, None).keys) == [StockKey(*pair) for pair in product(SKUS, PLACES)]
    assert list(grids.of(SKUS, [None], None).keys) == [StockKey(sku, None) for sku in SKUS]
    assert grids.of(SKUS, PLACES, None) is grids.of(SKUS, PLACES, None)
    assert grids.of(SKUS, PLACES, FulfillmentType.PICKUP) is not grids.of(SKUS, PLACES, None)


def test_no_more_is_remembered_than_may_be() -> None:
    """Then all is forgotten but what is asked just now."""
    grids = Grids(positions_max=10)
    first = grids.of(SKUS, PLACES, None)
    assert grids.of(SKUS, PLACES, None) is first
    second = grids.of(SKUS[:1], PLACES, FulfillmentType.PICKUP)
    assert grids.of(SKUS, PLACES, None) is first
    third = grids.of(SKUS[1:], PLACES, None)
    assert grids.of(SKUS[1:], PLACES, None) is third
    assert grids.of(SKUS[:1], PLACES, FulfillmentType.PICKUP) is not second
