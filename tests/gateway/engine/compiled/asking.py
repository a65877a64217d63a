"""Random operations on the product's own schema, and random values for their arguments."""

from __future__ import annotations

from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_composite_type,
    is_enum_type,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
    is_required_input_field,
)
from hypothesis import strategies as st

from resolvers.directives import degradation_of
from tests.gateway.engine.compiled.both import UNPROPAGATED

VARIABLES: dict[str, Any] = {
    "skus": ["SKU-1", "SKU-2", "SKU-2", "gone"],
    "first": 2,
    "stale": 150,
    "yes": True,
    "no": False,
}
HEAD = "query ($skus: [String!]!, $first: Int! = 3, $stale: Int!, $yes: Boolean!, $no: Boolean = false)" + " " * len(
    UNPROPAGATED
)

IDS = ["Order:ord-000001", "ord-000002", "Product:SKU-1", "Customer:cust-00001", "LoyaltyMembership:mem-00001"]
IDS += ["Location:store-001", "store-002", "ReturnAuthorization:ret-000001", "Flow:flow-1", "nonsense:1", ""]
WORDS = ["SKU-1", "SKU-2", "gone", "R000000001", "RMA-000001", "ada@example.test", "60311", "orders", ""]
CONDITIONS = ["", "", "", "", " @skip(if: $yes)", " @include(if: $yes)", " @include(if: $no)"]
STALENESS = ["", "", "", " @maxStale(seconds: 20)", " @maxStale(seconds: 250)", " @maxStale(seconds: $stale)"]


class Asking:
    """Draws one operation."""

    def __init__(self, schema: GraphQLSchema, draw: Any) -> None:
        self.schema = schema
        self.draw = draw
        self.count = 0

    def operation(self) -> str:
        query = self.schema.query_type
        assert query is not None
        return f"{HEAD} {self.selection(query, 4)}"

    def selection(self, type_: GraphQLNamedType, depth: int) -> str:
        fields = [self.field(*one, depth) for one in self._chosen(type_, depth)]
        if is_abstract_type(type_):
            possible = self.schema.get_possible_types(type_)
            some = self.draw(st.lists(st.sampled_from(possible), max_size=3, unique_by=lambda one: one.name))
            fields += [f"... on {one.name}{self._one(CONDITIONS)} {self.selection(one, depth)}" for one in some]
        return "{ " + " ".join(["__typename", *filter(None, fields)]) + " }"

    def field(self, name: str, field: GraphQLField, depth: int) -> str:
        arguments = [
            f"{one}: {self.value(one, argument)}"
            for one, argument in field.args.items()
            if is_required_argument(argument) or self._one([True, *[False] * 5])
        ]
        self.count += 1
        alias = f"f{self.count}: " if arguments or self._one([True, False, False]) else ""
        type_ = get_named_type(field.type)
        below = f" {self.selection(type_, depth - 1)}" if is_composite_type(type_) else ""
        stale = self._one(STALENESS) if degradation_of(field) is not None else ""
        called = f"({', '.join(arguments)})" if arguments else ""
        return f"{alias}{name}{called}{self._one(CONDITIONS)}{stale}{below}"

    def value(self, name: str, of: GraphQLArgument | GraphQLInputField) -> str:
        if name == "skus" and self._one([True, False]):
            return "$skus"
        if name == "first":
            return str(self._one(["$first", "1", "2", "0"]))
        return self._literal(name, of.type)

    def _literal(self, name: str, type_: GraphQLInputType) -> str:
        bare: Any = get_nullable_type(type_)
        if is_list_type(bare):
            return "[" + ", ".join(self._literal(name, bare.of_type) for _ in range(self._one([1, 2, 2]))) + "]"
        if is_enum_type(bare):
            return str(self._one(list(bare.values)))
        if is_input_object_type(bare):
            given = [
                f"{one}: {self._literal(one, field.type)}"
                for one, field in bare.fields.items()
                if is_required_input_field(field) or self._one([True, *[False] * 5])
            ]
            return "{" + ", ".join(given) + "}"
        scalars: dict[str, list[str]] = {
            "ID": [f'"{one}"' for one in IDS],
            "String": [f'"{one}"' for one in WORDS],
            "Int": ["1", "2", "3"],
            "Float": ["1.5", "52.0"],
            "Boolean": ["true", "false"],
            "Decimal": ['"1"', '"2.5"', "3"],
            "CurrencyCode": ['"EUR"'],
            "DateTime": ['"2026-01-31T12:00:00Z"'],
            "Date": ['"2026-01-31"'],
            "_Any": [
                '{__typename: "Product", sku: "SKU-1"}',
                '{__typename: "Order", id: "ord-000001"}',
                '{__typename: "Location", id: "Location:store-001"}',
                '{__typename: "Nothing"}',
            ],
        }
        return str(self._one(scalars[bare.name]))

    def _chosen(self, type_: GraphQLNamedType, depth: int) -> list[tuple[str, GraphQLField]]:
        fields: dict[str, GraphQLField] = getattr(type_, "fields", {})
        leaves = [(name, one) for name, one in fields.items() if is_leaf_type(get_named_type(one.type))]
        objects = [(name, one) for name, one in fields.items() if is_composite_type(get_named_type(one.type)) and depth]
        objects = [(name, one) for name, one in objects if name != "_service"]
        at_root = isinstance(type_, GraphQLObjectType) and type_ is self.schema.query_type
        some = st.lists(st.sampled_from(leaves), max_size=4) if leaves else st.just([])
        few = st.lists(st.sampled_from(objects), min_size=int(at_root), max_size=3) if objects else st.just([])
        return [*self.draw(some), *self.draw(few)]

    def _one(self, among: list[Any]) -> Any:
        return self.draw(st.sampled_from(among))


@st.composite
def operations(draw: Any, schema: GraphQLSchema) -> str:
    """A text with a blank that has room for a directive."""
    return Asking(schema, draw).operation()
