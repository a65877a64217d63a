"""What an answer says of its own age."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.vocabulary import FreshnessTier, Reading, Rows, TooStale
from resolvers.provenance import PLACES_MAX, Provenance
from resolvers.reading import Made
from tests.resolvers.larder import open_larder
from tests.resolvers.world import ADA, BOB, GUEST, World

LIVE, FRESH, STALE_OK, DEGRADED = FreshnessTier
NOW = 1_000.0


def read(tier: FreshnessTier = LIVE, age_s: float = 0.0, max_age_s: float = 60.0) -> Reading[str]:
    return Reading("value", "oms:test", tier, NOW - age_s, max_age_s)


def told(*values: Any, within_s: int | None = None, whole: bool = True) -> tuple[Any, Sequence[Any]]:
    provenance = Provenance(NOW)
    shown = provenance.tell("place", values, within_s=within_s, whole=whole)
    return provenance.extensions().get("freshness"), shown


def test_the_worst_of_everything_is_told() -> None:
    """The worst tier, the oldest age, and the time at which the first part goes stale."""
    freshness, _ = told(read(FRESH, 40, 3600), [read(LIVE, 3, 5), None], Made("verdict", (read(STALE_OK, 1, 60),)))
    assert freshness == {"tier": "STALE_OK", "ageSeconds": 40, "maxAgeSeconds": 42, "paths": {"place": "STALE_OK"}}


@pytest.mark.parametrize(("age_s", "max_age_s"), [(0, 60), (59, 60), (90, 60), (0, 0), (1.5, 60)])
def test_one_reading_is_as_old_as_it_says(age_s: float, max_age_s: float) -> None:
    """An answer made of one reading has that reading's own age and time."""
    freshness, _ = told(read(FRESH, age_s, max_age_s))
    assert (freshness["ageSeconds"], freshness["maxAgeSeconds"]) == (int(age_s), int(max_age_s))


def test_a_clock_ahead_of_ours_makes_nothing_negative() -> None:
    """A reading from the future is no time old."""
    freshness, _ = told(read(LIVE, -5, 60))
    assert (freshness["ageSeconds"], freshness["maxAgeSeconds"]) == (0, 65)


def test_nothing_read_is_nothing_told() -> None:
    """Values without a reading, missing ones and failures have no freshness."""
    failure = TooStale("oms:test", age_s=2, max_stale_s=1)
    assert told("plain", None, failure, []) == (None, ["plain", None, failure, []])


def test_places_are_bounded() -> None:
    """Beyond the bound a place counts in the whole alone; one that is known already is still told the worst of."""
    provenance = Provenance(NOW)
    for number in range(PLACES_MAX + 5):
        provenance.tell(f"place{number}", [read()], within_s=None, whole=True)
    provenance.tell("beyond", [read(STALE_OK)], within_s=None, whole=True)
    provenance.tell("place0", [read(FRESH)], within_s=None, whole=True)
    lifetime = provenance.lifetime()
    assert lifetime is not None
    assert (len(lifetime.places), lifetime.places["place0"], lifetime.tier) == (PLACES_MAX, FRESH, STALE_OK)


def test_a_list_fails_once_where_it_may() -> None:
    """A list of which all is too old fails as a whole; of which some is, in those places."""
    _, ((old, young),) = told([read(age_s=9), read()], within_s=5)
    assert (type(old), young) == (TooStale, read())
    _, (whole,) = told([read(age_s=9), read(age_s=8)], within_s=5)
    assert type(whole) is TooStale
    _, (items,) = told([read(age_s=9), read(age_s=8)], within_s=5, whole=False)
    assert [type(item) for item in items] == [TooStale, TooStale]


async def test_paths_are_those_of_the_response(world: World) -> None:
    """One entry for each place that read something, by response names without list indices, fragments told apart."""
    document = """{
      products(skus: ["SKU-1", "SKU-2"]) { ...Stock }
      one: product(sku: "SKU-3") { ...Stock name }
    } fragment Stock on Product { stock: availability(locations: ["store-001"]) { status location { name } } }"""
    async with open_larder(world) as larder:
        _, freshness = await larder.ask(document)
        assert freshness["paths"] == dict.fromkeys(
            [f"{top}{field}" for top in ("products", "one") for field in ("", ".stock", ".stock.location")], "LIVE"
        )
        larder.now += 6
        _, freshness = await larder.ask(document)
    assert freshness["paths"]["products.stock"] == "STALE_OK"
    assert freshness["paths"]["one"] == "FRESH"
    assert (freshness["tier"], freshness["ageSeconds"], freshness["maxAgeSeconds"]) == ("STALE_OK", 6, 5)


async def test_an_empty_page_has_an_age() -> None:
    """A list with nothing in it was read too."""
    async with open_larder(World(orders_of_ada=[])) as larder:
        answer, freshness = await larder.ask('{ customer(id: "cust-00001") { orders { nodes { id } } } }')
    assert answer.data == {"customer": {"orders": {"nodes": []}}}
    assert freshness["paths"] == {"customer": "LIVE", "customer.orders": "LIVE"}


@pytest.mark.parametrize("caller", [BOB, GUEST], ids=["bob", "guest"])
async def test_what_is_hidden_is_not_told(world: World, caller: Any) -> None:
    """Whether somebody else's order exists cannot be read from the freshness of the answer."""
    async with open_larder(world) as larder:
        _, hidden = await larder.ask('{ order(id: "ord-000001") { id } }', caller)
        _, nowhere = await larder.ask('{ order(id: "ord-999999") { id } }', caller)
        _, own = await larder.ask('{ order(id: "ord-000001") { id } }', ADA)
    assert hidden == nowhere == {}
    assert own["paths"] == {"order": "FRESH"}


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 90)), min_size=1, max_size=8), st.integers(1, 3))
def test_rows_are_heard_as_their_readings_are(ages: list[tuple[int, int]], width: int) -> None:
    """What is told of them, and what is shown, is the same as of lists; and each is judged where an age is demanded."""
    readings = [read(FRESH, age_s, max_age_s) for age_s, max_age_s in ages]
    rows = Rows.of(readings, width)
    assert [one for row in rows for one in row] == readings
    heard, plain = Provenance(NOW), Provenance(NOW)
    shown = heard.tell("place", rows, within_s=None, whole=True)
    plain.tell("place", [list(row) for row in rows], within_s=None, whole=True)
    assert shown is rows
    assert all(one is row for one, row in zip(shown, rows, strict=True))
    assert heard.lifetime() == plain.lifetime()
    assert told(*rows)[0] == told(*map(list, rows))[0]  # each row by itself, as from an engine that asks one by one
    judged = heard.tell("place", rows, within_s=20, whole=True)
    assert repr(judged) == repr(plain.tell("place", [list(row) for row in rows], within_s=20, whole=True))
    assert heard.lifetime() == plain.lifetime()
