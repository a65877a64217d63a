"""The cache of prepared operations."""

from __future__ import annotations

import pytest
from graphql import GraphQLSchema, build_schema

from gateway.engine import CacheSizes, Operations, code_of
from gateway.limits import DocumentGuard


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema("type Query { hello: String, echo(text: String!): String }")


def operations(schema: GraphQLSchema, sizes: CacheSizes | None = None) -> Operations:
    return Operations(schema, DocumentGuard(), sizes or CacheSizes())


def test_a_text_is_prepared_once(schema: GraphQLSchema) -> None:
    """The second request with a text gets the very same prepared operation, good or bad."""
    kept = operations(schema)
    for text in ("{ hello }", "{ nope }", "{"):
        assert kept.prepare(text) is kept.prepare(text)
    assert len(kept) == 3


def test_the_least_used_are_forgotten(schema: GraphQLSchema) -> None:
    """Never more operations than allowed are kept, and the one in use stays."""
    kept = operations(schema, CacheSizes(operations_max=3))
    first = kept.prepare("{ hello }")
    for number in range(10):
        kept.prepare(f"{{ a{number}: hello }}")
        assert kept.prepare("{ hello }") is first
    assert len(kept) == 3


def test_bytes_are_bounded_too(schema: GraphQLSchema) -> None:
    """Large documents displace more than small ones, and one larger than the whole cache is not kept."""
    kept = operations(schema, CacheSizes(operations_max=100, bytes_max=200_000))
    for number in range(100):
        kept.prepare(f"{{ a{number}: hello }} # {'x' * 400}")
    small = len(kept)
    kept.prepare("{ hello } #" + "x" * 5000)
    assert small < 100
    assert kept.prepare("{ hello } #" + "x" * 5000).document is not None


def test_garbage_evicts_no_working_operation(schema: GraphQLSchema) -> None:
    """Refused texts are kept apart and bounded, and what is too long to keep is not kept."""
    kept = operations(schema, CacheSizes(refused_max=5))
    good = kept.prepare("{ hello }")
    for number in range(50):
        kept.prepare(f"{{ nope{number} }}")
    kept.prepare("#" * 100_000)
    assert kept.prepare("{ hello }") is good
    assert len(kept) == 6


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nope }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ echo(text: 1) }", "GRAPHQL_VALIDATION_FAILED"),
        ("type Shop { name: String }", "GRAPHQL_VALIDATION_FAILED"),
        ("{" + "a " * 102 + "}", "DOCUMENT_TOO_LARGE"),
        ("{ a" * 500 + " }" * 500, "GRAPHQL_PARSE_FAILED"),
        ("{ ...A } fragment A on Query { ...A }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
def test_refusals_are_coded(schema: GraphQLSchema, text: str, code: str) -> None:
    """Each way a text can be wrong has its code, and a refused document is not held on to."""
    prepared = operations(schema).prepare(text)
    assert prepared.document is None
    assert {code_of(fault) for fault in prepared.faults} == {code}


def test_excesses_tell_their_numbers(schema: GraphQLSchema) -> None:
    """The limit, what was found and what is allowed stand in the extensions."""
    (fault,) = operations(schema).prepare("{" + "a " * 102 + "}").faults
    assert fault["extensions"] == {"code": "DOCUMENT_TOO_LARGE", "limit": "repeats", "found": 101, "allowed": 100}


def test_errors_are_bounded(schema: GraphQLSchema) -> None:
    """A document wrong in 200 places is not answered with 200 errors."""
    faults = operations(schema).prepare("{" + " ".join(f"nope{number}" for number in range(200)) + "}").faults
    assert len(faults) <= 21
