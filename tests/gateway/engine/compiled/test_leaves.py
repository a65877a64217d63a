"""What a leaf costs does not grow with how many there are."""

from __future__ import annotations

import enum
import sys
from types import FrameType
from typing import Any

import strawberry
from graphql import parse
from strawberry.schema.config import StrawberryConfig

from domains.vocabulary import Record
from gateway.engine.compiled import Plans
from resolvers.reading import by_class, read
from tests.gateway.engine.compiled.both import Both


@strawberry.enum
class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Kept(Record, frozen=True, kw_only=True):
    name: str | None
    number: int
    share: float
    colour: Colour
    id: str


@strawberry.type
class Row:
    name: str | None
    number: int
    share: float
    colour: Colour
    id: strawberry.ID

    @classmethod
    @by_class
    def is_type_of(cls, obj: object, _info: object) -> bool:
        return isinstance(obj, Kept)


@strawberry.type
class Query:
    @strawberry.field
    def rows(self, number: int) -> list[Row]:
        made: Any = [
            Kept(name=None if n % 3 else f"row {n}", number=n, share=n / 7, colour=list(Colour)[n % 2], id=f"id-{n}")
            for n in range(number)
        ]
        return made  # type: ignore[no-any-return]  # records stand for rows, as everywhere in this house


PLANS = Plans(
    Both(strawberry.Schema(Query, config=StrawberryConfig(default_resolver=read))).ground,
    parse("query ($n: Int!) { rows(number: $n) { name number share colour id } }"),
    lambda: None,
)


async def calls_of_plan(rows: int) -> int:
    """How many calls the generated code makes, of Python and of C."""
    plan, calls = PLANS.plan(None, {"n": rows}), 0
    assert plan is not None

    def profile(frame: FrameType, event: str, _: object) -> None:
        nonlocal calls
        calls += frame.f_code.co_filename.startswith("<operation") and event in {"call", "c_call"}

    sys.setprofile(profile)
    try:
        result = await PLANS.run(None, {"n": rows}, None, None, comes_again=True)
    finally:
        sys.setprofile(None)
    assert result is not None
    assert result.data is not None
    assert len(result.data["rows"]) == rows
    return calls


async def test_a_leaf_is_written_without_a_call() -> None:
    """A row is three calls: two find the name of its enum, one adds it to its list. All else is done in line."""
    await calls_of_plan(1)  # which learns the class of the records
    few, many = await calls_of_plan(10), await calls_of_plan(1010)
    assert many - few == 3 * 1000
