"""The shared store: leases between processes, outages, and what it leaves behind."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from cache import LoadLimits, RedisLimits
from cache.redis import RedisStore
from cache.store import Put, Shelf
from domains.inventory import Location
from domains.products import Product
from tests.cache.kitchen import SHELF, Clock, Source, entry, names, products, skus, until
from tests.cache.valkey import Valkey

PATIENT = RedisLimits(timeout_s=5)


@pytest.fixture
async def raw(valkey: Valkey) -> AsyncIterator[Any]:
    """The server itself; untyped, because its methods are typed for two kinds of client at once."""
    client = Redis.from_url(valkey.url, protocol=2)
    yield client
    await client.aclose()


async def load(store: RedisStore, name: str, key: str = "a", owner: str = "") -> bool:
    claim = (await store.begin(SHELF, owner, [key], 5))[key]
    return key in await store.set_many(SHELF, owner, {key: Put(entry(name), claim.fence)})


async def test_one_process_loads_the_other_follows(clock: Clock, shared: Callable[[], RedisStore]) -> None:
    """Of two processes that miss the same key one asks the source; the other finds the answer in the store."""
    first, second = Source(clock), Source(clock, {"a": "never asked"})
    first.gate = asyncio.Event()
    limits = LoadLimits(poll_s=0.001, follow_s=5)
    mine, theirs = products(first, shared(), limits=limits), products(second, shared(), limits=limits)
    leader = asyncio.create_task(mine(skus("a")))
    await until(lambda: first.calls == 1)
    follower = asyncio.create_task(theirs(skus("a")))
    for _ in range(50):
        await asyncio.sleep(0)
    first.gate.set()
    assert names(await leader) == names(await follower) == {"a": "A"}
    assert second.calls == 0


async def test_followers_do_not_wait_for_ever(clock: Clock, shared: Callable[[], RedisStore]) -> None:
    """A process that keeps its lease and never answers costs its followers the following time, no more."""
    await shared().begin(SHELF, "", [products(Source(clock), shared())._texts.of(key) for key in skus("a")], 60)
    source = Source(clock)
    fetch = products(source, shared(), limits=LoadLimits(poll_s=0.001, follow_s=0.01))
    assert names(await fetch(skus("a"))) == {"a": "A"}
    assert source.calls == 1


async def test_a_failed_leader_leaves_the_way_free(clock: Clock, shared: Callable[[], RedisStore]) -> None:
    """When a load fails its lease ends with it."""
    mine, theirs = shared(), shared()
    assert (await mine.begin(SHELF, "", ["a"], 60))["a"].leads
    assert not (await theirs.begin(SHELF, "", ["a"], 60))["a"].leads
    await mine.release(SHELF, "", ["a"])
    assert (await theirs.begin(SHELF, "", ["a"], 60))["a"].leads


async def test_a_lease_runs_out(shared: Callable[[], RedisStore]) -> None:
    """A process that died with a lease is forgotten."""
    await shared().begin(SHELF, "", ["a"], 0.001)
    theirs = shared()
    for _ in range(1000):
        if (await theirs.begin(SHELF, "", ["a"], 5))["a"].leads:
            return
    raise AssertionError("the lease never ended")


async def test_another_release_with_another_model_reads_nothing(shared: Callable[[], RedisStore]) -> None:
    """The shape of the type is part of the place; forgetting is not, so that releases side by side forget together."""
    store = shared()
    changed: Shelf[Any] = Shelf("products", Location)
    await load(store, "A")
    assert await store.get_many(changed, "", ["a"]) == {}
    assert changed.fingerprint != SHELF.fingerprint == Shelf("products", Product).fingerprint
    await store.forget("products", ["a"], None)
    assert await store.get_many(SHELF, "", ["a"]) == {}


async def test_garbage_is_a_miss(shared: Callable[[], RedisStore], raw: Any) -> None:
    """Whatever somebody else wrote there is as good as nothing."""
    store = shared()
    await load(store, "A")
    (place,) = [key async for key in raw.scan_iter(match=f"{store.stream.removesuffix('events')}entry:*")]
    for field in await raw.hkeys(place):
        if field.startswith(b"e"):
            await raw.hset(place, field, msgspec.msgpack.encode({"not": "ours"}))
    assert await store.get_many(SHELF, "", ["a"]) == {}


async def test_nothing_readable_and_nothing_eternal(shared: Callable[[], RedisStore], raw: Any) -> None:
    """Keys of the store tell neither keys nor owners, and every entry goes by itself."""
    store = shared()
    fetch = products(Source(Clock(), {"ada@example.com": "Ada"}), store, owner=lambda: "bob@example.com")
    await fetch(skus("ada@example.com", "ghost"))
    await fetch.forget(skus("ghost"))
    places = [key async for key in raw.scan_iter(match=f"{store.stream.removesuffix('events')}entry:*")]
    assert len(places) == 2
    for place in places:
        assert await raw.ttl(place) > 0
        assert b"@" not in place + b"".join(await raw.hkeys(place))


async def test_a_key_of_many_owners_starts_anew(shared: Callable[[], RedisStore], raw: Any) -> None:
    """One key does not grow with the number of people who have seen it."""
    store = shared()
    for number in range(150):
        assert await load(store, f"for {number}", owner=f"o{number}")
    (place,) = [key async for key in raw.scan_iter(match=f"{store.stream.removesuffix('events')}entry:*")]
    assert await raw.hlen(place) <= RedisLimits().fields_max + 5
    assert await store.get_many(SHELF, "o149", ["a"]) == {"a": entry("for 149")}


async def test_a_lost_key_does_not_let_an_old_load_in(shared: Callable[[], RedisStore], raw: Any) -> None:
    """After an eviction or a restart, loads that began before it are not kept, with or without a forget between."""
    store = shared()
    places = f"{store.stream.removesuffix('events')}entry:*"
    for forgotten in (False, True):
        slow = (await store.begin(SHELF, "", ["a"], 5))["a"]
        async for place in raw.scan_iter(match=places):
            await raw.delete(place)
        if forgotten:
            await store.forget("products", ["a"], None)
        assert await store.set_many(SHELF, "", {"a": Put(entry("old"), slow.fence)}) == frozenset()
        assert await load(store, "new")
        assert await store.set_many(SHELF, "", {"a": Put(entry("old"), slow.fence)}) == frozenset()


async def test_a_cancelled_reader_leaves_no_confusion(shared: Callable[[], RedisStore]) -> None:
    """However many callers leave in the middle of a call, the next ones get their own answers."""
    store = shared()
    for key in "abcdefgh":
        await load(store, key.upper(), key)
    for turn in range(40):
        readers = [asyncio.create_task(store.get_many(SHELF, "", [key])) for key in "abcdefgh"]
        for _ in range(turn % 12):
            await asyncio.sleep(0)
        for reader in readers[::2]:
            reader.cancel()
        await asyncio.wait(readers)
        for key, reader in list(zip("abcdefgh", readers, strict=True))[1::2]:
            assert reader.result() == {key: entry(key.upper())}


async def test_a_burst_does_not_look_like_an_outage(shared: Callable[[], RedisStore]) -> None:
    """A thousand calls at once wait their turn; what is beyond the queue is turned away without blaming the store."""
    store = shared()
    await load(store, "A")
    calls = [asyncio.create_task(store.get_many(SHELF, "", ["a"])) for _ in range(2500)]
    await asyncio.wait(calls)
    turned_away = [call for call in calls if call.exception() is not None]
    assert len(turned_away) == 2500 - RedisLimits().waiting_max
    assert await store.get_many(SHELF, "", ["a"]) == {"a": entry("A")}
