"""How a run ends early: an error decides the answer, the client goes, the deadline passes. Nothing is left running."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import strawberry
from graphql import parse

from resolvers.batching import Batched
from resolvers.loaders import Loaders
from resolvers.roots import Rooted
from tests.gateway.engine.compiled.both import Both, seen, slowly
from tests.resolvers.goods import NOW

TIMEOUT_S = 5


class Watched:
    """A context that hears what began and how it ended."""

    def __init__(self) -> None:
        self.loaders = Loaders(NOW)
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.gate = asyncio.Event()

    async def wait(self, name: str) -> str:
        self.begun.append(name)
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.ended.append(name)
            raise
        return name


Info = strawberry.Info[Watched, None]


async def _loaded(parents: list[Any], info: Info) -> list[str]:
    return [await info.context.wait("batch")] * len(parents)


async def _cancelled(parents: list[Any], info: Info) -> list[str]:
    raise asyncio.CancelledError


@strawberry.type
class Leaf:
    number: int

    @strawberry.field
    async def slow(self, info: Info) -> str | None:
        return await info.context.wait(f"slow {self.number}")

    @strawberry.field
    async def deep(self, info: Info) -> Leaf | None:
        await slowly(1)
        return Leaf(number=self.number + 10)

    @strawberry.field
    async def must(self, ticks: int = 1) -> str:
        await slowly(ticks)
        return None  # type: ignore[return-value]  # broken on purpose

    @strawberry.field
    def at_once(self) -> str:
        return None  # type: ignore[return-value]  # broken on purpose

    @strawberry.field
    async def even(self) -> str:
        await slowly(1)
        return "even" if self.number % 2 == 0 else None  # type: ignore[return-value]  # broken on purpose

    @strawberry.field(extensions=[Batched(_loaded)])  # type: ignore[untyped-decorator]  # as Strawberry declares it
    async def batch(self) -> str | None:
        raise AssertionError("a batch field is resolved by its extension")

    @strawberry.field(extensions=[Rooted()])  # type: ignore[untyped-decorator]  # likewise
    async def rooted(self, info: Info) -> str | None:
        return await info.context.wait(f"rooted {self.number}")

    @strawberry.field(extensions=[Batched(_cancelled)])  # type: ignore[untyped-decorator]  # likewise
    async def odd(self) -> str | None:
        raise AssertionError("a batch field is resolved by its extension")


@strawberry.type
class Query:
    @strawberry.field
    async def leaves(self, first: int = 1) -> list[Leaf | None]:
        return [Leaf(number=number) for number in range(first)]

    @strawberry.field
    async def leaf(self) -> Leaf | None:
        return Leaf(number=7)

    @strawberry.field
    async def needed(self, ticks: int = 1) -> Leaf:
        await slowly(ticks)
        return None  # type: ignore[return-value]  # broken on purpose


BOTH = Both(strawberry.Schema(Query))


@asynccontextmanager
async def watching() -> AsyncIterator[Watched]:
    """A context, after which no task may be left."""
    yield Watched()
    await slowly(3)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def ask(text: str, watched: Watched) -> Any:
    return seen(await asyncio.wait_for(BOTH.compiled(parse(text), {}, watched), TIMEOUT_S))


@pytest.mark.parametrize("failing", ["must", "must(ticks: 4)", "atOnce"])
@pytest.mark.parametrize("waiting", ["slow", "batch", "deep { slow }", "deep { deep { batch slow } }"])
async def test_siblings_end_with_what_was_decided(failing: str, waiting: str) -> None:
    """What nobody will see is cancelled when an error has turned what is around it to null; the rest is answered."""
    async with watching() as watched:
        answer = await ask(f"{{ leaf {{ {failing} {waiting} }} other: leaf {{ number }} }}", watched)
        assert answer.data == {"leaf": None, "other": {"number": 7}}
        assert len(answer.errors) == 1
        assert sorted(watched.ended) == sorted(watched.begun)


@pytest.mark.parametrize("waiting", ["leaf { slow }", "leaves(first: 3) { batch slow deep { slow } }"])
async def test_the_whole_answer_ends_at_once(waiting: str) -> None:
    """An error that is the whole answer's waits for nobody."""
    async with watching() as watched:
        answer = await ask(f"{{ needed(ticks: 4) {{ number }} {waiting} }}", watched)
        assert answer.data is None
        assert watched.begun
        assert sorted(watched.ended) == sorted(watched.begun)


async def test_what_others_wait_for_goes_on() -> None:
    """A stage with a parent left that is shown goes on, and answers for that one."""
    async with watching() as watched:
        asking = asyncio.ensure_future(ask("{ leaves(first: 2) { even batch } }", watched))
        await slowly(10)
        watched.gate.set()
        answer = await asking
        assert answer.data == {"leaves": [{"even": "even", "batch": "batch"}, None]}
        assert watched.ended == []


@pytest.mark.parametrize("end", ["cancel", "deadline"])
@pytest.mark.parametrize(
    "text",
    [
        "{ leaf { slow } }",
        "{ leaf { batch } }",
        "{ leaf { slow batch } needed(ticks: 1000) { number } }",
        "{ leaves(first: 3) { slow batch deep { slow batch } } }",
    ],
)
async def test_who_stops_waiting_stops_the_work(text: str, end: str) -> None:
    """The client goes or the deadline passes while resolvers wait: all of them are cancelled, and none is left."""
    async with watching() as watched:
        run = asyncio.ensure_future(BOTH.compiled(parse(text), {}, watched))
        await slowly(8)
        if end == "cancel":
            run.cancel()
            await asyncio.wait((run,), timeout=TIMEOUT_S)
            assert run.cancelled()
        else:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(run, 0.001)
        assert watched.begun
        assert sorted(watched.ended) == sorted(watched.begun)


@pytest.mark.parametrize("ticks", range(8))
async def test_at_whatever_moment(ticks: int) -> None:
    """However far a run has come when it is cancelled, it leaves no task and no coroutine that nobody awaited."""
    async with watching() as watched:
        text = "{ leaves(first: 2) { deep { deep { slow batch } rooted even } batch rooted } leaf { must slow } }"
        run = asyncio.ensure_future(BOTH.compiled(parse(text), {}, watched))
        await slowly(ticks)
        run.cancel()
        await asyncio.wait((run,), timeout=TIMEOUT_S)
        assert run.cancelled()
        assert sorted(watched.ended) == sorted(watched.begun)


async def test_a_cancellation_from_below_ends_the_run() -> None:
    """A resolver that cancels itself is no answer, as with graphql-core, and its siblings do not outlive the run."""
    async with watching() as watched:
        asking = asyncio.ensure_future(BOTH.compiled(parse("{ leaf { odd slow } }"), {}, watched))
        await slowly(10)
        watched.gate.set()
        await asyncio.wait((asking,), timeout=TIMEOUT_S)
        assert asking.cancelled()
