"""What an operation can reach: every field it selects that crosses to an outside system, on every type it may meet."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
    is_object_type,
)

from gateway.paths.declared import Declared, Served

Objects = frozenset[GraphQLObjectType]


@dataclass(frozen=True, slots=True)
class Place:
    """One place of an operation: `path` in the response, `coordinate` ("Order.erpPosting") in the schema, and the named
    fragments it stands in, outermost first. `line` and `column` are its place in the text."""

    path: tuple[str, ...]
    coordinate: str
    fragments: tuple[str, ...]
    line: int | None
    column: int | None

    @property
    def place(self) -> str:
        """The response path, and how the document gets there."""
        through = "".join(f" ...{name}" for name in self.fragments)
        return ".".join(self.path) + (f" (through{through})" if through else "")


@dataclass(frozen=True, slots=True)
class Touch(Place):
    """One place of an operation that reaches outside, and how far."""

    served: Served


def touches(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, declared: Declared
) -> tuple[Touch, ...]:
    """Every touch of a valid operation, each once, in the order of the document. See `places`."""
    found = places(schema, document, operation, declared)
    return tuple(
        Touch(one.path, one.coordinate, one.fragments, one.line, one.column, served)
        for one in found
        for served in dict.fromkeys(declared[one.coordinate])
    )


def places(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, wanted: Container[str]
) -> tuple[Place, ...]:
    """Every place at which a valid operation selects a field of `wanted` ("Type.field"), in the order of the document.

    Conditions (`@skip`, `@include`) count as met: what can be reached is reached. A field of an interface or union
    counts for every type that may stand there. The document has been validated and weighed, so this ends.
    """
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    root = schema.get_root_type(operation.operation)
    if root is None:
        return ()
    walk = _Walk(schema, fragments, wanted)
    found = walk.selections(operation.selection_set, frozenset({root}), (), ())
    return tuple({(one.path, one.coordinate): one for one in found}.values())


@dataclass(frozen=True, slots=True)
class _Walk:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    wanted: Container[str]

    def selections(
        self, selected: SelectionSetNode, here: Objects, path: tuple[str, ...], through: tuple[str, ...]
    ) -> Iterator[Place]:
        for node in selected.selections:
            if isinstance(node, FieldNode):
                yield from self._field(node, here, path, through)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                there = here if condition is None else here & self._objects(condition.name.value)
                yield from self.selections(node.selection_set, there, path, through)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self.fragments[node.name.value]
                there = here & self._objects(fragment.type_condition.name.value)
                yield from self.selections(fragment.selection_set, there, path, (*through, node.name.value))

    def _field(
        self, node: FieldNode, here: Objects, path: tuple[str, ...], through: tuple[str, ...]
    ) -> Iterator[Place]:
        place = (*path, (node.alias or node.name).value)
        below: set[GraphQLObjectType] = set()
        for type_ in sorted(here, key=lambda one: one.name):
            definition = type_.fields.get(node.name.value)
            if definition is None:  # __typename and the schema's own fields
                continue
            coordinate = f"{type_.name}.{node.name.value}"
            token = node.loc.start_token if node.loc else None
            line, column = (token.line, token.column) if token else (None, None)
            if coordinate in self.wanted:
                yield Place(place, coordinate, through, line, column)
            below |= self._objects(get_named_type(definition.type).name)
        if node.selection_set is not None:
            yield from self.selections(node.selection_set, frozenset(below), place, through)

    def _objects(self, name: str) -> Objects:
        type_ = self.schema.get_type(name)
        if is_abstract_type(type_):
            return frozenset(self.schema.get_possible_types(type_))
        return frozenset({type_}) if is_object_type(type_) else frozenset()
