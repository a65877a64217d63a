"""What is compiled: one operation of one schema, and the fields it selects under given conditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import strawberry
from graphql import (
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableValues,
    default_field_resolver,
    default_type_resolver,
)
from graphql.execution.collect_fields import FragmentDetails, GroupedFieldSet, collect_fields, collect_subfields
from graphql.execution.executor import Executor
from strawberry.schema.schema_converter import GraphQLCoreConverter

from gateway.engine.compiled.places import Place
from gateway.engine.compiled.remembering import Written
from gateway.engine.compiled.tracing import Tracer

_NOTHING = VariableValues({}, {})


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What every plan of one schema stands on. `executor` is graphql-core's, for what it alone words. `tracer`, if
    there is one, is told of every stage."""

    schema: GraphQLSchema
    converter: GraphQLCoreConverter
    executor: Executor[Any]
    hide_suggestions: bool
    coercion_errors_max: int
    tracer: Tracer | None = None
    written: Written = field(default_factory=Written)

    @classmethod
    def of(
        cls,
        authored: strawberry.Schema,
        schema: GraphQLSchema,
        *,
        hide_suggestions: bool,
        coercion_errors_max: int,
        tracer: Tracer | None = None,
    ) -> Ground:
        """`schema` is `authored` or a view of it."""
        nothing = OperationDefinitionNode(operation=OperationType.QUERY, selection_set=SelectionSetNode(selections=()))
        resolvers = default_field_resolver, default_type_resolver, default_field_resolver
        executor: Executor[Any] = Executor(schema, {}, {}, None, None, nothing, _NOTHING, *resolvers)
        return cls(schema, authored.schema_converter, executor, hide_suggestions, coercion_errors_max, tracer)


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One operation of a document, and the fragments it may spread."""

    ground: Ground
    operation: OperationDefinitionNode
    root_type: GraphQLObjectType
    fragments: dict[str, FragmentDetails]


class Selected:
    """The fields of an operation under given conditions, as graphql-core collects them."""

    def __init__(self, asked: Asked, conditions: VariableValues) -> None:
        self.ground = asked.ground
        self._asked = asked
        self._conditions = conditions

    def at_root(self) -> GroupedFieldSet:
        asked, ground = self._asked, self.ground
        return collect_fields(
            ground.schema,
            asked.fragments,
            self._conditions,
            asked.root_type,
            asked.operation,
            ground.hide_suggestions,
        ).grouped_field_set

    def below(self, type_: GraphQLObjectType, place: Place) -> GroupedFieldSet:
        """What is selected of an object of `type_` at `place`."""
        asked, ground = self._asked, self.ground
        return collect_subfields(
            ground.schema,
            asked.fragments,
            self._conditions,
            asked.operation,
            type_,
            place.group,
            ground.hide_suggestions,
        ).grouped_field_set


def fragments_of(definitions: Mapping[str, FragmentDefinitionNode]) -> dict[str, FragmentDetails]:
    """Fragments as graphql-core's collection takes them. They have no variables of their own."""
    return {name: FragmentDetails(definition) for name, definition in definitions.items()}
