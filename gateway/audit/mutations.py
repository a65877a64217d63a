"""Which mutation fields an operation asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSyntaxError,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
)

from gateway.audit.record import NAME_MAX
from gateway.engine import Engine
from gateway.http import GraphQLRequest

REFUSED_FIELDS_MAX = 16
"""Of a document that did not run, so that nobody writes hundreds of records with one text. The last says how many
more there were."""


def mutates(asked: GraphQLRequest, engine: Engine) -> bool:
    """Whether a mutation is asked for, as far as the text can be read."""
    return engine.kind(asked.query, asked.operation_name) is OperationType.MUTATION


def operation_name(asked: GraphQLRequest, engine: Engine) -> str | None:
    """The name of the operation that is asked for, if it has one."""
    name = asked.operation_name or next(iter(engine.operations.prepare(asked.query).kinds), None)
    return None if name is None else name[:NAME_MAX]


def mutation_fields(asked: GraphQLRequest, engine: Engine) -> Mapping[str, str]:
    """The coordinate of each field of the mutation, such as "Mutation.orderSubmit", by its name in the response.

    Also of a document that does not validate, of which the engine keeps none: it is read once more.
    """
    document = engine.operations.prepare(asked.query).document
    if document is None:
        try:
            document = parse(asked.query, no_location=True)
        except GraphQLSyntaxError:
            return {}
    return dict(_fields(document, asked.operation_name))


def refused_coordinates(found: Mapping[str, str]) -> tuple[str, ...]:
    """The coordinates of a mutation of which nothing ran, each once."""
    named = tuple(dict.fromkeys(found.values()))
    more = len(named) - REFUSED_FIELDS_MAX
    return named if more <= 0 else (*named[:REFUSED_FIELDS_MAX], f"Mutation.* ({more} more)")


def _fields(document: DocumentNode, name: str | None) -> Iterator[tuple[str, str]]:
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    for one in document.definitions:
        if isinstance(one, OperationDefinitionNode) and (name is None or (one.name and one.name.value == name)):
            yield from _selected(one.selection_set, fragments, set())


def _selected(
    selections: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode], seen: set[str]
) -> Iterator[tuple[str, str]]:
    for one in selections.selections:
        if isinstance(one, FieldNode):
            key = one.alias.value if one.alias else one.name.value
            if not one.name.value.startswith("__"):
                yield key, f"Mutation.{one.name.value[:NAME_MAX]}"
        elif isinstance(one, FragmentSpreadNode):
            fragment = fragments.get(one.name.value)
            if fragment is not None and one.name.value not in seen:
                seen.add(one.name.value)
                yield from _selected(fragment.selection_set, fragments, seen)
        elif isinstance(one, InlineFragmentNode):
            yield from _selected(one.selection_set, fragments, seen)
