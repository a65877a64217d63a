"""What a federating router asks first: the schema that its caller sees, as text."""

import copy
from typing import Final, cast

import strawberry
from graphql import GraphQLSchema
from strawberry.printer import print_schema

from resolvers.marks import tagged

_PRINTED: Final = "retailgraph-sdl"


def sdl_of(schema: strawberry.Schema, view: GraphQLSchema | None = None) -> str:
    """`schema` as text with its directives, or the `view` of it: a GraphQL schema of some of its types and fields.

    Printed once for each: it takes 20 ms, and anybody may ask.
    """
    shown: GraphQLSchema = view or schema._schema  # noqa: SLF001 - Strawberry has no other way to its GraphQL schema
    if _PRINTED not in shown.extensions:
        seen = copy.copy(schema)  # the printer takes the one to print, and its settings, from a Strawberry schema
        seen._schema = shown  # noqa: SLF001 - likewise
        seen.mutation = schema.mutation if shown.mutation_type else None
        seen.subscription = schema.subscription if shown.subscription_type else None
        shown.extensions[_PRINTED] = print_schema(seen)
    return cast("str", shown.extensions[_PRINTED])


def _sdl(info: strawberry.Info[object, None]) -> str:
    return sdl_of(info.schema, info._raw_info.schema)  # noqa: SLF001 - the schema that is executed has no public name


@strawberry.type(name="_Service", description="This graph, to a router that puts several together.")
class Service:
    sdl: str = strawberry.field(resolver=_sdl, description="The schema as its caller sees it.")


def _service() -> Service:
    return Service()


@strawberry.type
class FederationQuery:
    # Strawberry would bring one by itself, which prints the whole schema to everybody.
    service: Service = strawberry.field(
        resolver=_service,
        name="_service",
        description="What a federating router wants to know of this graph.",
        directives=tagged("federation"),
    )
