"""Memory in front of a shared store."""

import asyncio
from collections.abc import Callable, Collection
from typing import TypeVar

from cache.memory import MemoryStore
from cache.redis import RedisStore
from cache.store import Entry, Put, Shelf, StoreDown
from cache.tiers import TwoTiers
from tests.cache.kitchen import SHELF, Clock, entry, until

T = TypeVar("T")


class Slow(MemoryStore):
    """A shared store whose answers are held back, or that is down."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(1_000_000, clock)
        self.gate: asyncio.Event | None = None
        self.waiting = 0
        self.down = False

    async def get_many(self, shelf: Shelf[T], owner: str, keys: Collection[str]) -> dict[str, Entry[T]]:
        if self.down:
            raise StoreDown
        found = await super().get_many(shelf, owner, keys)
        if self.gate is not None:
            self.waiting += 1
            await self.gate.wait()
        return found


async def load(store: TwoTiers | RedisStore | MemoryStore, name: str, key: str = "a") -> bool:
    claim = (await store.begin(SHELF, "", [key], 5))[key]
    return key in await store.set_many(SHELF, "", {key: Put(entry(name), claim.fence)})


async def test_what_is_shared_is_copied_into_memory(clock: Clock, shared: Callable[[], RedisStore]) -> None:
    """What another process loaded is read from the shared store once, then from memory."""
    memory = MemoryStore(1_000_000, clock)
    mine, theirs = TwoTiers(memory, shared()), shared()
    await load(theirs, "A")
    assert mine.peek(SHELF, "", ["a"]) == [None]
    assert await mine.get_many(SHELF, "", ["a", "b"]) == {"a": entry("A")}
    assert mine.peek(SHELF, "", ["a"]) == [entry("A")]


async def test_an_invalidation_between_the_tiers_is_not_undone(clock: Clock) -> None:
    """A copy on its way from the shared store into memory, when the key is forgotten, does not arrive."""
    far, memory = Slow(clock), MemoryStore(1_000_000, clock)
    tiers = TwoTiers(memory, far)
    await load(far, "A")
    far.gate = asyncio.Event()
    reading = asyncio.create_task(tiers.get_many(SHELF, "", ["a"]))
    await until(lambda: far.waiting == 1)
    await tiers.forget("products", ["a"], None)
    far.gate.set()
    await reading
    assert memory.peek(SHELF, "", ["a"]) == [None]


async def test_what_the_shared_store_refuses_is_not_kept_in_memory(
    clock: Clock, shared: Callable[[], RedisStore]
) -> None:
    """Another process forgot the key while it was loaded here: the shared store knows, so memory does too."""
    memory = MemoryStore(1_000_000, clock)
    mine, theirs = TwoTiers(memory, shared()), shared()
    claim = (await mine.begin(SHELF, "", ["a"], 5))["a"]
    await theirs.forget("products", ["a"], None)
    assert await mine.set_many(SHELF, "", {"a": Put(entry("old"), claim.fence)}) == frozenset()
    assert memory.peek(SHELF, "", ["a"]) == [None]


async def test_begin_takes_what_another_process_has_refreshed(clock: Clock, shared: Callable[[], RedisStore]) -> None:
    """Memory holds an old entry; beginning a load shows the newer one of the shared store, and copies it."""
    memory = MemoryStore(1_000_000, clock)
    mine, theirs = TwoTiers(memory, shared()), shared()
    await load(mine, "old")
    await theirs.set_many(SHELF, "", {"a": Put(entry("new"), (await theirs.begin(SHELF, "", ["a"], 5))["a"].fence)})
    claim = (await mine.begin(SHELF, "", ["a"], 5))["a"]
    assert claim.entry == entry("new")
    assert memory.peek(SHELF, "", ["a"]) == [entry("new")]


async def test_memory_alone_when_the_shared_store_is_down(clock: Clock) -> None:
    """Without the shared store everything goes on in memory."""
    far, memory = Slow(clock), MemoryStore(1_000_000, clock)
    tiers = TwoTiers(memory, far)
    far.down = True
    assert await tiers.get_many(SHELF, "", ["a"]) == {}
    assert await load(tiers, "A")
    assert await tiers.get_many(SHELF, "", ["a"]) == {"a": entry("A")}
