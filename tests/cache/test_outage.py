"""A shared store that dies and comes back, while it is in use."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic

import pytest

from cache import CacheEventKind, RedisLimits
from cache.debts import Debts
from cache.memory import MemoryStore
from cache.pause import Pause
from cache.redis import RedisStore
from cache.store import Put, StoreDown
from cache.tiers import TwoTiers
from tests.cache.kitchen import SHELF, Clock, Notes, Source, entry, names, products, skus, until
from tests.cache.valkey import Valkey


class Outage:
    """A store of its own server, with a clock for its pause."""

    def __init__(self, valkey: Valkey) -> None:
        self.valkey = valkey
        self.clock = Clock()
        self.notes = Notes()
        limits = RedisLimits(timeout_s=5, owed_max=50)
        self.store = RedisStore(valkey.url, clock=self.clock, hook=self.notes, limits=limits)

    def end(self) -> None:
        self.valkey.start()
        self.clock.advance(60)


@pytest.fixture
async def outage(mortal_valkey: Valkey) -> AsyncIterator[Outage]:
    made = Outage(mortal_valkey)
    yield made
    await made.store.aclose()


async def load(store: RedisStore, name: str, key: str = "a") -> bool:
    claim = (await store.begin(SHELF, "", [key], 5))[key]
    return key in await store.set_many(SHELF, "", {key: Put(entry(name), claim.fence)})


@pytest.mark.parametrize("tiers", [False, True])
async def test_callers_never_notice(tiers: bool, outage: Outage) -> None:
    """Readers keep reading while the store is killed and started again, twice: nobody ever gets an error."""
    source = Source(Clock())
    memory = MemoryStore(2_000, source.clock)
    fetch = products(source, TwoTiers(memory, outage.store) if tiers else outage.store)
    stop = False
    answers = 0

    async def reader(key: str) -> None:
        nonlocal answers
        while not stop:
            assert names(await fetch(skus(key))) == {key: key.upper()}
            answers += 1
            await asyncio.sleep(0)

    readers = [asyncio.create_task(reader(key)) for key in "abcabc"]
    for act in (outage.valkey.kill, outage.end) * 2:
        act()
        target = answers + 60
        await until(lambda target=target: answers >= target)  # type: ignore[misc]  # a default holds the target
    stop = True
    await asyncio.gather(*readers)
    assert outage.notes.count(CacheEventKind.STORE_DOWN) >= 1
    assert outage.notes.count(CacheEventKind.STORE_UP) >= 1


async def test_a_dead_store_costs_nothing(outage: Outage) -> None:
    """After the first failure nobody tries for a while: a thousand calls take next to no time."""
    outage.valkey.kill()
    with pytest.raises(StoreDown):
        await outage.store.get_many(SHELF, "", ["a"])
    began = monotonic()
    for _ in range(1000):
        with pytest.raises(StoreDown):
            await outage.store.get_many(SHELF, "", ["a"])
    assert monotonic() - began < 0.5
    assert outage.notes.count(CacheEventKind.STORE_DOWN) == 1
    outage.end()
    assert await outage.store.get_many(SHELF, "", ["a"]) == {}


async def test_missed_invalidations_are_made_up_for(outage: Outage) -> None:
    """What was forgotten while the store was away is forgotten there before anything is read from it again."""
    assert await load(outage.store, "old")
    other = RedisStore(outage.valkey.url, clock=Clock(), limits=RedisLimits(timeout_s=5))
    outage.store._pause.failed(outage.clock())  # away from here only: the server keeps its memory
    assert await outage.store.forget("products", ["a"], None) == {"a"}
    assert await other.get_many(SHELF, "", ["a"]) == {"a": entry("old")}
    outage.clock.advance(60)
    with pytest.raises(StoreDown):
        await outage.store.get_many(SHELF, "", ["a"])
    await until(lambda: outage.store.idle)
    assert await outage.store.get_many(SHELF, "", ["a"]) == {}
    assert await other.get_many(SHELF, "", ["a"]) == {}
    await other.aclose()


async def test_too_many_missed_invalidations_drop_everything(outage: Outage) -> None:
    """The list of what is owed is bounded; beyond it every entry goes."""
    assert await load(outage.store, "A", "innocent")
    outage.store._pause.failed(outage.clock())
    await outage.store.forget("products", [f"k{number}" for number in range(51)], 3)
    outage.clock.advance(60)
    with pytest.raises(StoreDown):
        await outage.store.get_many(SHELF, "", ["innocent"])
    await until(lambda: outage.store.idle)
    assert await outage.store.get_many(SHELF, "", ["innocent"]) == {}
    assert await load(outage.store, "A", "innocent")


def test_pause() -> None:
    """After a failure nothing is allowed, then one try at a time, ever further apart, until one works."""
    pause = Pause(1.0, 4.0)
    assert pause.allows(0)
    assert pause.failed(0) == 1
    assert pause.failed(0.1) is None
    assert [pause.allows(now) for now in (0.5, 1.0, 1.1)] == [False, True, False]
    assert pause.failed(1.2) == 2
    assert pause.failed(3.3) == 4
    assert pause.failed(7.4) == 4
    assert pause.failing
    pause.worked()
    assert pause.allows(7.5)
    assert pause.failed(8) == 1


def test_debts() -> None:
    """Of several versions the newest is owed, one without a version most of all; what came in meanwhile stays."""
    debts = Debts(3)
    assert not debts
    debts.add("s", ["a", "b"], 1)
    debts.add("s", ["a"], 3)
    debts.add("s", ["a"], 2)
    assert sorted(debts.batches()) == [("s", ["a"], 3), ("s", ["b"], 1)]
    debts.add("s", ["b"], None)
    debts.add("s", ["b"], 9)
    debts.paid("s", ["b"], 1)
    debts.paid("s", ["a"], 3)
    assert debts.batches() == [("s", ["b"], None)]
    debts.add("s", ["c", "d", "e"], 1)
    assert debts.everything
    assert len(debts) == 0
