"""Variables that are taken as they are, are what graphql-core makes of them; and what it refuses is refused."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import OperationDefinitionNode, VariableValues, get_variable_values, parse
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.engine.compiled.variables import Variables
from tests.gateway.engine.compiled.test_arguments import BOTH

TYPES = [
    "Line!",
    "Line",
    "[Basket!]!",
    "[Basket]",
    "[[Filter!]!]",
    "Filter",
    "[Size!]",
    "Decimal",
    "[String]",
    "[Int!]",
]
NAMES = ["sku", "amount", "note", "sizes", "within", "lines", "first", "named", "words", "size", "odd"]
LEAVES = st.sampled_from([None, True, 0, 7, 2**31, 1.5, "", "a", "SMALL", "2.50", "NaN"])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
)
GOOD = {"sku": "a", "amount": "2.50", "sizes": ["SMALL", None], "within": {"sku": "b", "note": None}}


def variables(type_: str) -> tuple[OperationDefinitionNode, Variables]:
    (operation,) = parse(f"query ($v: {type_}) {{ __typename }}").definitions
    assert isinstance(operation, OperationDefinitionNode)
    return operation, Variables(BOTH.ground, operation.variable_definitions or ())


def alike(operation: OperationDefinitionNode, ours: Variables, raw: dict[str, Any]) -> bool:
    """Whether the values are the same, and may be given at all."""
    expected = get_variable_values(BOTH.graphql, operation.variable_definitions or (), raw, 20, True)
    found = ours.values(raw)
    if not isinstance(expected, VariableValues):
        assert not isinstance(found, VariableValues)
        return [error.message for error in found] == [error.message for error in expected]
    assert isinstance(found, VariableValues)
    same: bool = repr(found.coerced) == repr(expected.coerced)  # repr, so that True is not 1
    return same and found.sources.keys() == expected.sources.keys()


ALL = {type_: variables(type_) for type_ in TYPES}


@settings(max_examples=400)
@given(st.sampled_from(TYPES), VALUES)
def test_values_are_those_of_graphql_core(type_: str, value: Any) -> None:
    """Whatever is sent, for lists, enums, scalars of our own, inputs in inputs and those that hold themselves."""
    assert alike(*ALL[type_], {"v": value})


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("Filter", {"words": ["a"], "size": "LARGE"}),
        ("Filter", {"words": "a"}),
        ("[[Filter!]!]", [[{"words": []}], []]),
        ("[Basket!]!", [{"lines": [{"words": ["a"]}, None], "named": "x"}]),
        ("Line!", GOOD),
        ("Line!", GOOD | {"odd": 1}),
        ("Line!", {"amount": "1"}),
    ],
)
def test_inputs_that_are_well_and_inputs_that_are_nearly(type_: str, value: Any) -> None:
    """What random values seldom are."""
    assert alike(*ALL[type_], {"v": value})


@pytest.mark.parametrize("type_", TYPES)
def test_nothing_given(type_: str) -> None:
    """Required or not."""
    assert alike(*ALL[type_], {})
