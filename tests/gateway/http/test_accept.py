"""The Accept header."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http.accept import CHARACTERS_MAX, GRAPHQL, LEGACY, negotiate


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, LEGACY),
        ("", LEGACY),
        ("*/*", LEGACY),
        ("application/*", LEGACY),
        ("application/json", LEGACY),
        ("application/graphql-response+json", GRAPHQL),
        ("application/graphql-response+json, application/json;q=0.9", GRAPHQL),
        ("application/json, application/graphql-response+json", GRAPHQL),
        ("application/graphql-response+json;q=0.5, application/json", LEGACY),
        ("application/graphql-response+json;q=0.5, */*", LEGACY),
        ("application/graphql-response+json, */*", GRAPHQL),
        ("application/json, */*", LEGACY),
        ("application/graphql-response+json;q=0, */*", LEGACY),
        ("application/json;q=0, */*", GRAPHQL),
        ("APPLICATION/JSON; Charset=UTF-8", LEGACY),
        ("application/graphql-response+json; charset=utf-8", GRAPHQL),
        ("application/json;charset=utf-16", None),
        ("text/event-stream, application/json", LEGACY),
        ("text/html", None),
        ("application/json;q=0", None),
        ("*/*;q=0", None),
        ("application/json;q=banana", None),
        ("nonsense, application/json", LEGACY),
        ("text/html," * 100 + "application/json", LEGACY),
        ("text/html," * 110 + "application/json", None),
        ("*/*," + "x" * (CHARACTERS_MAX - len(f"*/*,,{GRAPHQL}")) + f",{GRAPHQL};q=0", LEGACY),
    ],
)
def test_negotiation(accept: str | None, expected: str | None) -> None:
    """The best q wins, the more specific range decides, and the specification's type is preferred where it is named."""
    assert negotiate(accept) == expected


_pieces = st.sampled_from(
    ["application", "/", "json", "graphql-response+json", "*", ";", "q=", "0.5", "1", ",", " ", '"', "charset=", "\xff"]
)


@given(st.one_of(st.text(max_size=80), st.lists(_pieces, max_size=20).map("".join)))
def test_any_header_is_read(accept: str) -> None:
    """No header whatever makes the negotiation fail."""
    assert negotiate(accept) in {GRAPHQL, LEGACY, None}


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_the_higher_q_wins(graphql: int, legacy: int) -> None:
    """Between the two types by name, q decides; equal ones go to the specification's own; 0 is never taken."""
    accept = f"{LEGACY};q={legacy / 1000:.3f}, {GRAPHQL};q={graphql / 1000:.3f}"
    expected = None if not graphql and not legacy else GRAPHQL if graphql >= legacy else LEGACY
    assert negotiate(accept) == expected
