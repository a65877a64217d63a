"""@maxStale: how old a field's value may be, and what happens when it is older."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from domains.vocabulary import SystemRole, UpstreamTimeout
from gateway.engine import Answer
from resolvers.directives import MAX_STALE_S
from tests.resolvers.larder import Larder, open_larder
from tests.resolvers.world import ASSOCIATE, BOB, World

STOCK = '{{ product(sku: "SKU-1") {{ sku availability{0} {{ availableToPromise status freshness {{ tier }} }} }} }}'
DOWN = UpstreamTimeout(SystemRole.OMS, "stock")


@pytest.fixture
async def larder(world: World) -> AsyncIterator[Larder]:
    async with open_larder(world) as larder:
        yield larder


def codes(answer: Answer) -> list[Any]:
    return [error["extensions"]["code"] for error in answer.errors]  # type: ignore[index]  # it is a mapping


def calls(larder: Larder, name: str) -> int:
    return larder.world.calls().get(name, 0)


async def test_what_is_young_enough_is_served_from_the_cache(larder: Larder) -> None:
    """A kept answer within the demand costs no call."""
    await larder.ask(STOCK.format(""))
    larder.now += 3
    answer, freshness = await larder.ask(STOCK.format(" @maxStale(seconds: 3)"))
    assert (answer.errors, calls(larder, "inventory.stock")) == ((), 1)
    assert freshness["paths"]["product.availability"] == "FRESH"


async def test_what_is_too_old_is_asked_for_again(larder: Larder) -> None:
    """An answer that its policy calls fresh is read anew for whoever demands a fresher one, and kept for all."""
    await larder.ask(STOCK.format(""))
    larder.now += 4
    answer, freshness = await larder.ask(STOCK.format(" @maxStale(seconds: 3)"))
    assert (answer.errors, calls(larder, "inventory.stock")) == ((), 2)
    assert freshness["paths"] == {"product": "FRESH", "product.availability": "LIVE"}
    _, freshness = await larder.ask(STOCK.format(""))
    assert (freshness["paths"]["product.availability"], calls(larder, "inventory.stock")) == ("FRESH", 2)


async def test_what_stays_too_old_is_a_typed_fault(larder: Larder) -> None:
    """When the source fails, what would stand in for it is null with TOO_STALE: the limit, the age and the source."""
    await larder.ask(STOCK.format(""))
    larder.now += 20
    larder.world.fail(DOWN, "inventory.stock")
    answer, freshness = await larder.ask(STOCK.format(" @maxStale(seconds: 10)"))
    assert answer.data == {"product": {"sku": "SKU-1", "availability": None}}
    (fault,) = answer.errors
    assert fault["path"] == ["product", "availability"]
    assert fault["extensions"] == {
        "code": "TOO_STALE",
        "maxStaleSeconds": 10,
        "ageSeconds": 20,
        "source": "oms:test",
        "retryable": True,
    }
    assert freshness["paths"] == {"product": "FRESH"}
    answer, _ = await larder.ask(STOCK.format(" @maxStale(seconds: 30)"))
    assert answer.errors == ()


async def test_a_source_that_lags_behind_is_too_old_even_live(larder: Larder) -> None:
    """What the source itself has not looked at lately does not become young by being asked for."""
    larder.lag_s = 60
    answer, _ = await larder.ask(STOCK.format(" @maxStale(seconds: 10)"))
    assert codes(answer) == ["TOO_STALE"]


async def test_a_blink_is_no_age(larder: Larder) -> None:
    """Asked live, a system whose clock is a little behind ours is fresh enough for any demand."""
    larder.lag_s = 0.9
    answer, _ = await larder.ask(STOCK.format(" @maxStale(seconds: 0)"))
    assert answer.errors == ()


async def test_without_anything_to_stand_in_the_system_is_blamed(larder: Larder) -> None:
    """A read that failed with nothing kept is the system's own fault, not a stale answer."""
    larder.world.fail(DOWN, "inventory.stock")
    answer, _ = await larder.ask(STOCK.format(" @maxStale(seconds: 10)"))
    assert codes(answer) == ["UPSTREAM_TIMEOUT"]


async def test_it_holds_for_its_field_alone(larder: Larder) -> None:
    """A demand on a parent says nothing of the fields inside it."""
    await larder.ask(STOCK.format(""))
    larder.now += 20
    larder.world.fail(DOWN, "inventory.stock")
    answer, _ = await larder.ask(STOCK.format("").replace('"SKU-1")', '"SKU-1") @maxStale(seconds: 0)'))
    assert answer.errors == ()
    assert (calls(larder, "products.by_sku"), answer.data is None) == (2, False)


async def test_two_demands_on_one_level_are_one_call(larder: Larder) -> None:
    """Different demands on different fields of a level, and on two aliases of one read, cost one upstream call each."""
    document = """{ products(skus: ["SKU-1", "SKU-2"]) {
      a: availability @maxStale(seconds: 5) { status } b: availability @maxStale(seconds: 60) { status }
      returnPolicy @maxStale(seconds: 600) { windowDays } } }"""
    expected = dict.fromkeys(["products.by_sku", "inventory.stock", "returns.policies"], 1)
    answer, _ = await larder.ask(document)
    assert (answer.errors, larder.world.calls()) == ((), expected)
    larder.now += 8
    await larder.ask(document)
    assert larder.world.calls() == expected | {"inventory.stock": 2}


async def test_the_strictest_of_merged_fields_counts(larder: Larder) -> None:
    """A field selected twice is as fresh as the stricter selection asks."""
    await larder.ask(STOCK.format(""))
    larder.now += 3
    both = '{ product(sku: "SKU-1") { availability { status } availability @maxStale(seconds: 2) { sku } } }'
    await larder.ask(both)
    assert calls(larder, "inventory.stock") == 2


async def test_a_list_fails_by_item_where_it_may_not_be_null(larder: Larder) -> None:
    """In a list that is never null each item that is too old is null with a fault of its own."""
    document = '{ products(skus: ["SKU-1", "SKU-2"]) @maxStale(seconds: 1) { sku } }'
    larder.lag_s = 5
    answer, freshness = await larder.ask(document)
    assert (answer.data, codes(answer)) == ({"products": [None, None]}, ["TOO_STALE"] * 2)
    assert freshness == {}


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ('{ customer(id: "cust-00001") { accountStatus @maxStale(seconds: 1) } }', "accountStatus"),
        ('{ customer(id: "cust-00001") { orders @maxStale(seconds: 1) { nodes { id } } } }', "orders"),
        ('{ order(id: "ord-000001") { returnableLines @maxStale(seconds: 1) { quantity } } }', "returnableLines"),
        ('{ order(id: "ord-000001") { returns @maxStale(seconds: 1) { id } } }', "returns"),
        ("{ locations @maxStale(seconds: 1) { nodes { id } } }", "locations"),
    ],
)
async def test_what_is_worked_out_is_as_old_as_what_it_is_made_of(larder: Larder, document: str, place: str) -> None:
    """A verdict, a page and a single word are too old when the readings behind them are."""
    larder.lag_s = 5
    answer, _ = await larder.ask(document)
    assert (codes(answer), answer.errors[0]["path"][-1]) == (["TOO_STALE"], place)  # type: ignore[index]  # a list
    larder.now += 10
    larder.lag_s = 0
    answer, _ = await larder.ask(document)
    assert answer.errors == ()


async def test_it_does_not_tell_what_is_hidden(larder: Larder) -> None:
    """Somebody else's order is null without a fault, however fresh it was asked for and however old it is."""
    larder.lag_s = 5
    asked = '{{ order(id: "{}") @maxStale(seconds: 0) {{ id }} }}'
    hidden, freshness = await larder.ask(asked.format("ord-000001"), BOB)
    nowhere, _ = await larder.ask(asked.format("ord-999999"), BOB)
    assert hidden == nowhere
    assert (hidden.data, freshness) == ({"order": None}, {})


@pytest.mark.parametrize("seconds", [-1, MAX_STALE_S + 1])
async def test_a_number_out_of_range_is_refused(larder: Larder, seconds: int) -> None:
    """Written out it does not validate; in a variable it is wrong input. Nothing is read."""
    answer, _ = await larder.ask(f'{{ product(sku: "SKU-1") @maxStale(seconds: {seconds}) {{ sku }} }}')
    assert (answer.is_request_error, answer.code) == (True, "GRAPHQL_VALIDATION_FAILED")
    document = 'query($s: Int!) { product(sku: "SKU-1") @maxStale(seconds: $s) { sku } }'
    answer, _ = await larder.ask(document, s=seconds)
    assert (answer.data, codes(answer)) == ({"product": None}, ["BAD_USER_INPUT"])
    assert answer.errors[0]["extensions"]["inputPath"] == ["maxStale", "seconds"]  # type: ignore[index]  # a mapping
    assert larder.world.calls() == {}
    answer, _ = await larder.ask(document.replace("Int!", "Int = 5"), s=None)
    assert codes(answer) == ["BAD_USER_INPUT"]
    answer, _ = await larder.ask(document, s=MAX_STALE_S)
    assert answer.errors == ()


@pytest.mark.parametrize(
    "document",
    [
        '{ product(sku: "SKU-1") { name @maxStale(seconds: 5) } }',
        "{ __typename @maxStale(seconds: 5) }",
        """mutation { loyaltyRedemptionVoid(input: {redemptionId: "red-1", idempotencyKey: "k"}) @maxStale(seconds: 5) {
          __typename } }""",
    ],
)
async def test_it_is_refused_where_it_would_do_nothing(world: World, document: str) -> None:
    """On a field that asks no system, and on a write, @maxStale does not validate."""
    answer = await world.ask(document, ASSOCIATE)
    assert (answer.code, world.calls()) == ("GRAPHQL_VALIDATION_FAILED", {})
