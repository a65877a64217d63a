"""Every document of this repository: a plan answers what graphql-core answers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLInputType,
    OperationDefinitionNode,
    OperationType,
    get_nullable_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    parse,
    specified_rules,
    type_from_ast,
    validate,
)

from gateway.schema import RULES, build_schema
from resolvers.context import Caller
from resolvers.subscribing import Occasion
from tests.gateway.engine.compiled.both import CORE_LEAKS, Both, seen
from tests.gateway.engine.compiled.moody import CALM, context, heard
from tests.house.test_order import ROOT
from tests.resolvers.world import ADA, ASSOCIATE, OPERATIONS

pytestmark = pytest.mark.filterwarnings(CORE_LEAKS)

BOTH = Both(build_schema())
CHARACTERS_MAX = 20_000
AT_LEAST = 100
"""As many documents there are, or else this looks in the wrong place."""

KNOWN = {
    "id": "ord-000001",
    "skus": ["SKU-1", "SKU-2"],
    "sku": "SKU-1",
    "orderId": "ord-000001",
    "membershipId": "mem-00001",
    "idempotencyKey": "key-1",
    "currencyCode": "EUR",
    "seconds": 60,
}
SCALARS: dict[str, Any] = {
    "ID": "1",
    "String": "SKU-1",
    "Int": 1,
    "Float": 1.5,
    "Boolean": True,
    "Decimal": "1",
    "CurrencyCode": "EUR",
    "DateTime": "2026-01-31T12:00:00Z",
    "Date": "2026-01-31",
    "_Any": {"__typename": "Product", "sku": "SKU-1"},
}


def texts() -> Iterator[str]:
    """Every string of the code that may be a document, and every file that is one."""
    folders = ("tests", "gateway", "resolvers", "domains")
    for path in sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "{" in node.value:
                yield node.value
    for path in sorted((ROOT / "gateway").rglob("*.graphql")):
        yield path.read_text(encoding="utf-8")
    yield from fenced(ROOT / "README.md")


def fenced(path: Path) -> list[str]:
    """What stands between ```graphql and ``` in a page."""
    return [block.split("```")[0] for block in path.read_text(encoding="utf-8").split("```graphql\n")[1:]]


def documents() -> dict[str, DocumentNode]:
    """Those that the product's schema takes, by their texts."""
    found: dict[str, DocumentNode] = {}
    for text in dict.fromkeys(texts()):
        if len(text) > CHARACTERS_MAX:
            continue
        try:
            document = parse(text)
        except GraphQLError:
            continue
        if not validate(BOTH.graphql, document, [*specified_rules, *RULES], max_errors=1):
            found[text] = document
    return found


def value(name: str, type_: GraphQLInputType, depth: int = 0) -> Any:
    """Something that may stand for a variable."""
    bare: Any = get_nullable_type(type_)
    if name in KNOWN:
        return KNOWN[name]
    if is_list_type(bare):
        return [value(name, bare.of_type, depth)]
    if is_enum_type(bare):
        return next(iter(bare.values))
    if is_input_object_type(bare):
        return {one: value(one, field.type, depth + 1) for one, field in bare.fields.items() if depth < 4}
    return SCALARS[bare.name]


def variables(operation: OperationDefinitionNode) -> dict[str, Any]:
    given = {}
    for one in operation.variable_definitions or ():
        type_: Any = type_from_ast(BOTH.graphql, one.type)
        given[one.variable.name.value] = value(one.variable.name.value, type_)
    return given


DOCUMENTS = documents()


def test_there_are_documents() -> None:
    """The search finds what there is."""
    assert len(DOCUMENTS) >= AT_LEAST


@pytest.mark.parametrize("caller", [ASSOCIATE, ADA, OPERATIONS], ids=lambda caller: str(caller.subject))
async def test_every_document(caller: Caller) -> None:
    """Data, faults and freshness are the same, of queries, mutations, and messages of subscriptions."""
    compiled = 0
    for text, document in DOCUMENTS.items():
        for operation in document.definitions:
            if not isinstance(operation, OperationDefinitionNode) or asks_for_types(text):
                continue
            name = operation.name.value if operation.name else None
            contexts = context(CALM, caller), context(CALM, caller)
            roots = [Occasion() if operation.operation is OperationType.SUBSCRIPTION else None for _ in contexts]
            given = variables(operation)
            expected = seen(await BOTH.interpreted(document, given, contexts[0], roots[0], name))
            found = seen(await BOTH.compiled(document, given, contexts[1], roots[1], name))
            assert found.text == expected.text, text
            assert found.places == expected.places, text
            assert found.errors == expected.errors, text
            assert heard(contexts[1]) == heard(contexts[0]), text
            compiled += 1
    assert compiled >= AT_LEAST


def asks_for_types(text: str) -> bool:
    """Introspection is left to graphql-core."""
    return "__schema" in text or "__type(" in text
