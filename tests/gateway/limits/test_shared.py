"""Buckets in a real Valkey: the same for all processes, and each for itself when it is away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis

from cache import connect
from gateway.limits import Counted, Counting, Draw, SharedCounting
from gateway.limits.shared import PAUSE_S
from tests.cache.valkey import Valkey


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    server = Valkey()
    yield server
    server.kill()


@pytest.fixture
async def store(valkey: Valkey) -> AsyncIterator[Redis]:
    valkey.start()
    client = connect(valkey.url, timeout_s=5, connections_max=4)
    await client.flushall()
    yield client
    await client.aclose()


def draw(amount: float, name: str = "ERP", size: float = 10, rate: float = 0.001) -> tuple[Draw, ...]:
    return (Draw(name, size, rate, amount),)


def counting(store: Redis) -> SharedCounting:
    return SharedCounting(store, Counted(time.monotonic), time.monotonic)


async def test_two_processes_share_a_bucket(store: Redis) -> None:
    """What one process has drawn is gone for the other, and the wait is told in seconds."""
    here, there = counting(store), counting(store)
    assert await here.draw("ada", draw(7)) == (0.0,)
    (wait,) = await there.draw("ada", draw(4))
    assert wait == pytest.approx(1000, rel=0.01)
    assert await there.draw("ada", draw(3)) == (0.0,)
    assert await there.draw("bob", draw(10)) == (0.0,)
    assert await here.draw("cy", draw(11)) == (float("inf"),)


async def test_what_is_settled_counts_in_both(store: Redis) -> None:
    """Giving back and spending beyond the bucket reach the store; a debt is at most one bucket deep."""
    here, there = counting(store), counting(store)
    assert await here.draw("ada", draw(10)) == (0.0,)
    here.settle("ada", draw(-6))
    await here.aclose()
    assert await there.draw("ada", draw(6)) == (0.0,)
    here.settle("ada", draw(500))
    await here.aclose()
    assert (await there.draw("ada", draw(1)))[0] == pytest.approx(11_000, rel=0.01)


async def test_at_once_they_cannot_spend_it_twice(store: Redis) -> None:
    """Of forty draws at the same time on two processes, exactly as many are granted as there are."""
    here, there = counting(store), counting(store)
    waits = await asyncio.gather(*(each.draw("ada", draw(1)) for _ in range(20) for each in (here, there)))
    assert sum(wait == (0.0,) for wait in waits) == 10


async def test_all_or_nothing_there_too(store: Redis) -> None:
    """A refused draw takes nothing from the other buckets."""
    here = counting(store)
    assert (await here.draw("ada", (*draw(5), *draw(11, "OMS"))))[1] == float("inf")
    assert await here.draw("ada", draw(10)) == (0.0,)


async def test_nothing_is_drawn_without_asking_the_store(store: Redis) -> None:
    """Whoever cannot wait for that is told so, and has drawn nothing."""
    here: Counting = counting(store)
    assert here.draw_at_once("ada", draw(1)[0]) is None
    assert here.draw_all_at_once("ada", draw(1)) is None
    assert await here.draw("ada", draw(10)) == (0.0,)


async def test_buckets_leave_the_store_when_they_are_full_again(store: Redis) -> None:
    """A key lives no longer than its bucket takes to fill."""
    await counting(store).draw("ada", draw(1, rate=5))
    (key,) = await store.keys("*")
    assert 0 < await store.pttl(key) <= 5_000


async def test_a_store_that_is_away_never_fails_a_caller(store: Redis, valkey: Valkey) -> None:
    """While it is down each process counts for itself at once; when it is back it is asked again."""
    now = [0.0]
    here = SharedCounting(store, Counted(lambda: now[0]), lambda: now[0])
    assert await here.draw("ada", draw(10)) == (0.0,)
    valkey.kill()
    assert await here.draw("ada", draw(10)) == (0.0,)  # of this process's own
    assert (await here.draw("ada", draw(1)))[0] > 0
    here.settle("ada", draw(-1))
    assert await here.draw("ada", draw(1)) == (0.0,)
    valkey.start()
    now[0] += PAUSE_S
    assert await here.draw("ada", draw(10)) == (0.0,)  # which forgot everything
    assert (await here.draw("ada", draw(1)))[0] > 0
