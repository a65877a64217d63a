"""What a document says in full is worked out once, and is still each run's own."""

from __future__ import annotations

import enum
from decimal import Decimal
from typing import Any

import pytest
import strawberry
from graphql import parse

from gateway.engine.compiled import Plans
from tests.gateway.engine.compiled.both import Both


@strawberry.enum
class Size(enum.Enum):
    SMALL = 1
    LARGE = 2


@strawberry.input
class Filter:
    words: list[str]
    size: Size = Size.SMALL


@strawberry.input
class Line:
    sku: str
    amount: Decimal | None = None
    note: str | None
    sizes: list[Size | None] = strawberry.field(default_factory=lambda: [Size.LARGE])
    within: Line | None = None


@strawberry.input
class Basket:
    lines: list[Filter | None]
    first: Filter | None = strawberry.UNSET
    named: strawberry.Maybe[str]


@strawberry.type
class Query:
    @strawberry.field
    def line(self, of: Line) -> str:
        return repr(of)

    @strawberry.field
    def basket(self, of: list[Basket]) -> str:
        return repr(of)

    @strawberry.field
    def plain(self, lines: list[list[Filter]] | None = None, by: Filter | None = strawberry.UNSET) -> str:
        return f"{lines!r} {by!r}"

    @strawberry.field
    def words(self, words: list[str], more: str = "!") -> list[str]:
        words.append(more)  # whoever is given a list may do with it as they like
        return words

    @strawberry.field
    def filtered(self, by: Filter) -> list[str]:
        by.words.append(by.size.name)
        return by.words

    @strawberry.field
    def price(self, amount: Decimal, size: Size | None = None) -> str:
        return f"{amount} {size and size.name}"


BOTH = Both(strawberry.Schema(Query))


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ('{ words(words: ["a", "b"]) }', {"words": ["a", "b", "!"]}),
        ('{ words(words: "a", more: "?") }', {"words": ["a", "?"]}),
        ('query ($more: String! = "?") { words(words: ["a", "b"], more: $more) }', {"words": ["a", "b", "?"]}),
        ('query ($one: String! = "a") { words(words: [$one, "b"]) }', {"words": ["a", "b", "!"]}),
        ('{ filtered(by: {words: ["a"], size: LARGE}) }', {"filtered": ["a", "LARGE"]}),
        ('{ price(amount: "1.50", size: LARGE) }', {"price": "1.50 LARGE"}),
        ('{ price(amount: "1.50") }', {"price": "1.50 None"}),
    ],
)
async def test_each_run_has_arguments_of_its_own(text: str, data: dict[str, Any]) -> None:
    """What a resolver does to them is seen by no later run; and they are those of graphql-core."""
    plans = Plans(BOTH.ground, parse(text), lambda: None)
    assert (await BOTH.interpreted(parse(text), {}, None)).data == data
    for _ in range(3):
        result = await plans.run(None, {}, None, None, comes_again=True)
        assert result is not None
        assert (result.data, result.errors) == (data, None)


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("query ($of: Line!) { line(of: $of) }", {"of": {"sku": "a"}}),
        (
            "query ($of: Line!) { line(of: $of) }",
            {"of": {"sku": "a", "note": None, "sizes": ["SMALL", None], "within": {"sku": "b", "amount": "2.50"}}},
        ),
        ("query ($of: [Basket!]!) { basket(of: $of) }", {"of": {"lines": [{"words": "a"}, None]}}),
        (
            "query ($of: [Basket!]!) { basket(of: $of) }",
            {"of": [{"lines": [], "first": None, "named": "x"}, {"lines": [], "first": {"words": []}}]},
        ),
        ("query ($lines: [[Filter!]!]) { plain(lines: $lines) }", {"lines": [[{"words": ["a"]}], []]}),
        ("query ($by: Filter) { plain(by: $by) }", {"by": None}),
        ("query ($by: Filter) { plain(by: $by) }", {"by": {"words": ["a"], "size": "LARGE"}}),
        ("query ($by: Filter) { plain(by: $by, lines: null) }", {}),
    ],
)
async def test_inputs_are_made_as_strawberry_makes_them(text: str, variables: dict[str, Any]) -> None:
    """Defaults, what is left out, nulls, enums, lists of lists, inputs in inputs, and those that hold themselves."""
    expected = await BOTH.interpreted(parse(text), variables, None)
    assert expected.errors is None
    found = await BOTH.compiled(parse(text), variables, None)
    assert (found.data, found.errors) == (expected.data, None)


async def test_a_value_that_cannot_be_read_fails_each_time() -> None:
    """A failure is not kept as if it were the arguments."""
    plans = Plans(BOTH.ground, parse('{ price(amount: "much") }'), lambda: None)
    for _ in range(2):
        result = await plans.run(None, {}, None, None, comes_again=True)
        assert result is not None
        assert result.errors is not None
        assert "amount" in str(result.errors[0])
