"""Availability and locations: what may be asked, and in which order it is answered."""

from typing import Any

import pytest

from domains.vocabulary import SystemRole, UpstreamTimeout
from tests.resolvers.goods import location
from tests.resolvers.world import World


async def test_products_come_in_the_order_they_were_asked_for(world: World) -> None:
    """Products stand in the order of their SKUs, repeats included, null where there is none."""
    data = await world.data('{ products(skus: ["SKU-3", "NO-1", "SKU-1", "SKU-3"]) { sku } }')
    assert data["products"] == [{"sku": "SKU-3"}, None, {"sku": "SKU-1"}, {"sku": "SKU-3"}]


async def test_without_locations_the_whole_network_answers(world: World) -> None:
    """Without locations there is one answer, for the network, whose location is null."""
    data = await world.data('{ product(sku: "SKU-1") { availability { location { id } availableToPromise } } }')
    assert data["product"]["availability"] == [{"location": None, "availableToPromise": "40"}]


async def test_a_location_tells_its_stock(world: World) -> None:
    """A location answers once per SKU in order, null where nothing is known."""
    data = await world.data('{ location(id: "store-002") { stock(skus: ["SKU-1", "NO-1"]) { sku location { id } } } }')
    assert data["location"]["stock"] == [{"sku": "SKU-1", "location": {"id": "Location:store-002"}}, None]


async def test_a_basket_finds_its_best_place(world: World) -> None:
    """A basket is answered line by line, with the place that fulfils and the alternatives."""
    data = await world.data(
        """{ availability(lines: [{sku: "SKU-1", quantity: "7"}, {sku: "SKU-1", quantity: "7.001"},
            {sku: "NO-1", quantity: 1}], locations: ["store-001", "store-002"]) {
          sku requested fulfillable best { status } alternatives { location { id } } } }"""
    )
    enough, too_much, unknown = data["availability"]
    assert (enough["fulfillable"], too_much["fulfillable"], unknown["fulfillable"]) == (True, False, None)
    assert enough["requested"] == "7"
    assert enough["alternatives"] == [{"location": {"id": "Location:store-002"}}]
    assert unknown["best"] is None


MANY = [f"SKU-{number}" for number in range(101)]
PLACES = [f"store-{number}" for number in range(51)]

WRONG: list[tuple[str, dict[str, Any], list[str | int]]] = [
    ("query($skus: [String!]!) { products(skus: $skus) { sku } }", {"skus": MANY}, ["skus"]),
    ('{ products(skus: ["SKU-1", " "]) { sku } }', {}, ["skus", 1]),
    ('{ product(sku: "") { sku } }', {}, ["sku"]),
    (
        'query($at: [ID!]) { product(sku: "SKU-1") { availability(locations: $at) { sku } } }',
        {"at": PLACES},
        ["locations"],
    ),
    ('{ product(sku: "SKU-1") { availability(locations: []) { sku } } }', {}, ["locations"]),
    ('{ product(sku: "SKU-1") { availability(locations: ["store-001", "Order:x"]) { sku } } }', {}, ["locations", 1]),
    ("{ availability(lines: []) { sku } }", {}, ["lines"]),
    ('{ availability(lines: [{sku: "SKU-1", quantity: 0}]) { sku } }', {}, ["lines", 0, "quantity"]),
    ('{ availability(lines: [{sku: "SKU-1", quantity: 1}, {sku: "", quantity: 1}]) { sku } }', {}, ["lines", 1, "sku"]),
    ("{ locations(near: {latitude: 91, longitude: 0}) { nodes { id } } }", {}, ["near", "latitude"]),
    ("{ locations(radiusKm: 5) { nodes { id } } }", {}, ["radiusKm"]),
    ('{ location(id: "Product:SKU-1") { id } }', {}, ["id"]),
]


@pytest.mark.parametrize(("document", "variables", "path"), WRONG)
async def test_wrong_input_is_told_with_its_place(
    world: World, document: str, variables: dict[str, Any], path: list[str | int]
) -> None:
    """Input that cannot be answered is BAD_USER_INPUT, says where, and reaches no stock system."""
    answer = await world.ask(document, **variables)
    (error,) = answer.errors
    extensions: Any = error["extensions"]
    assert extensions["code"] == "BAD_USER_INPUT"
    assert path in extensions.values()
    assert "inventory.stock" not in world.calls()


async def test_too_many_positions_are_refused_before_they_are_read(world: World) -> None:
    """Products times locations are at most 2,000, in a basket and on a page alike."""
    variables: dict[str, Any] = {
        "skus": MANY[:60],
        "at": PLACES[:40],
        "lines": [{"sku": sku, "quantity": 1} for sku in MANY[:60]],
    }
    page = "query($skus: [String!]!, $at: [ID!]) { products(skus: $skus) { availability(locations: $at) { sku } } }"
    basket = (
        "query($lines: [AvailabilityLineInput!]!, $at: [ID!]) { availability(lines: $lines, locations: $at) { sku } }"
    )
    for document in (page, basket):
        answer = await world.ask(document, **variables)
        assert {error["message"] for error in answer.errors} == {
            "2400 stock positions are asked for (products times locations); 2000 are the most."
        }
    assert "inventory.stock" not in world.calls()
    assert (await world.ask(page, skus=MANY[:50], at=PLACES[:40])).errors == ()


async def test_nearest_locations_come_first(world: World) -> None:
    """Locations near a point come nearest first, and a radius leaves out the rest."""
    document = "{ locations(near: {latitude: 53.1, longitude: 8}, radiusKm: 220) { nodes { name } } }"
    data = await world.data(document)
    assert [node["name"] for node in data["locations"]["nodes"]] == ["Store 3", "Store 4", "Store 2", "Store 5"]


async def test_a_closed_location_ends_its_walk() -> None:
    """A cursor whose location has left the list is refused, rather than beginning again in silence."""
    before, after = World(), World(shops=[location(number) for number in (1, 3)])
    page = await before.data("{ locations(first: 2) { pageInfo { endCursor } } }")
    document = "query($after: String) { locations(first: 2, after: $after) { nodes { id } } }"
    answer = await after.ask(document, after=page["locations"]["pageInfo"]["endCursor"])
    assert answer.code == "BAD_USER_INPUT"


async def test_one_part_that_failed_leaves_the_other_parts(world: World) -> None:
    """Two aliases that ask different Fetches fail apart."""
    world.fail(UpstreamTimeout(SystemRole.OMS, "locations"), "inventory.locations")
    answer = await world.ask(
        '{ product(sku: "SKU-1") { availability(locations: ["store-001"]) { status location { id } } } }'
    )
    assert answer.data == {"product": {"availability": [{"status": "IN_STOCK", "location": None}]}}
