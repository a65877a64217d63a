"""What was written of a record is written again without looking at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import strawberry
from graphql import VariableValues, parse
from strawberry.schema.config import StrawberryConfig

from domains.vocabulary import FreshnessTier, Reading, Record, Row
from gateway.engine.compiled import Plans
from gateway.engine.compiled.remembering import VALUE_CHARACTERS, Written
from gateway.engine.compiled.running import Run
from resolvers.loaders import Loaders
from resolvers.reading import by_record, read
from tests.gateway.engine.compiled.both import Both, seen
from tests.resolvers.goods import NOW

ASKED: list[str] = []
FRESH, LIVE = FreshnessTier.FRESH, FreshnessTier.LIVE


class Leaf(Record, frozen=True, kw_only=True):
    name: str
    number: int | None = None


@dataclass(frozen=True)
class Loose:
    """Frozen, and no record: what is in it may change."""

    name: str
    number: int | None = None


@by_record
def _shout(parent: strawberry.Parent[Reading[Leaf]]) -> str:
    ASKED.append("shout")
    return parent.value.name.upper()


def _moody(parent: strawberry.Parent[Reading[Leaf]]) -> str:
    ASKED.append("moody")
    return f"{parent.value.name} {len(ASKED)}"


@strawberry.type
class Twig:
    name: str
    number: int | None
    shout: str = strawberry.field(resolver=_shout)
    moody: str = strawberry.field(resolver=_moody)


def read_as(record: object, tier: FreshnessTier = FRESH) -> Reading[object]:
    return Reading(record, "test", tier, 100.0, 10.0)


@strawberry.type
class Query:
    @strawberry.field
    def twigs(self, info: strawberry.Info) -> list[Twig | None] | None:
        return info.context.twigs  # type: ignore[no-any-return]  # what is given stands for twigs, as everywhere here

    @strawberry.field
    async def row(self, info: strawberry.Info) -> list[Twig | None] | None:
        return info.context.twigs  # type: ignore[no-any-return]  # likewise


BOTH = Both(strawberry.Schema(Query, config=StrawberryConfig(default_resolver=read)))


@dataclass
class Given:
    """A context."""

    twigs: Sequence[object]
    loaders: Loaders = field(default_factory=lambda: Loaders(NOW))


def plans(text: str) -> Plans:
    ASKED.clear()
    return Plans(BOTH.ground, parse(text), lambda: None)


async def ask(of: Plans, twigs: Sequence[object], field: str = "twigs") -> Any:
    result = await of.run(None, {}, Given(twigs), None, comes_again=True)
    assert result is not None
    return (result.data or {}).get(field)


async def test_a_kept_record_is_looked_at_once() -> None:
    """In whatever Reading it comes, and beside others; what differs from time to time is asked each time, in order."""
    both, leaf = plans("{ twigs { name moody shout } }"), Leaf(name="a")
    for number in range(1, 4):
        (twig,) = await ask(both, [read_as(leaf)])
        assert list(twig) == ["name", "moody", "shout"]
        assert (twig["name"], twig["shout"], twig["moody"][0]) == ("a", "A", "a")
        assert (ASKED.count("shout"), ASKED.count("moody")) == (1, number)
    among: list[object] = [None, read_as(Leaf(name="b")), read_as(leaf)]
    assert [one and one["shout"] for one in await ask(both, among)] == [None, "B", "A"]
    assert ASKED.count("shout") == 2


@pytest.mark.parametrize("twig", [read_as(Leaf(name="a"), LIVE), read_as(Loose("a")), Leaf(name="a")])
async def test_what_no_cache_holds_is_not_remembered(twig: object) -> None:
    """Nor what may change; it would stand in the way of what comes again."""
    both, before = plans("{ twigs { number name } }"), len(BOTH.ground.written._records)
    assert [await ask(both, [twig]) for _ in range(3)] == [[{"number": None, "name": "a"}]] * 3
    assert len(BOTH.ground.written._records) == before


async def test_what_failed_is_looked_at_again() -> None:
    """Each answer tells its errors."""
    both, bad = plans("{ twigs { name number } }"), Leaf(name="a", number=2**40)
    for _ in range(3):
        result = await both.run(None, {}, Given([read_as(bad)]), None, comes_again=True)
        assert result is not None
        assert result.data == {"twigs": [{"name": "a", "number": None}]}
        assert result.errors is not None
        assert [one.path for one in result.errors] == [["twigs", 0, "number"]]


async def test_what_was_written_of_a_row_is_written_again() -> None:
    """As long as it is the same row; one with something in it that is asked each time is gone through each time."""
    alike, moody = plans("{ row { name shout } }"), plans("{ row { moody } }")
    row = Row([read_as(Leaf(name="a")), read_as(Leaf(name="b"))])
    written = await ask(alike, row, "row")
    assert written == [{"name": "a", "shout": "A"}, {"name": "b", "shout": "B"}]
    assert await ask(alike, row, "row") is written
    again = await ask(alike, Row(row), "row")
    assert again == written
    assert again is not written
    assert await ask(moody, row, "row") != await ask(moody, row, "row")


@pytest.mark.parametrize("odd", [read_as(Leaf(name="a"), LIVE), read_as(Leaf(name="a", number=2**40))])
async def test_a_row_with_something_odd_in_it_is_not_remembered(odd: Reading[Any]) -> None:
    """What was just asked is told as new each time, and what failed fails each time."""
    both, row = plans("{ row { name number } }"), Row([read_as(Leaf(name="b")), odd])
    first, second = await ask(both, row, "row"), await ask(both, row, "row")
    assert first == second == [{"name": "b", "number": None}, {"name": "a", "number": None}]
    assert first is not second


async def test_a_row_that_failed_tells_its_errors_each_time() -> None:
    """And graphql-core tells the same of it."""
    document, row = parse("{ row { name number } }"), Row([read_as(Leaf(name="a", number=2**40))])
    expected, both = seen(await BOTH.interpreted(document, {}, Given(row))), plans("{ row { name number } }")
    assert expected.errors
    for _ in range(2):
        result = await both.run(None, {}, Given(row), None, comes_again=True)
        assert result is not None
        assert seen(result) == expected


async def test_a_run_that_waited_remembers_nothing() -> None:
    """What it was told was not kept for long."""
    both, leaf = plans("{ twigs { shout } }"), Leaf(name="a")
    for _ in range(2):
        given = Given([read_as(leaf)])
        given.loaders.provenance.waited = True
        await both.run(None, {}, given, None, comes_again=True)
    assert ASKED == ["shout"] * 2


def test_no_more_is_remembered_than_may_be() -> None:
    """Then all is forgotten, of all plans; records live as long as what was written of them."""
    written = Written(values_max=20)
    plan: Any = SimpleNamespace(stages=())
    run = Run(plan, None, Given([]), VariableValues({}, {}))
    one, other = written.memo(), written.memo()
    leaves = [Leaf(name=str(number)) for number in range(30)]
    for number, leaf in enumerate(leaves):
        written.keep((one, other)[number % 2], run, leaf, {"name": leaf.name, "in": [{"number": number}]})
        assert len(one) + len(other) == len(written._records) <= 20 / 4
    assert {*one, *other} == set(map(id, written._records))
    text = "a" * 3 * VALUE_CHARACTERS  # counts as four, and with the object and a number as six of the twenty
    for number in range(30):
        written.keep(one, run, Leaf(name=str(number)), {"name": text, "number": number})
        assert len(written._records) <= 3
    known = list(written._records)
    written.keep(one, run, Leaf(name="large"), {"name": text * 10})
    assert written._records == known
    loose = Loose("no record")
    written.keep(one, run, loose, {"name": "no record"})
    assert id(loose) not in one
