"""Which operations ask what the schema is, rather than what the shop has."""

from __future__ import annotations

from graphql import DocumentNode, FieldNode, FragmentDefinitionNode, OperationDefinitionNode, SelectionSetNode

SCHEMA_FIELDS = frozenset({"__schema", "__type", "_service"})
"""`__schema` and `__type` are GraphQL's own (October 2021, 4.2); `_service` is Apollo Federation's and holds the whole
SDL. Shutting the first two alone shuts nothing. `__typename` tells nothing that the document does not."""


def asks_for_schema(document: DocumentNode) -> str | None:
    """The first field in the document that gives the schema away, or None.

    Any position counts, though these are fields of the root alone: the name is reserved, so nothing else can be meant.
    """
    stack: list[SelectionSetNode] = [
        definition.selection_set
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode)
    ]
    while stack:
        for node in stack.pop().selections:
            if isinstance(node, FieldNode) and node.name.value in SCHEMA_FIELDS:
                return node.name.value
            inner: SelectionSetNode | None = getattr(node, "selection_set", None)
            if inner is not None:
                stack.append(inner)
    return None
