"""Ids: what they name, and what a federating router may refer to."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.vocabulary import InvalidInput, SystemRole, UpstreamTimeout
from resolvers.identity import NODE_TYPES, native_id, public_id
from tests.resolvers.world import ADA, ASSOCIATE, BOB, OPERATIONS, World

IDS = {
    "Product": "SKU-1",
    "Location": "store-001",
    "Customer": "cust-00001",
    "LoyaltyMembership": "mem-00001",
    "LoyaltyRedemption": "red-1",
    "InventoryReservation": "rsv-1",
    "Order": "ord-000001",
    "ReturnAuthorization": "ret-000001",
    "Flow": "flow-1",
    "BusinessException": "exception-1",
    "Reconciliation": "reconciliation-1",
}
ENTITIES = "query($refs: [_Any!]!) { _entities(representations: $refs) { __typename ... on Node { id } } }"


@pytest.mark.parametrize("type_name", NODE_TYPES)
async def test_an_id_finds_its_node_again(world: World, type_name: str) -> None:
    """The id of every node type leads back to the same object."""
    id_ = f"{type_name}:{IDS[type_name]}"
    data = await world.data("query($id: ID!) { node(id: $id) { __typename id } }", OPERATIONS, id=id_)
    assert data["node"] == {"__typename": type_name, "id": id_}


@pytest.mark.parametrize("id_", ["ord-000001", "Nothing:1", "Order:", "", "Order:a\nb", "Order:" + "x" * 256])
async def test_an_id_that_names_nothing_is_refused(world: World, id_: str) -> None:
    """An id without a type or without a name is wrong input."""
    answer = await world.ask("query($id: ID!) { node(id: $id) { id } }", id=id_)
    assert answer.code == "BAD_USER_INPUT"
    assert world.calls() == {}


async def test_what_is_not_there_is_null(world: World) -> None:
    """A well-formed id of nothing is null, and no error."""
    assert await world.data('{ node(id: "Order:none") { id } order(id: "none") { id } }') == {
        "node": None,
        "order": None,
    }


@given(type_name=st.sampled_from(NODE_TYPES), native=st.text(min_size=1, max_size=255).filter(str.isprintable))
def test_public_and_bare_ids_are_taken(type_name: str, native: str) -> None:
    """A public id gives its native one back, a bare one stands for itself, another type's is refused."""
    assert native_id(type_name, public_id(type_name, native)) == native
    other = next(name for name in NODE_TYPES if name != type_name)
    with pytest.raises(InvalidInput):
        native_id(type_name, public_id(other, native), "id")
    if native.partition(":")[0] not in NODE_TYPES:
        assert native_id(type_name, native) == native


@pytest.mark.parametrize("type_name", ["Product", "Location", "Customer", "LoyaltyMembership", "Order"])
async def test_500_references_of_one_type_are_one_call(world: World, type_name: str) -> None:
    """References come back in order, unknown ones as null, from one upstream call for all of them."""
    key, real = ("sku", "SKU-7") if type_name == "Product" else ("id", IDS[type_name])
    refs = [{"__typename": type_name, key: f"none-{number}"} for number in range(499)]
    refs.insert(250, {"__typename": type_name, key: f"{type_name}:{real}" if key == "id" else real})
    data = await world.data(ENTITIES, refs=refs)
    assert list(world.calls().values()) == [1]
    found = data["_entities"]
    assert found[250] == {"__typename": type_name, "id": f"{type_name}:{real}"}
    assert found[:250] + found[251:] == [None] * 499


async def test_references_of_several_types_keep_their_order(world: World) -> None:
    """Mixed references are asked once per type and answered in the order they came."""
    refs = [
        {"__typename": name, "sku" if name == "Product" else "id": IDS[name]}
        for name in ("Order", "Product", "ReturnAuthorization", "Customer", "Order")
    ]
    data = await world.data(ENTITIES, ASSOCIATE, refs=refs)
    assert [entity["__typename"] for entity in data["_entities"]] == [ref["__typename"] for ref in refs]
    assert set(world.calls().values()) == {1}


WRONG: list[tuple[Any, str]] = [
    ({"__typename": "Product"}, "sku"),
    ({"__typename": "Product", "sku": None}, "sku"),
    ({"__typename": "Product", "sku": 12}, "sku"),
    ({"__typename": "Order", "id": "Customer:cust-00001"}, "id"),
    ({"__typename": "Nothing", "id": "1"}, "__typename"),
    ({"__typename": "Freshness", "id": "1"}, "__typename"),
    ({"__typename": ["Order"], "id": "1"}, "__typename"),
    ({"id": "1"}, "__typename"),
    ("Order", "__typename"),
]


@pytest.mark.parametrize(("wrong", "member"), WRONG)
async def test_a_wrong_reference_spoils_only_itself(world: World, wrong: Any, member: str) -> None:
    """A reference without its key, or of an unknown type, is a coded error in its place; the others are answered."""
    good = {"__typename": "Product", "sku": "SKU-1"}
    answer = await world.ask(ENTITIES, refs=[good, wrong, good])
    product = {"__typename": "Product", "id": "Product:SKU-1"}
    assert answer.data == {"_entities": [product, None, product]}
    (error,) = answer.errors
    extensions: Any = error["extensions"]
    assert extensions["code"] == "BAD_USER_INPUT"
    assert ["representations", 1, member] in extensions.values()


async def test_a_router_sees_no_more_than_its_caller(world: World) -> None:
    """References to somebody else's objects are null, as they are at the front door."""
    refs = [{"__typename": name, "id": IDS[name]} for name in ("Customer", "LoyaltyMembership", "Order")]
    assert (await world.data(ENTITIES, BOB, refs=refs))["_entities"] == [None, None, None]
    assert None not in (await world.data(ENTITIES, ADA, refs=refs))["_entities"]


async def test_one_system_down_leaves_the_other_references(world: World) -> None:
    """When the system behind one type is down, references of other types are answered."""
    world.fail(UpstreamTimeout(SystemRole.OMS, "orders"), "orders")
    refs = [{"__typename": "Order", "id": "ord-000001"}, {"__typename": "Product", "sku": "SKU-1"}]
    answer = await world.ask(ENTITIES, refs=refs)
    assert answer.data == {"_entities": [None, {"__typename": "Product", "id": "Product:SKU-1"}]}
    assert answer.code == "UPSTREAM_TIMEOUT"


async def test_too_many_references_are_refused(world: World) -> None:
    """More than 1,000 references are wrong input."""
    answer = await world.ask(ENTITIES, refs=[{"__typename": "Product", "sku": "SKU-1"}] * 1001)
    assert answer.code == "BAD_USER_INPUT"
