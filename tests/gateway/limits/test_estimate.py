"""What operations may cost, by their text and their variables."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from graphql import OperationDefinitionNode, build_schema, parse, validate
from hypothesis import given, settings
from hypothesis import strategies as st

from domains.vocabulary import ServingTier, SystemRole
from gateway import schema as product
from gateway.limits import Cost, Priced, estimate
from gateway.paths import Served, touches

ERP, OMS = SystemRole.ERP, SystemRole.OMS
SCHEMA = build_schema(
    """
    type Product { sku: ID stock(at: [ID!]): [Stock] names: [String] parts: [Product] books: Books }
    type Stock { count: Int place: Place }
    type Place { name: String stocked(skus: [ID!]!): [Stock] }
    type Books { name: String }
    type Page { nodes: [Product!]! edges: [Edge] total: Int }
    type Edge { node: Product }
    union Thing = Product | Place
    type Query {
      products(skus: [ID!]!): [Product]
      page(first: Int! = 20, after: String): Page
      things: [Thing]
      product: Product
      stock(skus: [ID!]!, at: [ID!]!): [Stock]
    }
    """
)
DECLARED = {
    "Query.product": (Served(frozenset({ERP}), ServingTier.PROJECTION),),
    "Query.products": (Served(frozenset({ERP}), ServingTier.PROJECTION),),
    "Query.page": (Served(frozenset({OMS}), ServingTier.LIVE),),
    "Query.stock": (Served(frozenset({OMS}), ServingTier.LIVE),),
    "Product.stock": (Served(frozenset({OMS}), ServingTier.LIVE),),
    "Place.stocked": (Served(frozenset({OMS}), ServingTier.LIVE),),
    "Stock.place": (Served(frozenset({OMS}), ServingTier.LIVE),),
    "Product.books": (Served(frozenset({ERP}), ServingTier.LIVE),),
}
PRICED = Priced({"Product.books": {ERP: 3}}, {"Product.stock": 1})


def cost(text: str, priced: Priced = PRICED, **variables: object) -> Cost:
    document = parse(text)
    assert not validate(SCHEMA, document)
    (operation,) = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    touched = touches(SCHEMA, document, operation, DECLARED)
    return estimate(SCHEMA, document, operation, touched, priced).of(variables)


def skus(number: int) -> str:
    return ", ".join(f'"{place}"' for place in range(number))


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("{ product { sku } }", {}),
        ("{ __typename }", {}),
        ("{ __schema { types { name fields { name } } } }", {}),
        (f"{{ products(skus: [{skus(24)}]) {{ stock {{ count place {{ name }} }} }} }}", {OMS: 2}),
        (f"{{ products(skus: [{skus(500)}]) {{ stock {{ count }} }} }}", {OMS: 1}),
        (f"{{ products(skus: [{skus(501)}]) {{ stock {{ count }} }} }}", {OMS: 2}),
        (f'{{ products(skus: [{skus(300)}]) {{ stock(at: ["a", "b"]) {{ count place {{ name }} }} }} }}', {OMS: 4}),
        (f"{{ stock(skus: [{skus(26)}], at: [{skus(20)}]) {{ count }} }}", {OMS: 2}),
        ("{ page(first: 100) { nodes { stock { count } } } }", {OMS: 2}),
        ("{ page(first: 501) { nodes { stock { count } } } }", {OMS: 3}),
        ("{ page(first: 100) { nodes { parts { parts { stock { count } } } } } }", {OMS: 21}),
        ("{ product { books { name } } }", {ERP: 3}),
        ("{ a: product { books { name } } b: product { books { name } } }", {ERP: 6}),
        ("{ things { ... on Product { stock { count } } ... on Place { name } } }", {OMS: 1}),
        ("{ product { ...P ...P } } fragment P on Product { stock { count } }", {OMS: 1}),
        ("query Q($no: Boolean!) { product { stock @include(if: $no) { count } } }", {OMS: 1}),
    ],
)
def test_calls_are_counted_by_level_and_by_keys(text: str, calls: Mapping[SystemRole, int]) -> None:
    """One call per field, level and 500 keys; @cost is what a batch costs; what is near costs nothing."""
    assert dict(cost(text).calls) == calls


def test_lists_follow_the_variables() -> None:
    """A list that comes as a variable is as long as it was sent, and as its default when it was not."""
    text = 'query Q($skus: [ID!] = ["1", "2"]) { products(skus: $skus) { stock { count } } }'.replace(
        "[ID!] =", "[ID!]! ="
    )
    assert cost(text, skus=[str(place) for place in range(1001)]).calls == {OMS: 3}
    assert cost(text).calls == {OMS: 1}
    assert cost(text).items == 4
    paged = "query Q($n: Int! = 30) { page(first: $n) { nodes { sku } edges { node { sku } } } }"
    assert cost(paged).items == 60
    assert cost(paged, n=100).items == 200
    assert cost(paged, n="rubbish").items == 2
    assert cost(paged, n=-5).items == 2
    assert cost(paged, n=10**30).items <= 2**54


def test_a_variable_that_is_not_given_leaves_the_default_of_the_argument() -> None:
    """As it is when it runs (GraphQL, October 2021, 6.4.1), so a page is not counted as one item."""
    paged = "query Q($n: Int) { page(first: $n) { nodes { sku } } }"
    assert cost(paged).items == 20
    assert cost(paged, n=3).items == 3
    defaulted = "query Q($n: Int = 30) { page(first: $n) { nodes { sku } } }"
    assert cost(defaulted).items == 30


@pytest.mark.parametrize("turned", [False, True])
def test_of_what_types_answer_differently_at_one_place_the_most_counts(turned: bool) -> None:
    """A long list of one type is not hidden by a short one of another under the same name, whichever stands first, nor
    added to it: a thing is of one type. Each type's field asks for its own keys."""
    parts = [
        f"... on Product {{ x: stock(at: [{skus(600)}]) {{ count }} }}",
        "... on Place { x: stocked(skus: 1) { count } }",
    ]
    long, short = (parts[1], parts[0]) if turned else parts
    found = cost(f"{{ things {{ {long} {short} }} }}")
    assert found.items == 10 + 10 * 600
    assert found.calls[OMS] == 12 + 1
    below = cost(f"{{ things {{ {long} {short} }} }}".replace("{ count }", "{ place { name } }"))
    assert below.calls[OMS] == 12 + 1 + 12 + 1
    same = "{ things { ... on Product { x: stock { count } } ... on Product { x: stock { place { name } } } } }"
    assert cost(same).items == 10 + 10


@given(few=st.integers(1, 9), many=st.integers(1, 9), by_variable=st.booleans())
def test_to_ask_for_less_costs_no_more(few: int, many: int, by_variable: bool) -> None:
    """Also where types that exclude each other are asked for lists under the same name."""
    few, many = sorted((few, many))

    def asked(of_place: int) -> Cost:
        at = "$at" if by_variable else f"[{skus(many)}]"
        product = f"... on Product {{ x: stock(at: {at}) {{ count }} }}"
        place = f"... on Place {{ x: stocked(skus: [{skus(of_place)}]) {{ count }} }}"
        text = f"query Q($at: [ID!]) {{ things {{ {product} {place} }} product {{ stock(at: $at) {{ count }} }} }}"
        return cost(text, at=["a"] * many)

    less, more = asked(few), asked(many)
    assert less.items == more.items == 10 + 10 * many + many
    assert less.calls == more.calls == {OMS: 3}


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("{ product { sku names } }", 0),
        ("{ product { parts { sku } } }", 10),
        ("{ product { parts { parts { sku } } } }", 110),
        ("{ page { nodes { sku } } }", 20),
        ("{ page(first: 3) { total edges { node { parts { sku } } } } }", 33),
        ('{ product { stock(at: ["a", "b", "c"]) { count } } }', 3),
        ("{ product { stock { count } } }", 1),
        (f"{{ stock(skus: [{skus(3)}], at: [{skus(4)}]) {{ count }} }}", 12),
        ("{ product { stock(at: null) { count } } }", 1),
        ('{ product { stock(at: "a") { count } } }', 1),
    ],
)
def test_items_of_lists_are_counted(text: str, items: int) -> None:
    """By the arguments, by the page, by @listSize, and ten where nothing is told; names and numbers are no items."""
    assert cost(text).items == items


@given(st.integers(0, 3000), st.integers(0, 40))
@settings(max_examples=60)
def test_more_keys_never_cost_less(number: int, more: int) -> None:
    """The estimate does not fall when a list grows."""
    text = "query Q($skus: [ID!]!) { products(skus: $skus) { stock { count place { name } } } }"
    fewer = cost(text, skus=["x"] * number)
    larger = cost(text, skus=["x"] * (number + more))
    assert larger.calls[OMS] >= fewer.calls[OMS]
    assert larger.items >= fewer.items


def test_the_products_own_schema_is_priced_where_it_must_be() -> None:
    """A page of 24 products with stock is two calls to the OMS; fields that ask twice say so in the schema."""
    schema = product.build_schema()
    priced = product.priced(schema)
    assert priced.calls["Order.returnableLines"] == {OMS: 2}
    assert priced.assumed == {"Product.availability": 1}
    document = parse(f"{{ products(skus: [{skus(24)}]) {{ name availability {{ status location {{ name }} }} }} }}")
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    graphql_schema = schema._schema
    touched = touches(graphql_schema, document, operation, product.served(schema))
    found = estimate(graphql_schema, document, operation, touched, priced).of({})
    assert found == Cost({OMS: 2}, 48)


def test_every_priced_field_is_asked_live() -> None:
    """@cost stands only where @servedFrom says that the system is asked live."""
    schema = product.build_schema()
    declared = product.served(schema)
    for coordinate, calls in product.priced(schema).calls.items():
        live = {system for line in declared[coordinate] if line.tier is ServingTier.LIVE for system in line.systems}
        assert set(calls) <= live, coordinate
