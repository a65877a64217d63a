"""What operations ask of whoever sends them, through fragments, interfaces, unions and conditions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    build_schema,
    get_named_type,
    is_abstract_type,
    is_object_type,
    parse,
    validate,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.permits import Held, Needed, lacking, needed
from resolvers.marks import Need

SCHEMA = build_schema(
    """
    interface Node { id: ID! }
    type Order implements Node { id: ID! number: String posting: Posting customer: Customer }
    type Customer implements Node { id: ID! name: String account: String orders: [Order] }
    type Product implements Node { id: ID! name: String cost: Int }
    type Posting { document: String order: Order }
    union Found = Order | Product
    type Query { order: Order customer: Customer product: Product node: Node search: [Found] }
    type Mutation { cancel: Order }
    """
)
FINANCE, CANCELS = Need(scopes=(frozenset({"finance:read"}),)), Need(authenticated=True)
NEEDS = {
    "Order.posting": FINANCE,
    "Customer.account": FINANCE,
    "Product.cost": Need(scopes=(frozenset({"finance:read", "costs:read"}), frozenset({"audit"}))),
    "Mutation.cancel": CANCELS,
    "Order.id": CANCELS,
}


def asked(text: str) -> tuple[Needed, ...]:
    document = parse(text)
    (operation,) = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    return needed(SCHEMA, document, operation, NEEDS)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{ product { name } order { number } }", []),
        ("{ order { posting { document } } }", ["order.posting"]),
        ("{ node { id } }", ["node.id"]),
        ("{ node { ... on Product { id } ... on Customer { account } } }", ["node.account"]),
        ("{ search { ... on Node { id } } }", ["search.id"]),
        ("query Q($no: Boolean!) { order { posting @skip(if: $no) { document } } }", ["order.posting"]),
        ("query Q($no: Boolean!) { ...F @include(if: $no) } fragment F on Query { product { cost } }",
         ["product.cost"]),
        ("{ a: order { x: posting { document } } b: order { ...O } } fragment O on Order { posting { document } }",
         ["a.x", "b.posting"]),
        ("mutation { cancel { number } }", ["cancel"]),
    ],
)  # fmt: skip
def test_every_place_is_found(text: str, found: list[str]) -> None:
    """Aliases, type conditions, unions, interfaces and conditions hide nothing, and nothing is told twice."""
    assert not validate(SCHEMA, parse(text))
    assert [".".join(one.path) for one in asked(text)] == found


def test_a_place_says_the_way_and_where_it_stands() -> None:
    """The response path, the fragments that lead to it, and the line of the text."""
    (place,) = asked(
        "{ order { ...A } }\nfragment A on Order { ...B }\nfragment B on Order {\n  posting { document } }"
    )
    assert place.place == "order.posting (through ...A ...B)"
    assert (place.coordinate, place.line, place.column) == ("Order.posting", 4, 3)


KNOWN = Held(identified=True)


@pytest.mark.parametrize(
    ("text", "held", "code", "missing"),
    [
        ("{ order { number } }", Held(), None, ()),
        ("{ order { posting { document } } }", Held(), "UNAUTHENTICATED", ("finance:read",)),
        ("{ order { posting { document } } }", KNOWN, "FORBIDDEN", ("finance:read",)),
        ("{ order { posting { document } } }", Held(scopes=frozenset({"finance:read"})), None, ()),
        ("mutation { cancel { number } }", Held(), "UNAUTHENTICATED", ()),
        ("mutation { cancel { number } }", KNOWN, None, ()),
        ("{ product { cost } }", KNOWN, "FORBIDDEN", ("audit",)),
        ("{ product { cost } }", Held(True, frozenset({"costs:read"})), "FORBIDDEN", ("audit",)),
        ("{ product { cost } }", Held(True, frozenset({"costs:read", "finance:read"})), None, ()),
        ("{ product { cost } }", Held(True, frozenset({"audit"})), None, ()),
    ],
)
def test_what_is_lacking(text: str, held: Held, code: str | None, missing: tuple[str, ...]) -> None:
    """One way in is enough, every scope of it is needed, and the nearest is named; strangers are asked who they are."""
    found = lacking(asked(text), held)
    assert [(one.code, one.scopes) for one in found] == ([] if code is None else [(code, missing)])


_FRAGMENTS = ("Query", "Order", "Customer", "Product", "Node")


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A document over the schema. A fragment uses later ones only, so none goes round in circles."""
    numbers = iter(range(10_000))

    def selection(type_name: str, depth: int, after: int) -> str:
        type_: Any = SCHEMA.type_map[type_name]
        parts = ["__typename"]
        for _ in range(draw(st.integers(1, 3))):
            fields = [] if type_name == "Found" else sorted(type_.fields)
            choices = [*fields, *(["..."] if depth else []), *(["...F"] if after < len(_FRAGMENTS) else [])]
            choice = draw(st.sampled_from(choices)) if choices else "__typename"
            if choice == "...":
                on = draw(st.sampled_from(["Order", "Customer", "Product", "Node"]))
                parts.append(f"... on {on} {{ {selection(on, depth - 1, after)} }}")
            elif choice == "...F":
                parts.append(f"...F{draw(st.integers(after, len(_FRAGMENTS) - 1))}")
            elif choice != "__typename":
                below = get_named_type(type_.fields[choice].type)
                leaf = not (is_object_type(below) or is_abstract_type(below))
                if leaf or depth:
                    inside = "" if leaf else f" {{ {selection(below.name, depth - 1, after)} }}"
                    alias = f"a{next(numbers)}: " if draw(st.booleans()) else ""
                    parts.append(f"{alias}{choice}{inside}")
        return " ".join(parts)

    text = f"query {{ {selection('Query', 4, 0)} }}"
    for place, on in enumerate(_FRAGMENTS):
        text += f" fragment F{place} on {on} {{ {selection(on, 3, place + 1)} }}"
    return text


def naively(text: str) -> set[tuple[tuple[str, ...], str]]:
    """Every marked field of every answer there could be: one type at a time, with fragments written out."""
    document = parse(text)
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    (operation,) = (one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    query: Any = SCHEMA.query_type
    found = _answers(operation.selection_set, query, (), fragments)
    return {(path, coordinate) for path, coordinate in found if coordinate in NEEDS}


def _answers(
    selected: SelectionSetNode,
    here: GraphQLObjectType,
    path: tuple[str, ...],
    fragments: Mapping[str, FragmentDefinitionNode],
) -> Iterator[tuple[tuple[str, ...], str]]:
    for node in selected.selections:
        if isinstance(node, FieldNode):
            field = here.fields.get(node.name.value)
            if field is None:
                continue
            place = (*path, (node.alias or node.name).value)
            yield place, f"{here.name}.{node.name.value}"
            below: Any = get_named_type(field.type)
            for type_ in SCHEMA.get_possible_types(below) if is_abstract_type(below) else [below]:
                if node.selection_set is not None:
                    yield from _answers(node.selection_set, type_, place, fragments)
            continue
        inner: Any = node if isinstance(node, InlineFragmentNode) else fragments[node.name.value]  # type: ignore[attr-defined]  # a spread
        on: Any = SCHEMA.type_map[inner.type_condition.name.value]
        if on is here or (is_abstract_type(on) and SCHEMA.is_sub_type(on, here)):
            yield from _answers(inner.selection_set, here, path, fragments)


@given(documents())
@settings(max_examples=150)
def test_no_document_hides_anything(text: str) -> None:
    """Whatever a document looks like, exactly those places are found that some answer to it would hold."""
    assert {(one.path, one.coordinate) for one in asked(text)} == naively(text)
