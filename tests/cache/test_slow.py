"""A source that is slow while something stands by."""

import asyncio

import pytest

from cache import CacheEventKind, FreshnessPolicy, LoadLimits
from cache.memory import MemoryStore
from cache.store import Store
from cache.tiers import TwoTiers
from domains.products import Product
from domains.vocabulary import (
    DeadlineExceeded,
    FreshnessTier,
    Reading,
    Sku,
    SystemRole,
    UpstreamFailed,
    freshest_within,
)
from tests.cache.kitchen import Clock, Notes, Source, names, products, skus, until

SLOW_S = 0.05
"""Longer than a store takes to tell what stands by."""


def _known_and_slow(source: Source, clock: Clock) -> asyncio.Event:
    """The source said "A" long ago, would say "new" now, and holds its answers back until what is returned is set."""
    clock.advance(31)
    source.names["a"] = "new"
    source.gate = asyncio.Event()
    return source.gate


async def test_nobody_waits_for_a_slow_source(source: Source, store: Store, clock: Clock) -> None:
    """Who can have the last known answer has it, marked; one load goes on for all, and what it brings is told next."""
    notes = Notes()
    fetch = products(source, store, notes=notes, slow_s=SLOW_S)
    await fetch(skus("a"))
    gate = _known_and_slow(source, clock)
    found = await asyncio.gather(*(fetch(skus("a")) for _ in range(20)))
    assert [names(one) for one in found] == [{"a": "A"}] * 20
    assert {one[Sku("a")].tier for one in found} == {FreshnessTier.STALE_DEGRADED}
    assert (await fetch(skus("a")))[Sku("a")].tier is FreshnessTier.STALE_DEGRADED
    assert source.calls == 2
    assert notes.count(CacheEventKind.DEGRADED) == 21
    gate.set()
    await until(lambda: not fetch.busy)
    found_next = (await fetch(skus("a")))[Sku("a")]
    assert (found_next.value.name, found_next.tier) == ("new", FreshnessTier.FRESH)
    assert source.calls == 2


async def test_the_stand_in_may_be_what_another_process_knows(source: Source, clock: Clock) -> None:
    """An entry of the shared store stands in as well as one of this process."""
    shared = MemoryStore(1_000_000, clock)
    await products(source, TwoTiers(MemoryStore(1_000_000, clock), shared))(skus("a"))
    gate = _known_and_slow(source, clock)
    fetch = products(source, TwoTiers(MemoryStore(1_000_000, clock), shared), slow_s=SLOW_S)
    assert names(await fetch(skus("a"))) == {"a": "A"}
    gate.set()
    await until(lambda: not fetch.busy)


async def test_without_a_stand_in_a_slow_source_is_waited_for(source: Source, store: Store, clock: Clock) -> None:
    """Also where others of the same ask are known, and by those who join a load that is slow already."""
    fetch = products(source, store, slow_s=SLOW_S)
    await fetch(skus("a"))
    gate = _known_and_slow(source, clock)
    both = asyncio.create_task(fetch(skus("a", "b")))
    await until(lambda: source.calls == 2)
    joined = asyncio.create_task(fetch(skus("b")))
    assert names(await fetch(skus("a"))) == {"a": "A"}
    assert not both.done()
    assert not joined.done()
    gate.set()
    assert names(await joined) == {"b": "B"}
    assert names(await both) == {"a": "new", "b": "B"}
    assert source.calls == 2


async def test_who_demands_a_fresh_answer_waits_for_it(source: Source, store: Store, clock: Clock) -> None:
    """What stands by is too old for one demand, and good enough for another."""
    fetch = products(source, store, slow_s=SLOW_S)
    await fetch(skus("a"))
    gate = _known_and_slow(source, clock)
    assert names(await fetch(skus("a"))) == {"a": "A"}
    with freshest_within(5.0):
        demanding = asyncio.create_task(fetch(skus("a")))
    with freshest_within(60.0):
        assert names(await fetch(skus("a"))) == {"a": "A"}
    gate.set()
    assert names(await demanding) == {"a": "new"}
    assert source.calls == 2


async def test_a_source_that_is_not_slow_is_waited_for(source: Source, store: Store, clock: Clock) -> None:
    """Within the time that a healthy system takes nobody is told the last answer."""
    fetch = products(source, store, slow_s=60.0)
    await fetch(skus("a"))
    gate = _known_and_slow(source, clock)
    asked = asyncio.create_task(fetch(skus("a")))
    await until(lambda: source.calls == 2)
    gate.set()
    assert names(await asked) == {"a": "new"}


async def test_what_is_asked_each_time_is_waited_for(source: Source, store: Store) -> None:
    """Whoever has just written something finds it, however slow the source: only a failure shows what was before."""
    policy = FreshnessPolicy(fresh_s=0, stale_if_error_s=60)
    fetch = products(source, store, policy=policy, slow_s=0.0)
    await fetch(skus("a"))
    source.names["a"] = "written"
    source.gate = asyncio.Event()
    asked = asyncio.create_task(fetch(skus("a")))
    await until(lambda: source.calls == 2)
    source.gate.set()
    assert names(await asked) == {"a": "written"}
    source.error = UpstreamFailed(SystemRole.ERP, "products")
    assert names(await fetch(skus("a"))) == {"a": "written"}


async def test_what_was_forgotten_meanwhile_stands_in_for_nothing(source: Source, store: Store, clock: Clock) -> None:
    """Of a load under way when its key is forgotten, nobody is told what was known before: the next load is."""
    fetch = products(source, store, slow_s=SLOW_S)
    await fetch(skus("a"))
    gate = _known_and_slow(source, clock)
    waiting = asyncio.create_task(fetch(skus("a")))
    await until(lambda: source.calls == 2)
    await fetch.forget(skus("a"))
    others = asyncio.create_task(fetch(skus("a")))
    await until(lambda: source.calls == 3)
    await asyncio.wait((waiting, others), timeout=2 * SLOW_S)
    assert not waiting.done()
    assert not others.done()
    gate.set()
    assert names(await waiting) == names(await others) == {"a": "new"}


async def test_at_the_deadline_what_was_forgotten_is_not_told_either(source: Source, clock: Clock) -> None:
    """Whose time is up is told that it was too late, and not what has been forgotten."""
    fetch = products(source, MemoryStore(1_000_000, clock), limits=LoadLimits(poll_s=0.001, wait_s=SLOW_S))
    await fetch(skus("a"))
    gate = _known_and_slow(source, clock)
    waiting = asyncio.create_task(fetch(skus("a")))
    await until(lambda: source.calls == 2)
    await fetch.forget(skus("a"))
    with pytest.raises(DeadlineExceeded):
        await waiting
    gate.set()
    await until(lambda: not fetch.busy)


async def test_who_joins_late_is_not_told_what_has_become_too_old(source: Source, store: Store, clock: Clock) -> None:
    """What stood by when the load began may have passed its time since."""
    fetch = products(source, store, slow_s=SLOW_S)
    await fetch(skus("a"))
    gate = _known_and_slow(source, clock)
    assert names(await fetch(skus("a"))) == {"a": "A"}
    clock.advance(60)
    late = asyncio.create_task(fetch(skus("a")))
    await asyncio.wait((late,), timeout=SLOW_S)
    assert not late.done()
    gate.set()
    assert names(await late) == {"a": "new"}
    assert source.calls == 2


async def test_a_slow_load_that_fails_is_begun_again(source: Source, store: Store, clock: Clock) -> None:
    """Its end is nobody's fault; whoever asks after it begins the next one, and the last answer stands in again."""
    fetch = products(source, store, slow_s=SLOW_S)
    await fetch(skus("a"))
    gate = _known_and_slow(source, clock)
    source.error = UpstreamFailed(SystemRole.ERP, "products")
    assert names(await fetch(skus("a"))) == {"a": "A"}
    gate.set()
    await until(lambda: not fetch.busy)
    source.gate = asyncio.Event()
    source.error = None
    assert names(await fetch(skus("a"))) == {"a": "A"}
    await until(lambda: source.calls == 3)
    source.gate.set()
    await until(lambda: not fetch.busy)
    assert names(await fetch(skus("a"))) == {"a": "new"}


async def test_many_keys_of_a_slow_load_cost_one_wait(source: Source, clock: Clock) -> None:
    """A whole network whose load is slow already is answered without a wait for each place."""
    many = {f"k{number}": "A" for number in range(500)}
    source.names = dict(many)
    fetch = products(source, MemoryStore(10_000_000, clock), slow_s=SLOW_S)
    await fetch(skus(*many))
    gate = _known_and_slow(source, clock)
    await fetch(skus(*many))
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    found: dict[Sku, Reading[Product]] = dict(await fetch(skus(*many)))
    counting.cancel()
    assert len(found) == 500
    assert turns < 10
    gate.set()
    await until(lambda: not fetch.busy)


async def test_nobody_waits_longer_than_he_may(source: Source, clock: Clock) -> None:
    """The limit of a wait holds whatever counts as slow: then too the last answer stands in."""
    limits = LoadLimits(poll_s=0.001, wait_s=SLOW_S)
    fetch = products(source, MemoryStore(1_000_000, clock), slow_s=60.0, limits=limits)
    await fetch(skus("a"))
    gate = _known_and_slow(source, clock)
    assert names(await fetch(skus("a"))) == {"a": "A"}
    gate.set()
    await until(lambda: not fetch.busy)
