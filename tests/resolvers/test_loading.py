"""Loaders and batch fields: one call for everybody who asks in the same breath."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from graphql import FieldNode, GraphQLString, NameNode
from graphql.pyutils import Path

from domains.vocabulary import Reading, SystemRole, UpstreamError, UpstreamTimeout
from resolvers.batching import Batched
from resolvers.context import Context
from resolvers.loaders import BATCH_MAX, Loaders
from tests.resolvers.fakes import Fake, reading
from tests.resolvers.goods import NOW
from tests.resolvers.world import ASSOCIATE, ENGINE, World

TIMEOUT_S = 5


def number(key: int) -> int | None:
    return None if key < 0 else key * 10


async def test_a_tick_is_one_fetch() -> None:
    """Keys asked for side by side, repeats included, are one fetch of each key once."""
    fake: Fake[int, int] = Fake(number)
    loader = Loaders(NOW).of(fake)
    answers = await asyncio.gather(loader.load(1), loader.load_many([2, 1, -5]), loader.settle([3, None]))
    assert fake.calls == [frozenset({1, 2, -5, 3})]
    one, many, settled = answers
    assert one == reading(10)
    assert many == [reading(20), reading(10), None]
    assert settled == [reading(30), None]


async def test_what_was_answered_is_not_asked_again_until_it_is_forgotten() -> None:
    """A request asks for each key once, whether it was found, missing or failed; `forget` begins anew."""
    fake: Fake[int, int] = Fake(number)
    loaders = Loaders(NOW)
    for _ in range(2):
        await loaders.of(fake).load_many([1, -1])
    assert len(fake.calls) == 1
    loaders.forget()
    fake.error = UpstreamTimeout(SystemRole.ERP, "numbers")
    for _ in range(2):
        with pytest.raises(UpstreamTimeout):
            await loaders.of(fake).load(1)
    assert len(fake.calls) == 2


async def test_a_failure_is_everybodys_of_its_batch() -> None:
    """When a fetch fails, every key of its batch has the error, as a value where values are asked for."""
    fake: Fake[int, int] = Fake(number)
    fake.error = UpstreamTimeout(SystemRole.ERP, "numbers")
    loader = Loaders(NOW).of(fake)
    assert await loader.settle([1, None, 2]) == [fake.error, None, fake.error]
    with pytest.raises(UpstreamError):
        await loader.load_many([1])


async def test_a_batch_is_bounded() -> None:
    """More keys than a batch holds are several fetches, and all are answered."""
    fake: Fake[int, int] = Fake(number)
    answers = await Loaders(NOW).of(fake).load_many(range(BATCH_MAX + 1))
    assert [len(call) for call in fake.calls] == [BATCH_MAX, 1]
    assert answers == [reading(key * 10) for key in range(BATCH_MAX + 1)]


async def test_a_read_that_cancels_itself_leaves_nobody_waiting() -> None:
    """A fetch that ends by cancelling itself is an error for those who wait, not an endless wait."""

    async def fetch(keys: frozenset[int]) -> Mapping[int, Reading[int]]:
        raise asyncio.CancelledError

    with pytest.raises(RuntimeError):
        await asyncio.wait_for(Loaders(NOW).of(fetch).load(1), TIMEOUT_S)


@pytest.mark.parametrize("leaves", [0, 1])
async def test_whoever_leaves_takes_nobody_along(leaves: int) -> None:
    """Of two who wait for one key the other is answered, whichever of them is cancelled."""
    begun, may_answer = asyncio.Event(), asyncio.Event()

    async def fetch(keys: frozenset[int]) -> Mapping[int, Reading[int]]:
        begun.set()
        await may_answer.wait()
        return {key: reading(key) for key in keys}

    loader = Loaders(NOW).of(fetch)
    first = asyncio.create_task(loader.settle([1, 2]))
    await asyncio.wait_for(begun.wait(), TIMEOUT_S)
    waiting = [first, asyncio.create_task(loader.settle([2, 3]))]
    await asyncio.sleep(0)
    waiting[leaves].cancel()
    await asyncio.wait(waiting[leaves : leaves + 1], timeout=TIMEOUT_S)
    may_answer.set()
    stays = [[reading(1), reading(2)], [reading(2), reading(3)]][1 - leaves]
    assert await asyncio.wait_for(waiting[1 - leaves], TIMEOUT_S) == stays
    assert waiting[leaves].cancelled()
    assert await asyncio.wait_for(loader.settle([1, 2, 3]), TIMEOUT_S) == [reading(1), reading(2), reading(3)]


async def test_closing_cancels_what_is_in_flight() -> None:
    """When a request has ended, its reads are cancelled and no task is left."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def fetch(keys: frozenset[int]) -> Mapping[int, Reading[int]]:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return {}

    before = asyncio.all_tasks()
    loaders = Loaders(NOW)
    asking = asyncio.create_task(loaders.of(fetch).load(1))
    await asyncio.wait_for(begun.wait(), TIMEOUT_S)
    asking.cancel()
    loaders.close()
    await asyncio.wait_for(ended.wait(), TIMEOUT_S)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


def field_info(world: World) -> Any:
    """As much of an Info as a batch field is given: its place in the document and its context."""

    class Raw:
        field_nodes = (FieldNode(name=NameNode(value="x")),)
        path = Path(None, "x", None)
        return_type = GraphQLString

    class Given:
        _raw_info = Raw()
        context = Context.open(ASSOCIATE, world.retail(), NOW)

    return Given()


async def test_parents_are_resolved_together_by_their_arguments(world: World) -> None:
    """Parents of one place with the same arguments are one call; other arguments are another."""
    calls: list[tuple[list[object], dict[str, Any]]] = []

    async def load(parents: list[object], info: object, **arguments: Any) -> list[object]:
        calls.append((list(parents), arguments))
        return [f"{parent}{arguments['x']}" for parent in parents]

    field, info = Batched(load), field_info(world)
    asked = [field.resolve_async(None, parent, info, x=x) for parent, x in [("a", [1]), ("b", [2]), ("c", [1])]]
    assert await asyncio.gather(*asked) == ["a[1]", "b[2]", "c[1]"]
    assert calls == [(["a", "c"], {"x": [1]}), (["b"], {"x": [2]})]


async def test_each_parent_has_its_own_outcome(world: World) -> None:
    """A parent whose value is an exception raises it; the others have their values."""

    async def load(parents: list[int], info: object) -> list[object]:
        return [ValueError(str(parent)) if parent == 2 else parent for parent in parents]

    field, info = Batched(load), field_info(world)
    outcomes = await asyncio.gather(
        *(field.resolve_async(None, parent, info) for parent in (1, 2, 3)), return_exceptions=True
    )
    assert (outcomes[0], outcomes[2]) == (1, 3)
    assert isinstance(outcomes[1], ValueError)


async def test_a_batch_that_answers_too_few_is_a_bug(world: World) -> None:
    """A batch resolver that answers fewer values than parents is a loud error, never a shifted answer."""

    async def load(parents: list[int], info: object) -> list[int]:
        return parents[1:]

    field, info = Batched(load), field_info(world)
    outcomes = await asyncio.gather(*(field.resolve_async(None, n, info) for n in (1, 2)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [RuntimeError, RuntimeError]


async def test_cancelling_one_parent_leaves_the_others(world: World) -> None:
    """Whoever stops waiting does not take the answer from the others."""
    going = asyncio.Event()

    async def load(parents: list[int], info: object) -> list[int]:
        await going.wait()
        return parents

    field, info = Batched(load), field_info(world)
    first, second = (asyncio.ensure_future(field.resolve_async(None, n, info)) for n in (1, 2))
    await asyncio.sleep(0)
    first.cancel()
    going.set()
    assert await asyncio.wait_for(second, TIMEOUT_S) == 2


async def test_nothing_is_left_running_after_an_answer(world: World) -> None:
    """When an answer is complete no task of its reads is left."""
    before = asyncio.all_tasks()
    context = Context.open(ASSOCIATE, world.retail(), NOW)
    await ENGINE.run('{ products(skus: ["SKU-1", "SKU-2"]) { availability { status } } }', None, None, context)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
