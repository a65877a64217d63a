"""No read goes back: over any order of loads, changes, invalidations, repeats and ages."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cache import LoadLimits
from cache.memory import MemoryStore
from cache.read_through import Cached
from cache.redis import RedisLimits, RedisStore
from cache.store import Store
from cache.tiers import TwoTiers
from domains.products import Product
from domains.vocabulary import FreshnessTier, Reading, Sku, SystemRole, UpstreamFailed
from tests.cache.kitchen import Clock, Source, products, skus, until
from tests.cache.valkey import Valkey

KEY = Sku("a")
Settle: TypeAlias = Callable[[], Awaitable[None]]

steps = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.just(0)),
        st.tuples(st.just("change"), st.just(0)),
        st.tuples(st.just("tell"), st.integers(0, 9)),  # one of the changes, perhaps again, perhaps late
        st.tuples(st.just("answer"), st.integers(0, 9)),  # of the calls under way, in any order
        st.tuples(st.just("late"), st.integers(0, 9)),  # the same, but the source looked it up just now
        st.tuples(st.just("fail"), st.integers(0, 9)),
        st.tuples(st.just("age"), st.sampled_from([1, 11, 35, 80])),
    ),
    max_size=40,
)


@dataclass
class Record:
    """A source whose one product is named after its version, and whose calls are answered one by one."""

    clock: Clock
    version: int = 1
    calls: list[asyncio.Future[bool]] = field(default_factory=list)

    async def __call__(self, keys: frozenset[Sku], /) -> Mapping[Sku, Reading[Product]]:
        call: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.calls.append(call)
        at_once = self.version
        late = await call
        product = Product(sku=KEY, name=str(self.version if late else at_once))
        return {KEY: Reading(product, "erp:test", FreshnessTier.LIVE, self.clock(), 0.0)}

    def end(self, how: str, place: int) -> None:
        if self.calls:
            call = self.calls.pop(place % len(self.calls))
            if how == "fail":
                call.set_exception(UpstreamFailed(SystemRole.ERP, "products"))
            else:
                call.set_result(how == "late")


class History:
    """What a read must be at least: whatever a read that ended before it began was told, or what was announced."""

    def __init__(self) -> None:
        self.floor = 0
        self.wrong: list[str] = []
        self.pending: set[asyncio.Task[None]] = set()

    def read(self, fetch: Cached[Sku, Product]) -> None:
        task = asyncio.create_task(self._read(fetch, self.floor))
        self.pending.add(task)
        task.add_done_callback(self.pending.discard)

    async def _read(self, fetch: Cached[Sku, Product], at_least: int) -> None:
        try:
            found = await fetch(skus(KEY))
        except UpstreamFailed:
            return
        version = int(found[KEY].value.name or 0)
        if version < at_least:
            self.wrong.append(f"version {version} was read after {at_least} was known")
        self.floor = max(self.floor, version)


async def play(script: list[tuple[str, int]], clock: Clock, stores: Sequence[Store], settle: Settle) -> None:
    """Act the script out, the processes taking turns, then let everything end."""
    record, history = Record(clock), History()
    limits = LoadLimits(rounds_max=100, poll_s=0.0001, follow_s=0.0005)
    fetches = [products(Source(clock), store, fetch=record, limits=limits) for store in stores]
    for (step, value), fetch in zip(script, itertools.cycle(fetches), strict=False):
        if step == "read":
            history.read(fetch)
        elif step == "change":
            record.version += 1
        elif step == "tell":
            version = max(1, record.version - value)
            await fetch.forget({KEY}, version)
            history.floor = max(history.floor, version)
        elif step == "age":
            clock.advance(value)
        else:
            record.end(step, value)
        await settle()
    while history.pending or any(fetch.busy for fetch in fetches):
        record.end("answer", 0)
        await settle()
    assert not history.wrong


async def turns() -> None:
    for _ in range(12):
        await asyncio.sleep(0)


@settings(max_examples=300)
@given(script=steps)
def test_no_read_goes_back_in_memory(script: list[tuple[str, int]]) -> None:
    """A read that begins after another has ended, or after an invalidation, is never told an older version."""
    clock = Clock()
    asyncio.run(play(script, clock, [MemoryStore(100_000, clock)], turns))


@settings(max_examples=150)
@given(script=steps)
def test_no_read_goes_back_in_a_tiny_memory(script: list[tuple[str, int]]) -> None:
    """The same where nothing can be kept."""
    clock = Clock()
    asyncio.run(play(script, clock, [MemoryStore(100, clock)], turns))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=steps)
def test_no_read_goes_back_between_processes(valkey: Valkey, script: list[tuple[str, int]]) -> None:
    """The same for processes that share a store: what one of them was told, no other takes back."""

    async def scene() -> None:
        clock, prefix = Clock(), f"test-{uuid4().hex}"
        limits = RedisLimits(timeout_s=5)
        stores = [RedisStore(valkey.url, clock=lambda: 0.0, prefix=prefix, limits=limits) for _ in range(2)]

        async def quiet() -> None:
            await until(lambda: all(store.idle for store in stores))
            await turns()

        try:
            await play(script, clock, stores, quiet)
        finally:
            for store in stores:
                await store.aclose()

    asyncio.run(scene())


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=steps)
def test_no_read_goes_back_between_tiers(valkey: Valkey, script: list[tuple[str, int]]) -> None:
    """The same for memory in front of a shared store."""

    async def scene() -> None:
        clock = Clock()
        shared = RedisStore(
            valkey.url, clock=lambda: 0.0, prefix=f"test-{uuid4().hex}", limits=RedisLimits(timeout_s=5)
        )

        async def quiet() -> None:
            await until(lambda: shared.idle)
            await turns()

        try:
            await play(script, clock, [TwoTiers(MemoryStore(2_000, clock), shared)], quiet)
        finally:
            await shared.aclose()

    asyncio.run(scene())
