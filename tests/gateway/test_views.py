"""Views: what is cut out of a schema for an audience, and what goes with it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    GraphQLUnionType,
    assert_valid_schema,
    is_interface_type,
    is_object_type,
    print_schema,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audiences import coordinates, read_audiences
from gateway.schema import build_schema, print_sdl
from gateway.views import FINDING_AGAIN, NothingToSee, view_of
from resolvers.marks import TAGS, need_of, tagged, tags_of

STRAWBERRY = build_schema()
WHOLE: GraphQLSchema = STRAWBERRY._schema
ROOTS = ("Query", "Mutation", "Subscription")
SHIPPED = read_audiences()


def field(type_: Any, *tags: str) -> GraphQLField:
    """A field as Strawberry leaves it behind: what it was written as stands in its extensions."""
    return GraphQLField(type_, extensions={"strawberry-definition": SimpleNamespace(directives=tagged(*tags))})


def shop() -> GraphQLSchema:
    """Products anybody sees, orders, and books behind them that only finance sees."""
    node = GraphQLInterfaceType("Node", {"id": field(GraphQLString), "note": field(GraphQLString)})
    ledger = GraphQLObjectType("Ledger", {"sum": field(GraphQLString, "finance")})
    product = GraphQLObjectType(
        "Product", {"id": field(GraphQLString), "note": field(GraphQLString), "tax": field(ledger)}, [node]
    )
    order = GraphQLObjectType(
        "Order",
        {"id": field(GraphQLString), "note": field(GraphQLString, "service"), "ledger": field(ledger)},
        [node],
    )
    refusal = GraphQLObjectType("Refusal", {"why": field(GraphQLString)})
    found = GraphQLUnionType("Found", [product, refusal])
    entity = GraphQLUnionType(FINDING_AGAIN, [product, order])
    query = GraphQLObjectType(
        "Query",
        {
            "product": field(product, "catalog"),
            "order": field(order, "orders"),
            "books": field(ledger, "finance"),
            "find": field(found, "catalog"),
            "node": field(node, "lookup"),
            "_entities": field(entity, "federation"),
            "forgotten": field(product),
        },
    )
    mutation = GraphQLObjectType("Mutation", {"pay": field(order, "checkout")})
    return GraphQLSchema(query, mutation, types=[refusal])


def types_of(view: GraphQLSchema) -> set[str]:
    return {name for name in view.type_map if not name.startswith("__")} - {"String", "Boolean"}


def fields_of(view: GraphQLSchema, name: str) -> set[str]:
    type_: Any = view.type_map[name]
    return set(type_.fields)


def test_what_nothing_leads_to_goes() -> None:
    """Orders, the books behind products, a mutation without fields: with their fields their types are gone."""
    view = view_of(shop(), {"catalog", "lookup"})
    assert types_of(view) == {"Query", "Product", "Node", "Found", "Refusal"}
    assert fields_of(view, "Query") == {"product", "find", "node"}
    assert fields_of(view, "Product") == {"id", "note"}
    assert view.mutation_type is None


def test_an_untagged_root_field_is_seen_by_nobody() -> None:
    """Whoever forgets to say what a root field is about has not opened it."""
    assert "forgotten" not in fields_of(view_of(shop(), set(TAGS)), "Query")


def test_to_find_again_is_no_way_in() -> None:
    """What only implements an interface, or is only an entity, is not there; what is there can be found again."""
    view = view_of(shop(), {"catalog", "lookup", "federation"})
    assert [type_.name for type_ in view.get_possible_types(view.type_map["Node"])] == ["Product"]  # type: ignore[arg-type]
    assert [type_.name for type_ in view.get_possible_types(view.type_map[FINDING_AGAIN])] == ["Product"]  # type: ignore[arg-type]
    assert fields_of(view_of(shop(), {"finance", "lookup", "federation"}), "Query") == {"books"}


def test_an_interface_keeps_what_all_its_types_keep() -> None:
    """A field that is gone from one type cannot be promised of all; where that type is gone it can."""
    assert fields_of(view_of(shop(), {"catalog", "orders"}), "Node") == {"id"}
    assert fields_of(view_of(shop(), {"catalog"}), "Node") == {"id", "note"}
    assert fields_of(view_of(shop(), {"catalog", "orders", "service"}), "Node") == {"id", "note"}


def test_a_view_without_a_query_is_refused() -> None:
    """An audience that could ask nothing is a mistake, told before anybody is served."""
    with pytest.raises(NothingToSee, match="With the tags checkout there is nothing to ask"):
        view_of(shop(), {"checkout"})


def test_the_whole_schema_stays_as_it_is() -> None:
    """Cutting views out of it changes nothing of it."""
    before = print_schema(WHOLE)
    for audience in SHIPPED:
        view_of(WHOLE, audience.tags)
    assert print_schema(WHOLE) == before


def test_every_root_field_bears_a_tag() -> None:
    """One without would be there for nobody; @tag stands in the printed schema, for other composers."""
    assert [f"{root}.{name}" for root in ROOTS for name, one in field_map(root).items() if not tags_of(one)] == []
    assert '@tag(name: "catalog")' in print_sdl(STRAWBERRY)


def test_operations_see_everything() -> None:
    """Somebody does: what no audience sees would be dead."""
    assert coordinates(print_sdl(STRAWBERRY, view_of(WHOLE, SHIPPED.of("operations").tags))) == coordinates(
        print_sdl(STRAWBERRY)
    )


def test_every_scope_can_be_held_where_it_is_asked_for() -> None:
    """A field that an audience sees asks for no scope that none of its callers can have."""
    for audience in SHIPPED:
        view = view_of(WHOLE, audience.tags)
        can_have = audience.scopes | audience.scopes_on_request
        for type_ in view.type_map.values():
            for name, one in getattr(type_, "fields", {}).items():
                need = need_of(one) if isinstance(one, GraphQLField) else None
                if need is not None and need.scopes:
                    assert any(scopes <= can_have for scopes in need.scopes), f"{audience.name}: {type_.name}.{name}"


@settings(max_examples=40)
@given(st.sets(st.sampled_from(sorted(TAGS)), min_size=1))
def test_any_set_of_tags_makes_a_view(tags: set[str]) -> None:
    """It is a valid schema; all of it is in the whole one, with the same types; nothing tagged otherwise is left."""
    try:
        view = view_of(WHOLE, tags)
    except NothingToSee:
        ways_in = {name: one for name, one in field_map("Query").items() if name not in {"node", "_entities"}}
        assert not any(tags & tags_of(one) for one in ways_in.values())
        return
    assert_valid_schema(view)
    for name, type_ in view.type_map.items():
        if name.startswith("__") or not (is_object_type(type_) or is_interface_type(type_)):
            continue
        for field_name, one in type_.fields.items():
            original = field_map(name)[field_name]
            assert str(one.type) == str(original.type)
            assert list(one.args) == list(original.args)
            assert not tags_of(original) or tags_of(original) & tags, f"{name}.{field_name}"
            assert name not in ROOTS or tags_of(original)


def field_map(name: str) -> dict[str, GraphQLField]:
    type_: Any = WHOLE.type_map[name]
    fields: dict[str, GraphQLField] = type_.fields
    return fields
