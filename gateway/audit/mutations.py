"""Which mutation fields an operation asks for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

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

TEXTS_MAX, TEXT_MAX = 512, 8192
"""Texts that are remembered, and the characters of one: a shop's changes are a few dozen texts of some 600."""


def mutates(asked: GraphQLRequest, engine: Engine) -> bool:
    """Whether a mutation is asked for, as far as the text can be read."""
    return engine.kind(asked.query, asked.operation_name) is OperationType.MUTATION


@dataclass(frozen=True, slots=True)
class Changes:
    """What a record says of an operation whatever came of it.

    `fields` has the coordinate of each field of the mutation, such as "Mutation.orderSubmit", by its name in the
    response; `document` is the SHA-256 digest of the text.
    """

    operation: str | None
    document: str
    fields: Mapping[str, str]


class Texts:
    """What records say of operations that come again: 12 us to work out, which is a third of a record."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str | None], Changes] = {}

    def of(self, asked: GraphQLRequest, engine: Engine) -> Changes:
        """What is asked for. Also of a text that does not validate, of which the engine keeps no document."""
        key = (asked.query, asked.operation_name)
        known = self._known.get(key)
        if known is not None:
            return known
        prepared = engine.operations.prepare(asked.query)
        name = asked.operation_name or next(iter(prepared.kinds), None)
        digest = hashlib.sha256(asked.query.encode("utf-8", "surrogatepass")).hexdigest()
        fields = _fields_of(asked, prepared.document)
        changes = Changes(None if name is None else name[:NAME_MAX], digest, fields)
        if prepared.document is not None and len(asked.query) <= TEXT_MAX:
            if len(self._known) >= TEXTS_MAX:
                self._known.clear()
            self._known[key] = changes
        return changes


def _fields_of(asked: GraphQLRequest, document: DocumentNode | None) -> Mapping[str, str]:
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
