"""Many callers, one load."""

import asyncio
import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cache import CacheEventKind, LoadLimits
from cache.memory import MemoryStore
from cache.store import Store
from domains.products import Product
from domains.vocabulary import (
    DeadlineExceeded,
    FreshnessTier,
    Reading,
    ServingPath,
    Sku,
    SystemOffPath,
    SystemRole,
    UpstreamFailed,
)
from tests.cache.kitchen import Clock, Notes, Source, deadline, names, products, skus, until


async def test_a_stampede_is_one_call(source: Source, store: Store) -> None:
    """A thousand callers who miss at the same time cost the source one call."""
    source.gate = asyncio.Event()
    fetch = products(source, store)
    callers = [asyncio.create_task(_names(fetch, "a", "b")) for _ in range(1000)]
    await until(lambda: source.calls == 1)
    source.gate.set()
    assert await asyncio.gather(*callers) == [{"a": "A", "b": "B"}] * 1000
    assert source.calls == 1


async def test_overlapping_batches_share_their_loads(source: Source, clock: Clock) -> None:
    """Of overlapping batches each key goes out once."""
    source.gate = asyncio.Event()
    fetch = products(source, MemoryStore(1_000_000, clock))
    first = asyncio.create_task(_names(fetch, "a", "b"))
    await until(lambda: source.calls == 1)
    second = asyncio.create_task(_names(fetch, "b", "c"))
    await until(lambda: source.calls == 2)
    source.gate.set()
    assert (await first, await second) == ({"a": "A", "b": "B"}, {"b": "B", "c": "C"})
    assert source.asked == [skus("a", "b"), skus("c")]


async def test_a_leader_who_leaves_takes_nobody_along(source: Source, store: Store) -> None:
    """The caller who started a load is cancelled; those who joined get their answer, from the same call."""
    source.gate = asyncio.Event()
    fetch = products(source, store)
    leader = asyncio.create_task(_names(fetch, "a"))
    await until(lambda: source.calls == 1)
    followers = [asyncio.create_task(_names(fetch, "a")) for _ in range(10)]
    leader.cancel()
    await asyncio.wait([leader])
    assert leader.cancelled()
    source.gate.set()
    assert await asyncio.gather(*followers) == [{"a": "A"}] * 10
    assert source.calls == 1


async def test_a_load_runs_within_its_leaders_deadline(source: Source, clock: Clock) -> None:
    """The source is asked with the time of the caller who started the load; a refresh has nobody's."""
    fetch = products(source, MemoryStore(1_000_000, clock))
    with deadline(3.0):
        await fetch(skus("a"))
    clock.advance(11)
    with deadline(2.0):
        await fetch(skus("a"))
        await until(lambda: source.calls == 2)
    assert source.deadlines == [3.0, None]


async def test_followers_do_not_fail_of_their_leaders_haste(source: Source, clock: Clock) -> None:
    """When the leader's time ran out, those with time left load again, together; those without fail with it."""
    source.gate = asyncio.Event()
    source.error = DeadlineExceeded(SystemRole.ERP, "products")
    fetch = products(source, MemoryStore(1_000_000, clock))
    leader = asyncio.create_task(_names(fetch, "a"))
    await until(lambda: source.calls == 1)
    patient = [asyncio.create_task(_names(fetch, "a")) for _ in range(5)]
    with deadline(0.0):
        hasty = asyncio.create_task(_names(fetch, "a"))
    await asyncio.wait([hasty])
    source.gate.set()
    with pytest.raises(DeadlineExceeded):
        await leader
    source.error = None
    with pytest.raises(DeadlineExceeded):
        await hasty
    assert await asyncio.gather(*patient) == [{"a": "A"}] * 5
    assert source.calls == 2


async def test_followers_on_another_path_ask_for_themselves(source: Source, clock: Clock) -> None:
    """A leader who may not wait for the system fails alone: whoever joined him is asked for again, once for all."""
    source.gate = asyncio.Event()
    source.error = SystemOffPath(SystemRole.ERP, "products", path=ServingPath.CHECKOUT)
    fetch = products(source, MemoryStore(1_000_000, clock))
    leader = asyncio.create_task(_names(fetch, "a"))
    await until(lambda: source.calls == 1)
    followers = [asyncio.create_task(_names(fetch, "a")) for _ in range(5)]
    await asyncio.sleep(0)
    source.gate.set()
    with pytest.raises(SystemOffPath):
        await leader
    source.error = None
    assert await asyncio.gather(*followers) == [{"a": "A"}] * 5
    assert source.calls == 2


async def test_nobody_waits_past_his_own_deadline(source: Source, clock: Clock) -> None:
    """A follower whose time is up leaves with what is known, or with DeadlineExceeded; the load goes on."""
    source.gate = asyncio.Event()
    fetch = products(source, MemoryStore(1_000_000, clock))
    leader = asyncio.create_task(_names(fetch, "a"))
    await until(lambda: source.calls == 1)
    with deadline(0.0), pytest.raises(DeadlineExceeded):
        await fetch(skus("a"))
    source.gate.set()
    assert await leader == {"a": "A"}
    clock.advance(40)
    source.gate.clear()
    with deadline(0.0):
        (stale,) = (await fetch(skus("a"))).values()
    assert stale.tier is FreshnessTier.STALE_DEGRADED
    source.gate.set()
    await until(lambda: not fetch.busy)


async def test_a_load_begun_before_forget_is_not_joined(source: Source, store: Store) -> None:
    """What the source said before an invalidation is neither kept nor told to anybody after it."""
    source.gate = asyncio.Event()
    fetch = products(source, store)
    before = asyncio.create_task(_names(fetch, "a"))
    await until(lambda: source.calls == 1)
    source.names["a"] = "A2"
    await fetch.forget(skus("a"), 2)
    after = asyncio.create_task(_names(fetch, "a"))
    await until(lambda: source.calls == 2)
    source.gate.set()
    assert (await before, await after) == ({"a": "A2"}, {"a": "A2"})
    assert names(await fetch(skus("a"))) == {"a": "A2"}
    assert source.calls <= 3


async def test_refreshes_are_bounded(clock: Clock) -> None:
    """Only so many refreshes run at a time; the rest are skipped, told, and tried again by the next reader."""
    source = Source(clock, {f"k{number}": "K" for number in range(10)})
    notes = Notes()
    fetch = products(source, MemoryStore(1_000_000, clock), notes=notes, limits=LoadLimits(refreshes_max=3))
    await fetch(skus(*source.names))
    clock.advance(11)
    source.gate = asyncio.Event()
    for key in source.names:
        await fetch(skus(key))
    await until(lambda: source.calls == 4)
    assert notes.count(CacheEventKind.REFRESH_SKIPPED) == 7
    source.gate.set()
    await until(lambda: not fetch.busy)
    await fetch(skus("k9"))
    await until(lambda: source.calls == 5)


async def test_bugs_are_loud(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """A source that breaks instead of failing is raised to every caller and logged; the next read tries again."""

    async def broken(keys: frozenset[Sku], /) -> dict[Sku, Reading[Product]]:
        raise TypeError("a bug")

    source = Source(clock)
    source_call = products(source, MemoryStore(1_000_000, clock))
    await source_call(skus("a"))
    fetch = products(source, MemoryStore(1_000_000, clock), fetch=broken)
    results = await asyncio.gather(*(fetch(skus("a")) for _ in range(3)), return_exceptions=True)
    assert [type(result) for result in results] == [TypeError] * 3
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    with pytest.raises(TypeError):
        await fetch(skus("a"))


async def test_an_error_shared_by_many_is_raised_to_each(source: Source, clock: Clock) -> None:
    """One failed load fails everybody who waited for it, and costs one call."""
    source.error = UpstreamFailed(SystemRole.ERP, "products")
    fetch = products(source, MemoryStore(1_000_000, clock))
    results = await asyncio.gather(*(fetch(skus("a")) for _ in range(100)), return_exceptions=True)
    assert results == [source.error] * 100
    assert source.calls == 1


@settings(max_examples=60)
@given(
    batches=st.lists(st.frozensets(st.sampled_from("abcdef"), min_size=1), min_size=1, max_size=8),
    leave=st.frozensets(st.integers(min_value=0, max_value=7)),
)
def test_any_callers_any_batches(batches: list[frozenset[str]], leave: frozenset[int]) -> None:
    """However batches overlap and whoever leaves, each key goes out once and each who stays gets all of his."""

    async def scene() -> None:
        clock = Clock()
        source = Source(clock, {key: key.upper() for key in "abcdef"})
        source.gate = asyncio.Event()
        fetch = products(source, MemoryStore(1_000_000, clock))
        callers = []
        for batch in batches:
            callers.append(asyncio.create_task(_names(fetch, *batch)))
            await asyncio.sleep(0)
        for place in leave & set(range(len(callers))):
            callers[place].cancel()
        await asyncio.sleep(0)
        source.gate.set()
        for place, (caller, batch) in enumerate(zip(callers, batches, strict=True)):
            await asyncio.wait([caller])
            if place not in leave:
                assert caller.result() == {key: key.upper() for key in batch}
        await until(lambda: not fetch.busy)
        out = [key for asked in source.asked for key in asked]
        assert len(out) == len(set(out))

    asyncio.run(scene())


async def _names(fetch: object, *keys: str) -> dict[str, str | None]:
    assert callable(fetch)
    return names(await fetch(skus(*keys)))
