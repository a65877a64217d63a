"""Random operations on a schema of toys: a plan answers what graphql-core answers."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import NoUnusedFragmentsRule, NoUnusedVariablesRule, parse, specified_rules, validate
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st

from resolvers.loaders import Loaders
from tests.gateway.engine.compiled.both import CORE_LEAKS, UNPROPAGATED, Both, NotCompiledError, seen, unpropagated
from tests.gateway.engine.compiled.toys import SCHEMA
from tests.resolvers.goods import NOW

pytestmark = pytest.mark.filterwarnings(CORE_LEAKS)

BOTH = Both(SCHEMA)
RULES = [rule for rule in specified_rules if rule not in {NoUnusedFragmentsRule, NoUnusedVariablesRule}]

LEAVES = {
    "Thing": ["id", "name"],
    "Box": [
        *("id", "name", "size", "colour", "made", "price", "label", "short", "secret"),
        *('l2: label(prefix: "p")', "l3: label(prefix: $text)"),
    ],
    "Bag": ["id", "name", "code", "tags", "grid", "stock", "s3: stock(times: 3)", "sn: stock(times: $n)"],
    "Content": ["__typename"],
}
OBJECTS = {
    "Thing": [],
    "Content": [],
    "Box": [("inner", "Box"), ("must", "Box"), ("soon", "Box")],
    "Bag": [
        ("boxes", "Box"),
        ("maybeBoxes", "Box"),
        ("loaded", "Box"),
        ("drops", "Box"),
        ("content(window: {})", "Content"),
        ("c2: content(window: {start: $n, size: 3})", "Content"),
    ],
}
ROOTS = [
    ("things", "Thing"),
    ("t5: things(first: 5, start: $n)", "Thing"),
    ("thing(id: $n)", "Thing"),
    ("bag", "Bag"),
    ("b2: bag(id: $n)", "Bag"),
    ("box(id: $n)", "Box"),
]
DIRECTIVES = ["", "", "", " @skip(if: $yes)", " @include(if: $yes)", " @include(if: $no)", " @skip(if: false)"]
PARTS = ["... on Thing { name }", "... @include(if: $yes) { id }"]


class Playing:
    """As much of a context as toys need."""

    def __init__(self) -> None:
        self.loaders = Loaders(NOW)
        self.paths: set[tuple[Any, ...]] = set()


def selection(draw: Any, type_: str, depth: int) -> str:
    fields = [
        draw(st.sampled_from(LEAVES[type_])) + draw(st.sampled_from(DIRECTIVES)) for _ in range(draw(st.integers(1, 4)))
    ] + ["__typename"]
    if depth and OBJECTS[type_]:
        for name, inner in draw(st.lists(st.sampled_from(OBJECTS[type_]), max_size=2)):
            fields.append(f"{name}{draw(st.sampled_from(DIRECTIVES))} {selection(draw, inner, depth - 1)}")
    if type_ in {"Thing", "Content"}:
        fields += [
            f"... on {concrete}{draw(st.sampled_from(DIRECTIVES))} {selection(draw, concrete, depth)}"
            for concrete in ("Box", "Bag", "Thing")
            if draw(st.booleans())
        ]
    elif draw(st.integers(0, 3)) == 0:
        fields.append(draw(st.sampled_from([f"...{type_}Parts", *PARTS])))
    return "{ " + " ".join(draw(st.permutations(fields))) + " }"


@st.composite
def operations(draw: Any) -> str:
    """A text with a blank that has room for a directive."""
    chosen = draw(st.lists(st.sampled_from(ROOTS), min_size=1, max_size=3, unique=True))
    roots = " ".join(f"{name} {selection(draw, type_, 3)}" for name, type_ in chosen)
    return (
        'query ($n: Int!, $text: String = "t", $yes: Boolean!, $no: Boolean = false)'
        + " " * len(UNPROPAGATED)
        + f"{{ __typename {roots} }}\nfragment BoxParts on Box {{ name label }} "
        + "fragment BagParts on Bag { id boxes { id must { id } } }"
    )


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(operations(), st.integers(0, 40), st.booleans(), st.booleans())
async def test_random_operations(text: str, n: int, yes: bool, no: bool) -> None:
    """Data, its order, the positions that are null, and the errors are the same.

    Of several errors for one null any may be told, as the specification has it (October 2021, 6.4.4): then each that is
    told is one that graphql-core finds too.
    """
    document = parse(text)
    assume(not validate(BOTH.graphql, document, RULES))
    variables = {"n": n, "yes": yes, "no": no}
    contexts = Playing(), Playing()
    expected = seen(await BOTH.interpreted(document, variables, contexts[0]))
    try:
        found = seen(await BOTH.compiled(document, variables, contexts[1]))
    except NotCompiledError:
        reject()
    assert found.text == expected.text
    assert found.places == expected.places
    if not expected.spread:
        assert found.errors == expected.errors
    elif found.errors != expected.errors:
        assert set(found.errors) <= await unpropagated(BOTH, text, variables, Playing())
    if not expected.errors:
        assert contexts[0].paths == contexts[1].paths
