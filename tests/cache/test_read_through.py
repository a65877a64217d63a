"""A Fetch that remembers: what goes out, what is served, and how it is marked."""

import asyncio

import pytest

from cache import CacheEventKind, FreshnessPolicy
from cache.memory import MemoryStore
from cache.store import Store
from domains.products import Product
from domains.vocabulary import (
    BreakerOpen,
    DeadlineExceeded,
    FreshnessTier,
    Reading,
    Sku,
    SystemRole,
    UpstreamError,
    UpstreamFailed,
    UpstreamRejected,
    UpstreamTimeout,
)
from tests.cache.kitchen import POLICY, START, Clock, Notes, Source, names, products, skus, until

FAULTS = [
    UpstreamFailed(SystemRole.ERP, "products"),
    UpstreamTimeout(SystemRole.ERP, "products"),
    BreakerOpen(SystemRole.ERP, "products"),
    DeadlineExceeded(SystemRole.ERP, "products"),
    UpstreamRejected(SystemRole.ERP, "products", status=403),
]


async def test_the_second_read_costs_nothing(source: Source, store: Store) -> None:
    """The first answer is LIVE, the next FRESH; both say when the source knew it and how long the policy trusts it."""
    fetch = products(source, store)
    live = (await fetch(skus("a")))[next(iter(skus("a")))]
    fresh = (await fetch(skus("a")))[next(iter(skus("a")))]
    assert (live.tier, fresh.tier) == (FreshnessTier.LIVE, FreshnessTier.FRESH)
    assert live.value == fresh.value
    assert {(one.source, one.observed_at, one.max_age_s) for one in (live, fresh)} == {("erp:test", START - 1, 10)}
    assert source.calls == 1


@pytest.mark.parametrize(
    ("tier", "max_age_s"),
    [(FreshnessTier.FRESH, 600 + 10), (FreshnessTier.STALE_OK, 600), (FreshnessTier.STALE_DEGRADED, 600)],
)
async def test_a_copy_keeps_its_own_lifetime(
    source: Source, store: Store, tier: FreshnessTier, max_age_s: float
) -> None:
    """What is kept of a copy that says how long it is good for is good for that and for as long as it is kept here.

    So what is told as FRESH is never older than it may be.
    """

    async def copied(keys: frozenset[Sku], /) -> dict[Sku, Reading[Product]]:
        found = await source(keys)
        return {key: Reading(one.value, one.source, tier, START - 599, 600.0) for key, one in found.items()}

    fetch = products(source, store, fetch=copied)
    for _ in range(2):
        (reading,) = (await fetch(skus("a"))).values()
        assert (reading.tier, reading.observed_at, reading.max_age_s) == (tier, START - 599, max_age_s)
        source.clock.advance(9)
    assert source.calls == 1


async def test_only_what_is_missing_goes_out(source: Source, store: Store) -> None:
    """Of a batch that is known in part, one call asks for the rest."""
    fetch = products(source, store)
    await fetch(skus("a"))
    assert names(await fetch(skus("a", "b", "c"))) == {"a": "A", "b": "B", "c": "C"}
    assert source.asked == [skus("a"), skus("b", "c")]
    assert await fetch(skus()) == {}
    assert source.calls == 2


async def test_what_is_not_found_is_remembered_for_a_while(source: Source, store: Store) -> None:
    """An absent key stays absent for `negative_s` without a call, then is asked for again."""
    fetch = products(source, store)
    for _ in range(3):
        assert names(await fetch(skus("a", "ghost"))) == {"a": "A"}
    assert source.calls == 1
    source.clock.advance(5)
    source.names["ghost"] = "Boo"
    assert names(await fetch(skus("a", "ghost"))) == {"a": "A", "ghost": "Boo"}
    assert source.asked[1] == skus("ghost")


async def test_what_is_gone_from_the_source_is_gone(source: Source, store: Store) -> None:
    """Without negative answers, a key the source no longer knows does not come back as a stale one."""
    policy = FreshnessPolicy(fresh_s=10, stale_if_error_s=1000, negative_s=0, jitter_ratio=0)
    fetch = products(source, store, policy=policy)
    await fetch(skus("a"))
    source.clock.advance(11)
    del source.names["a"]
    assert await fetch(skus("a")) == {}
    source.error = FAULTS[0]
    with pytest.raises(UpstreamFailed):
        await fetch(skus("a"))


async def test_stale_is_served_and_refreshed(source: Source, store: Store) -> None:
    """Past its fresh time the old value is served at once, marked STALE_OK, while one refresh runs behind it."""
    fetch = products(source, store)
    await fetch(skus("a"))
    source.clock.advance(11)
    source.names["a"] = "A2"
    source.gate = asyncio.Event()
    for _ in range(3):
        (stale,) = (await fetch(skus("a"))).values()
        assert (stale.value.name, stale.tier, stale.observed_at) == ("A", FreshnessTier.STALE_OK, START - 1)
        await until(lambda: source.calls == 2)
    source.gate.set()
    await until(lambda: not fetch.busy)
    (fresh,) = (await fetch(skus("a"))).values()
    assert (fresh.value.name, fresh.tier) == ("A2", FreshnessTier.FRESH)
    assert source.calls == 2


async def test_a_failed_refresh_is_told_and_marks_what_is_served(source: Source, store: Store) -> None:
    """A refresh that fails raises nowhere: the hook hears of it, and stale answers become STALE_DEGRADED."""
    notes = Notes()
    fetch = products(source, store, notes=notes)
    await fetch(skus("a"))
    source.clock.advance(11)
    source.error = FAULTS[0]
    await fetch(skus("a"))
    await until(lambda: notes.count(CacheEventKind.LOAD_FAILED) == 1)
    (stale,) = (await fetch(skus("a"))).values()
    assert stale.tier is FreshnessTier.STALE_DEGRADED
    await until(lambda: not fetch.busy)
    source.error = None
    await fetch(skus("a"))
    await until(lambda: not fetch.busy)
    (fresh,) = (await fetch(skus("a"))).values()
    assert fresh.tier is FreshnessTier.FRESH


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
async def test_the_last_known_value_stands_in(fault: UpstreamError, source: Source, store: Store) -> None:
    """Whatever is wrong with the source, within the stale-if-error time the last known value is served, marked so."""
    fetch = products(source, store)
    await fetch(skus("a"))
    source.clock.advance(69)
    source.error = fault
    (stale,) = (await fetch(skus("a"))).values()
    assert (stale.value.name, stale.tier, stale.observed_at) == ("A", FreshnessTier.STALE_DEGRADED, START - 1)
    assert source.calls == 2


async def test_the_budget_of_stale_answers_ends(source: Source, store: Store) -> None:
    """Past the stale-if-error time the fault is raised: nobody is told last week's stock."""
    fetch = products(source, store)
    await fetch(skus("a"))
    source.clock.advance(70)
    source.error = FAULTS[0]
    with pytest.raises(UpstreamFailed):
        await fetch(skus("a"))


async def test_some_known_some_not(source: Source, store: Store) -> None:
    """A batch with a key that nothing stands in for raises; key by key, the others can be had."""
    fetch = products(source, store)
    await fetch(skus("a"))
    source.error = FAULTS[0]
    with pytest.raises(UpstreamFailed):
        await fetch(skus("a", "b"))
    outcomes = {str(key): outcome for key, outcome in (await fetch.outcomes(skus("a", "b"))).items()}
    assert outcomes["b"] is source.error
    assert not isinstance(outcomes["a"], UpstreamError)


async def test_a_forgotten_key_is_loaded_again(source: Source, store: Store) -> None:
    """After forget the old value is not served, not even when the source fails."""
    fetch = products(source, store)
    await fetch(skus("a", "b"))
    await fetch.forget(skus("a"))
    source.names["a"] = "A2"
    assert names(await fetch(skus("a", "b"))) == {"a": "A2", "b": "B"}
    assert source.asked[1:] == [skus("a")]
    await fetch.forget(skus("a"))
    source.error = FAULTS[0]
    with pytest.raises(UpstreamFailed):
        await fetch(skus("a"))


async def test_jitter_spreads_expiry(clock: Clock) -> None:
    """What was loaded together does not expire together."""
    source = Source(clock, {f"k{number}": "K" for number in range(200)})
    policy = FreshnessPolicy(fresh_s=10, jitter_ratio=0.5)
    draws = iter(number / 200 for number in range(200))
    fetch = products(source, MemoryStore(1_000_000, clock), policy=policy, luck=lambda: next(draws))
    await fetch(skus(*source.names))
    clock.advance(7.5)
    draws = iter(number / 200 for number in range(200))
    await fetch(skus(*source.names))
    assert len(source.asked[1]) == 100


async def test_the_hook_hears_what_happened(source: Source, store: Store) -> None:
    """Hits, misses, loads and degraded answers are counted by key, and a hook that raises costs nothing."""
    notes = Notes()
    fetch = products(source, store, notes=notes)
    await fetch(skus("a", "b"))
    await fetch(skus("a", "b", "ghost"))
    source.clock.advance(40)
    source.error = FAULTS[0]
    await fetch(skus("a"))
    await fetch.forget(skus("a"))
    told = {kind: notes.count(kind) for kind in CacheEventKind if notes.count(kind)}
    assert told == {
        CacheEventKind.MISS: 4,
        CacheEventKind.HIT: 2,
        CacheEventKind.LOADED: 3,
        CacheEventKind.LOAD_FAILED: 1,
        CacheEventKind.DEGRADED: 1,
        CacheEventKind.FORGOTTEN: 1,
    }

    def broken(_event: object) -> None:
        raise RuntimeError("the listener is broken")

    source.error = None
    assert names(await products(source, store, policy=POLICY, notes=broken).outcomes(skus("ghost"))) == {}
