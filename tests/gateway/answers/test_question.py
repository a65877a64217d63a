"""When two requests ask the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.answers import AnswerSettings
from gateway.answers.answers import OPERATIONS_MAX
from gateway.answers.question import VARIABLES_BYTES_MAX, canonical
from tests.gateway.answers.kitchen import answers

NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
VARIABLES = st.dictionaries(st.sampled_from(["sku", "at", "n"]), VALUES, max_size=3)


def turned(value: Any) -> Any:
    """The same with its keys in the other order."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(list(value))}
    return [turned(one) for one in value] if isinstance(value, list) else value


def typed(value: Any) -> Any:
    """The value told apart by type: 1, 1.0 and True are equal in Python, and not to a schema."""
    if isinstance(value, dict):
        return {key: typed(one) for key, one in value.items()}
    return [typed(one) for one in value] if isinstance(value, list) else (type(value), repr(value))


@given(VARIABLES, VARIABLES)
def test_variables_are_the_same_when_their_values_are(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Whatever the order of keys, and only then: no two questions share an answer by accident."""
    assert canonical(one) == canonical(turned(one))
    assert (canonical(one) == canonical(other)) is (typed(one) == typed(other))


@pytest.mark.parametrize("odd", [{"n": 2**64}, {"text": "\ud800"}, {"text": "x" * VARIABLES_BYTES_MAX}])
def test_variables_that_cannot_be_compared_are_nobodys(odd: dict[str, object]) -> None:
    """Numbers and texts beyond what is written in one way, and such as are too long, are asked past what is kept."""
    assert answers().question("anybody", None, "{ a }", None, odd, is_query=lambda: True) is None


def test_no_variables_are_no_variables() -> None:
    """Absent, null and empty are the same question."""
    assert canonical(None) == canonical({}) == b""


def test_every_part_of_the_question_tells() -> None:
    """Who asks, on which path, by which document and operation, with what: another of any is another question."""
    kept = answers()

    def asked(*parts: Any) -> object:
        return kept.question(*parts, is_query=lambda: True)

    first = ("storefront", "BROWSE", "{ a }", "A", {"n": 1})
    others = ("partner", "CHECKOUT", "{ b }", "B", {"n": 2})
    assert asked(*first) == asked(*first)
    for place, other in enumerate(others):
        assert asked(*first[:place], other, *first[place + 1 :]) != asked(*first)


def test_what_is_no_query_is_not_kept_nor_remembered() -> None:
    """Mutations, and operations that a document does not have, whatever names are made up."""
    kept = answers()
    for name in ("a", "b", "a"):
        assert kept.question("anybody", None, "mutation", name, {}, is_query=lambda: False) is None
    assert not kept._operations


def test_operations_are_bounded() -> None:
    """The oldest are forgotten, and known again when they are asked again."""
    kept = answers()
    for number in range(OPERATIONS_MAX + 10):
        kept.question("anybody", None, str(number), None, None, is_query=lambda: True)
    assert len(kept._operations) == OPERATIONS_MAX


def test_a_switch_turns_it_off() -> None:
    """Switched off, nothing is asked of it."""
    off = answers(settings=AnswerSettings(enabled=False))
    assert off.question("anybody", None, "{ a }", None, None, is_query=lambda: True) is None
