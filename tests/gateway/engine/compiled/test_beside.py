"""Stages side by side: begun in place, and each on its own as long as one of them waits."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Any

import pytest
import strawberry
from graphql import parse
from strawberry.schema.config import StrawberryConfig

from gateway.engine.compiled import Plans
from resolvers.reading import read
from tests.gateway.engine.compiled.both import Both

SCOPE: ContextVar[str] = ContextVar("scope", default="outside")


class Here:
    """As much of a context as these fields need."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.tasks: list[asyncio.Task[Any] | None] = []
        self.ended: list[str] = []


@strawberry.type
class Part:
    @strawberry.field
    async def breaks(self, info: strawberry.Info) -> int:
        await asyncio.sleep(0)
        raise ValueError("broken")

    @strawberry.field
    async def hangs(self, info: strawberry.Info) -> int:
        try:
            await info.context.gate.wait()
        finally:
            info.context.ended.append("hangs")
        return 1


@strawberry.type
class Query:
    @strawberry.field
    async def quick(self, info: strawberry.Info) -> str:
        info.context.tasks.append(asyncio.current_task())
        return SCOPE.get()

    @strawberry.field
    async def scoped(self, info: strawberry.Info) -> str:
        token = SCOPE.set("inside")
        info.context.tasks.append(asyncio.current_task())
        await info.context.gate.wait()
        SCOPE.reset(token)
        return SCOPE.get()

    @strawberry.field
    async def opens(self, info: strawberry.Info) -> str:
        info.context.tasks.append(asyncio.current_task())
        info.context.gate.set()
        return SCOPE.get()

    @strawberry.field
    async def part(self) -> Part | None:
        return Part()


BOTH = Both(strawberry.Schema(Query, config=StrawberryConfig(default_resolver=read)))


async def ask(text: str, here: Here) -> Any:
    return await Plans(BOTH.ground, parse(text), lambda: None).run(None, {}, here, None, comes_again=True)


async def test_what_needs_no_waiting_needs_no_task() -> None:
    """All of it is done in the task of who asks."""
    here = Here()
    result = await ask("{ quick opens }", here)
    assert result.data == {"quick": "outside", "opens": "outside"}
    assert here.tasks == [asyncio.current_task()] * 2


async def test_who_waits_is_waited_for_beside_the_others() -> None:
    """The first in the task of who asks, and what it has set meanwhile is not seen by the others."""
    here = Here()
    result = await asyncio.wait_for(ask("{ quick scoped opens last: quick }", here), 5)
    assert result.data == {"quick": "outside", "scoped": "outside", "opens": "outside", "last": "outside"}
    assert here.tasks[0] is here.tasks[1]
    assert len(set(here.tasks)) == 3


@pytest.mark.parametrize("fields", ["hangs breaks", "breaks hangs"])
async def test_what_nobody_will_see_is_not_waited_for(fields: str) -> None:
    """Whether it was begun in place or has a task; who asks is none the wiser."""
    here = Here()
    result = await asyncio.wait_for(ask(f"{{ part {{ {fields} }} }}", here), 5)
    assert result.data == {"part": None}
    assert [one.message for one in result.errors] == ["broken"]
    assert here.ended == ["hangs"]
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


@pytest.mark.parametrize(
    "text", ["{ scoped part { hangs } }", "{ part { hangs } scoped }", "{ part { hangs two: hangs } }"]
)
async def test_who_asks_may_be_cancelled(text: str) -> None:
    """Then all of it is, and has ended before they hear of it."""
    here = Here()
    asking = asyncio.create_task(ask(text, here))
    for _ in range(5):
        await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert set(here.ended) == {"hangs"}
    assert asyncio.all_tasks() == {asyncio.current_task()}
