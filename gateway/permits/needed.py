"""What an operation asks of whoever sends it: every field it selects that is marked, on every type it may meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from graphql import DocumentNode, GraphQLObjectType, GraphQLSchema, OperationDefinitionNode

from gateway.paths import Place, places
from resolvers.marks import Need, need_of

Needs: TypeAlias = Mapping[str, Need]
"""What every marked field asks, by "Type.field"."""


@dataclass(frozen=True, slots=True)
class Needed(Place):
    """One place of an operation that asks something of its caller."""

    need: Need


def needs_in(schema: GraphQLSchema) -> Needs:
    """What the fields of `schema` ask of callers."""
    found = {
        f"{type_.name}.{name}": need_of(field)
        for type_ in schema.type_map.values()
        if isinstance(type_, GraphQLObjectType)
        for name, field in type_.fields.items()
    }
    return {coordinate: need for coordinate, need in found.items() if need is not None}


def needed(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, needs: Needs
) -> tuple[Needed, ...]:
    """Every place of a valid operation that asks something of its caller, each once, in the order of the document.

    A field behind @skip or @include counts: a variable must not decide what a document may hold.
    """
    found = places(schema, document, operation, needs)
    return tuple(
        Needed(one.path, one.coordinate, one.fragments, one.line, one.column, needs[one.coordinate]) for one in found
    )
