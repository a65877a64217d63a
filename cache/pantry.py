"""The pantry of one process: its stores, its bus, and every Fetch that remembers."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable, Collection
from math import inf
from typing import Any, TypeVar

from cache.bus import Bus, Invalidation
from cache.events import CacheHook, nobody
from cache.freshness import FreshnessPolicy
from cache.loading import LoadLimits, Surroundings
from cache.memory import MemoryStore
from cache.read_through import Cached
from cache.redis import RedisLimits, RedisStore
from cache.store import Shelf, Store
from cache.tiers import TwoTiers
from cache.witness import UNWITNESSED, Witness
from domains.vocabulary import Fetch, SystemRole

K = TypeVar("K")
T = TypeVar("T")

LOAD_LIMITS = LoadLimits()
REDIS_LIMITS = RedisLimits()


def by_chance() -> float:
    """A draw from [0, 1) for the jitter."""
    return random.random()  # noqa: S311 - spreads expiries, guards nothing


class Pantry:
    """Makes a Fetch remember, and forgets when told."""

    def __init__(self, memory: MemoryStore, around: Surroundings) -> None:
        self._memory = memory
        self._around = around
        self._shelves: dict[str, Cached[Any, Any]] = {}

    def cached(
        self,
        fetch: Fetch[K, T],
        policy: FreshnessPolicy,
        *,
        name: str,
        kind: Any,
        system: SystemRole,
        slow_s: float = inf,
        owner: Callable[[], str | None] | None = None,
    ) -> Cached[K, T]:
        """`fetch`, remembered under `name`.

        `kind` is the type of its values, `system` who is asked, and `slow_s` how long that may take before the last
        known answer stands in for it. `owner` makes the answers private to whom it names. Raises ValueError when the
        name is taken.
        """
        if name in self._shelves:
            raise ValueError(f"there is a shelf called {name} already")
        shelf: Shelf[T] = Shelf(name, kind)
        made = Cached(fetch, policy, shelf=shelf, system=system, around=self._around, slow_s=slow_s, owner=owner)
        self._shelves[name] = made
        return made

    async def forget(self, name: str, keys: Collection[object], version: int | None = None) -> None:
        """Drop keys of the shelf called `name`. Raises LookupError when there is none."""
        await self._shelves[name].forget(keys, version)

    def heard(self, news: Invalidation) -> None:
        """Another process forgot something."""
        dropped = self._memory.drop(news.shelf, (news.key,), news.version)
        shelf = self._shelves.get(news.shelf)
        if shelf is not None:
            shelf.detach(dropped)

    def lost(self) -> None:
        """Other processes forgot things, and nobody can say which: the first tier starts anew."""
        self._memory.flush()
        for shelf in self._shelves.values():
            shelf.detach_all()
        self._around.witness.lost()


@contextlib.asynccontextmanager
async def open_pantry(
    *,
    memory_max_bytes: int,
    url: str | None = None,
    prefix: str = "retailgraph",
    remaining_s: Callable[[], float | None] = lambda: None,
    hook: CacheHook = nobody,
    witness: Witness = UNWITNESSED,
    clock: Callable[[], float] = time.time,
    luck: Callable[[], float] = by_chance,
    load_limits: LoadLimits = LOAD_LIMITS,
    redis_limits: RedisLimits = REDIS_LIMITS,
) -> AsyncIterator[Pantry]:
    """The pantry of this process and event loop: memory alone, or in front of the store at `url`.

    `remaining_s` tells how long the caller of the moment still waits; None for no limit. `witness` is told what is read
    and forgotten.
    """
    memory = MemoryStore(memory_max_bytes, clock)
    store: Store = memory
    shared: RedisStore | None = None
    if url is not None:
        shared = RedisStore(url, clock=time.monotonic, prefix=prefix, hook=hook, limits=redis_limits)
        store = TwoTiers(memory, shared)
    around = Surroundings(
        store=store,
        clock=clock,
        luck=luck,
        remaining_s=remaining_s,
        hook=hook,
        witness=witness,
        limits=load_limits,
    )
    pantry = Pantry(memory, around)
    if url is None or shared is None:
        yield pantry
        return
    bus = Bus(url, shared, heard=pantry.heard, lost=pantry.lost, clock=clock, hook=hook)
    listening = asyncio.create_task(bus.run(), name="cache bus")
    try:
        yield pantry
    finally:
        listening.cancel()
        await asyncio.wait((listening,), timeout=redis_limits.timeout_s)
        await shared.aclose()
