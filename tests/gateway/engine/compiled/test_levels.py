"""What was made of a row, and of what the stages below it were told, is given again whole while both are the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import strawberry
from graphql import parse
from hypothesis import given
from hypothesis import strategies as st
from strawberry.schema.config import StrawberryConfig

from domains.vocabulary import FreshnessTier, Reading, Record, Row, Rows
from gateway.engine.compiled import Lasting, Plans
from resolvers.batching import batch_field
from resolvers.directives import OMS_LIVE, Degradation
from resolvers.loaders import Loaders
from resolvers.reading import read
from tests.gateway.engine.compiled.both import Both, seen
from tests.resolvers.goods import NOW

FRESH, LIVE = FreshnessTier.FRESH, FreshnessTier.LIVE


class Leaf(Record, frozen=True, kw_only=True):
    name: str
    number: int | None = None


def read_as(record: object, tier: FreshnessTier = FRESH) -> Reading[Any]:
    return Reading(record, "test", tier, 100.0, 10.0)


@strawberry.type
class Bud:
    name: str
    number: int | None


@dataclass
class Given:
    """A context: what the fields are told."""

    twigs: Sequence[Any]
    buds: Sequence[Any]
    more: Sequence[Any] = ()
    loaders: Loaders = field(default_factory=lambda: Loaders(NOW))


async def _buds(parents: Sequence[Any], info: strawberry.Info[Given, None]) -> Sequence[Any]:
    return info.context.buds if len(info.context.buds) == len(parents) else info.context.buds[: len(parents)]


async def _more(parents: Sequence[Any], info: strawberry.Info[Given, None]) -> Sequence[Any]:
    return info.context.more or [[] for _ in parents]


def batched(load: Any) -> Any:
    type_ = list[Bud | None] | None
    return batch_field(load, graphql_type=type_, description="Buds.", degrades=Degradation.NULL, served=OMS_LIVE)


@strawberry.type
class Twig:
    name: str
    buds: object = batched(_buds)
    more: object = batched(_more)


@strawberry.type
class Query:
    @strawberry.field
    async def twigs(self, info: strawberry.Info) -> list[Twig | None] | None:
        return info.context.twigs  # type: ignore[no-any-return]  # what is given stands for twigs


BOTH = Both(strawberry.Schema(Query, config=StrawberryConfig(default_resolver=read)))
ONE, TWO = "{ twigs { name buds { name number } } }", "{ twigs { more { name } name buds { name number } } }"


def row(*names: str) -> Row:
    return Row([read_as(Leaf(name=name)) for name in names])


def rows(*names: str) -> Rows:
    """A row of one for each."""
    return Rows.of([read_as(Leaf(name=name)) for name in names], 1)


def shown(names: str, buds: str) -> list[dict[str, Any]]:
    return [{"name": name, "buds": [{"name": bud, "number": None}]} for name, bud in zip(names, buds, strict=True)]


def plans(text: str) -> Plans:
    return Plans(BOTH.ground, parse(text), lambda: None)


async def ask(of: Plans, given: Given) -> Any:
    result = await of.run(None, {}, given, None, comes_again=True)
    assert result is not None
    assert result.errors is None
    return (result.data or {})["twigs"]


async def test_the_same_rows_are_the_same_list() -> None:
    """Not a part of it is made anew; it says of itself that it lasts."""
    of, twigs, buds = plans(ONE), row("a", "b"), rows("x", "y")
    first = await ask(of, Given(twigs, buds))
    assert first == shown("ab", "xy")
    assert type(first) is Lasting
    assert await ask(of, Given(twigs, buds)) is first


async def test_what_differs_is_written_into_copies() -> None:
    """Neither is what was answered before changed by it, nor what is answered after."""
    of, twigs, buds, others = plans(ONE), row("a", "b"), rows("x", "y"), rows("x", "z")
    first = await ask(of, Given(twigs, buds))
    assert await ask(of, Given(twigs, others)) == shown("ab", "xz")
    assert await ask(of, Given(twigs, [list(one) for one in others])) == shown("ab", "xz")
    assert await ask(of, Given(row("a", "c"), buds)) == shown("ac", "xy")
    assert first == shown("ab", "xy")
    assert await ask(of, Given(twigs, buds)) == shown("ab", "xy")


async def test_several_stages_have_to_be_the_same() -> None:
    """What one of them has said before need not be written again beside another's news."""
    of, twigs, buds = plans(TWO), row("a"), rows("x")
    more, others = rows("m"), rows("n")
    first = await ask(of, Given(twigs, buds, more))
    assert first == [{"more": [{"name": "m"}], **shown("a", "x")[0]}]
    assert list(first[0]) == ["more", "name", "buds"]
    assert await ask(of, Given(twigs, buds, more)) is first
    second = await ask(of, Given(twigs, buds, others))
    assert second == [{"more": [{"name": "n"}], **shown("a", "x")[0]}]
    assert await ask(of, Given(twigs, buds, others)) is second
    assert first == [{"more": [{"name": "m"}], **shown("a", "x")[0]}]


async def test_what_failed_is_told_each_time() -> None:
    """And graphql-core tells the same; what is well is not taken for it."""
    of, document, twigs, well = plans(ONE), parse(ONE), row("a"), rows("x")
    bad = Rows.of([read_as(Leaf(name="x", number=2**40))], 1)
    await ask(of, Given(twigs, well))
    for buds in (bad, [ValueError("no buds")], bad):
        expected = seen(await BOTH.interpreted(document, {}, Given(twigs, buds)))
        assert expected.errors
        result = await of.run(None, {}, Given(twigs, buds), None, comes_again=True)
        assert result is not None
        assert seen(result) == expected
    assert await ask(of, Given(twigs, well)) == shown("a", "x")


@pytest.mark.parametrize("waited", [True, False])
async def test_a_run_that_waited_remembers_nothing(waited: bool) -> None:
    """What it was told was not kept for long."""
    of, twigs, buds = plans(ONE), row("a"), rows("x")
    answers = []
    for _ in range(2):
        given = Given(twigs, buds)
        given.loaders.provenance.waited = waited
        answers.append(await ask(of, given))
    assert answers[0] == answers[1]
    assert (answers[0] is answers[1]) is not waited


TWIGS = [row("a", "b"), row("b", "a"), [*row("a", "b")], [row("c")[0], None]]
BUDS = [
    rows("x", "y"),
    rows("y", "x"),
    [[], []],
    [list(rows("x")[0]), ValueError("gone")],
    Rows.of([read_as(Leaf(name="x", number=2**40)), read_as(Leaf(name="y"))], 1),
]


@given(st.lists(st.tuples(st.sampled_from(TWIGS), st.sampled_from(BUDS), st.sampled_from(BUDS)), max_size=8))
async def test_whatever_was_answered_before(asked: list[tuple[Any, Any, Any]]) -> None:
    """The same is answered as by graphql-core, and nothing that was answered changes."""
    of, document, told = plans(TWO), parse(TWO), []
    for twigs, buds, more in asked:
        expected = seen(await BOTH.interpreted(document, {}, Given(twigs, buds, more)))
        result = await of.run(None, {}, Given(twigs, buds, more), None, comes_again=True)
        assert result is not None
        told.append((result, expected))
        assert all(seen(one) == other for one, other in told)
