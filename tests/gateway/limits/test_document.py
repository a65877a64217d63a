"""How documents are weighed, and what is refused before validation."""

from __future__ import annotations

import time

import pytest
from graphql import GraphQLSyntaxError, get_introspection_query, parse
from hypothesis import given
from hypothesis import strategies as st

from gateway.limits import DocumentGuard, DocumentLimits, DocumentTooLarge, Excess, Weight, asks_for_schema, weigh
from gateway.limits.document import WEIGHT_MAX

GUARD = DocumentGuard()


def doubling(levels: int) -> str:
    """A document of `levels` fragments, each spreading the next twice: 2^levels fields in a few bytes a level."""
    chain = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels))
    return f"{{ ...F0 }} {chain} fragment F{levels} on Query {{ a: hello @skip(if: false) }}"


def deep(levels: int) -> str:
    return "{ a" * levels + " }" * levels


def refused(text: str) -> tuple[Excess, ...]:
    with pytest.raises(DocumentTooLarge) as caught:
        GUARD.admit(text)
    return caught.value.excesses


@pytest.mark.parametrize(
    ("limit", "found", "text"),
    [
        ("name", 256, "{ " + "a" * 256 + ": hello }"),
        ("name", 256, "query " + "a" * 256 + " { hello }"),
        ("aliases", 51, "{" + " ".join(f"a{n}: hello" for n in range(51)) + "}"),
        ("fields", 501, "{" + " ".join(f"hello{n}" for n in range(501)) + "}"),
        ("repeats", 101, "{" + " hello" * 102 + "}"),
        ("repeats", 101, "{ hello" + " ... { hello }" * 101 + "}"),
        ("spreads", 101, "{" + " ...F" * 101 + "} fragment F on Query { hello }"),
        ("directives", 51, "{ hello" + " @skip(if: false)" * 51 + "}"),
        ("depth", 17, deep(17)),
        ("operations", 11, " ".join(f"query Q{n} {{ hello }}" for n in range(11))),
        ("variables", 65, "query Q(" + " ".join(f"$v{n}: Int" for n in range(65)) + ") { hello }"),
        ("characters", 65537, "#" * 65537),
        ("tokens", 3001, "{" + " hello" * 3000 + "}"),
        ("tokens", 3001, "#\n" * 3001 + "{ hello }"),
    ],
)
def test_each_limit_is_named(limit: str, found: int, text: str) -> None:
    """A document one past a limit is refused with the limit's name, what was found and what is allowed."""
    (excess,) = refused(text)
    assert (excess.limit, excess.found, excess.allowed) == (limit, found, getattr(DocumentLimits(), limit))
    assert str(excess.allowed) in excess.message


@pytest.mark.parametrize(
    "text",
    [
        "{" + " ".join(f"a{n}: hello" for n in range(50)) + "}",
        "{" + " ".join(f"hello{n}" for n in range(500)) + "}",
        "{" + " hello" * 101 + "}",
        deep(16),
        "{ " + "a" * 255 + ": hello }",
        " ".join(f"query Q{n} {{ hello }}" for n in range(10)),
        get_introspection_query(schema_description=True, input_value_deprecation=True, specified_by_url=True),
    ],
)
def test_what_is_just_allowed_passes(text: str) -> None:
    """A document at a limit passes, and so does the largest introspection query that tools send."""
    GUARD.admit(text)


def test_doubling_fragments_are_weighed_at_once() -> None:
    """2^26 spreads, which take an expanding limiter minutes, are weighed exactly and in no time."""
    begun = time.process_time()
    excesses = {excess.limit: excess.found for excess in refused(doubling(26))}
    assert excesses == {"fields": 2**26, "aliases": 2**26, "directives": 2**26}
    assert time.process_time() - begun < 0.1


def test_weights_stop_where_json_numbers_do() -> None:
    """2^200 fields are told as a number that every client can read."""
    assert weigh(parse(doubling(200))).fields == WEIGHT_MAX


@pytest.mark.parametrize(
    "text",
    [
        "{ ...A } fragment A on Query { hello ...A }",
        "{ ...A } fragment A on Query { hello ...B } fragment B on Query { hello ...A }",
        "{ ...Nowhere }",
    ],
)
def test_circles_and_unknown_fragments_are_left_to_validation(text: str) -> None:
    """Fragments in a circle are weighed and end; a fragment that is not there weighs nothing."""
    assert weigh(parse(text)).fields <= 2


def test_a_long_chain_of_fragments_needs_no_stack() -> None:
    """Two thousand fragments in a row, written in the worst order, do not exhaust the interpreter."""
    chain = [f"fragment F{n} on Query {{ a {{ ...F{n + 1} }} }}" for n in range(2000)]
    weight = weigh(parse("{ ...F0 } " + " ".join(chain) + " fragment F2000 on Query { hello }"))
    assert weight == Weight(fields=2001, depth=2001, spreads=2001)


def test_unused_fragments_count_as_written() -> None:
    """A fragment nobody spreads is still validated, so it weighs what it says."""
    assert weigh(parse("{ hello } fragment A on Query {" + " hello" * 30 + "}")).fields == 31


def test_directives_count_wherever_they_stand() -> None:
    """On operations, variables, fields, spreads, inline fragments and fragment definitions."""
    text = "query Q($v: Int @d) @d { a @d ... @d { b } ...F @d } fragment F on Query @d { c }"
    assert weigh(parse(text)).directives == 6


def test_syntax_errors_stay_syntax_errors() -> None:
    """What is not GraphQL is not taken for too large, even where it speaks of limits."""
    with pytest.raises(GraphQLSyntaxError):
        GUARD.admit('{ hello(text: "contains more than enough") ')


def test_limits_are_positive() -> None:
    """A limit of 0 would refuse everything and is a mistake."""
    with pytest.raises(ValueError, match="tokens, depth"):
        DocumentLimits(tokens=0, depth=0)


@given(st.lists(st.lists(st.integers(0, 5), max_size=4), min_size=1, max_size=6))
def test_memo_agrees_with_expansion(spreads: list[list[int]]) -> None:
    """For fragments without circles, weighing each once gives what writing them all out gives."""
    # Fragment n spreads only later ones, so there is no circle.
    graph = [[child for child in row if n < child < len(spreads)] for n, row in enumerate(spreads)]
    fragments = [
        f"fragment F{n} on Query {{ a: x {{ b {' '.join(f'...F{child}' for child in row)} }} }}"
        for n, row in enumerate(graph)
    ]

    def expanded(n: int) -> Weight:
        total = Weight(fields=2, aliases=1, depth=2)
        for child in graph[n]:
            total = total.beside(expanded(child), 1)
        return total

    weight = weigh(parse("{ ...F0 } " + " ".join(fragments)))
    written = len(spreads)
    whole = expanded(0)
    assert (weight.fields, weight.aliases) == (max(whole.fields, 2 * written), max(whole.aliases, written))
    assert weight.depth == whole.depth


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("{ __typename }", None),
        ("{ hello }", None),
        ("{ a: __schema { types { name } } }", "__schema"),
        ("{ ... on Query { ...F } } fragment F on Query { _service { sdl } }", "_service"),
        ('query A { hello } query B { __type(name: "A") { name } }', "__type"),
    ],
)
def test_ways_to_the_schema_are_found(text: str, field: str | None) -> None:
    """Aliases, fragments and other operations of the document hide none of them."""
    assert asks_for_schema(parse(text)) == field
