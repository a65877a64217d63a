"""A caller who wants a fresher answer than the policy gives."""

import asyncio
from collections.abc import Callable

from cache.freshness import FreshnessPolicy
from cache.memory import MemoryStore
from cache.redis import RedisStore
from cache.store import Store
from cache.tiers import TwoTiers
from domains.vocabulary import FreshnessTier, SystemRole, UpstreamTimeout, demanded_age_s, freshest_within
from tests.cache.kitchen import POLICY, Clock, Source, names, products, skus, until


def test_a_demand_lasts_as_long_as_its_block() -> None:
    """Nested demands replace each other, None takes one back, and afterwards there is none."""
    with freshest_within(5):
        with freshest_within(None):
            assert demanded_age_s() is None
        assert demanded_age_s() == 5
    assert demanded_age_s() is None


async def test_what_is_fresh_enough_is_served(source: Source, store: Store) -> None:
    """An entry within the demand costs no load; one beyond it is loaded, and kept for everybody."""
    fetch = products(source, store)
    await fetch(skus("a"))
    source.clock.advance(4)
    with freshest_within(5):
        await fetch(skus("a"))
    assert source.calls == 1
    with freshest_within(4):
        (reading,) = (await fetch(skus("a"))).values()
    assert (source.calls, reading.tier) == (2, FreshnessTier.LIVE)
    await fetch(skus("a"))
    assert source.calls == 2


async def test_what_is_too_old_still_stands_in(source: Source, store: Store) -> None:
    """When the source fails, the entry comes all the same, marked STALE_DEGRADED and with its age in it."""
    fetch = products(source, store)
    await fetch(skus("a"))
    kept_at = source.clock() - 1
    source.clock.advance(4)
    source.error = UpstreamTimeout(SystemRole.ERP, "products")
    with freshest_within(2):
        (reading,) = (await fetch(skus("a"))).values()
    assert (reading.tier, reading.observed_at) == (FreshnessTier.STALE_DEGRADED, kept_at)


async def test_an_old_no_is_asked_again(source: Source, store: Store) -> None:
    """That something was not found is believed no longer than the demand."""
    fetch = products(source, store)
    assert await fetch(skus("new")) == {}
    source.names["new"] = "New"
    source.clock.advance(3)
    with freshest_within(2):
        assert len(await fetch(skus("new"))) == 1


async def test_only_what_is_too_old_goes_out(source: Source, store: Store) -> None:
    """Of a batch only the keys beyond the demand are loaded."""
    fetch = products(source, store)
    await fetch(skus("a"))
    source.clock.advance(4)
    await fetch(skus("b"))
    with freshest_within(2):
        await fetch(skus("a", "b"))
    assert source.asked[-1] == skus("a")


async def test_a_demand_joins_a_load_under_way(source: Source, store: Store) -> None:
    """Whoever demands and whoever does not wait for the same load."""
    source.gate = asyncio.Event()
    fetch = products(source, store)

    async def demanding() -> None:
        with freshest_within(1):
            await fetch(skus("a"))

    both = asyncio.gather(fetch(skus("a")), demanding())
    await until(lambda: source.calls > 0)
    source.gate.set()
    await both
    assert source.calls == 1


async def test_a_load_that_began_before_a_demand_may_be_too_old_for_it(source: Source, store: Store) -> None:
    """Who wants what is true now is not told what a load found that was under way when they asked."""
    source.gate = asyncio.Event()
    fetch = products(source, store)
    before = asyncio.create_task(fetch(skus("a")))
    await until(lambda: source.calls > 0)
    source.names["a"] = "A, renamed"

    async def demanding() -> object:
        with freshest_within(0):
            return await fetch(skus("a"))

    anew = asyncio.create_task(demanding())
    await asyncio.sleep(0)
    source.gate.set()
    assert names(await before) == {"a": "A"}
    assert names(await anew) == {"a": "A, renamed"}
    assert source.calls == 2


async def test_what_contents_another_does_not_content_a_demand(
    source: Source, shared: Callable[[], RedisStore], clock: Clock
) -> None:
    """Somebody else's look into the shared store may bring what is too old for a demand: it looks for itself."""
    await products(source, shared())(skus("a"))
    source.clock.advance(4)
    fetch = products(source, TwoTiers(MemoryStore(1_000_000, clock), shared()))

    async def demanding() -> FreshnessTier:
        with freshest_within(2):
            (reading,) = (await fetch(skus("a"))).values()
        return reading.tier

    content, tier = await asyncio.gather(fetch(skus("a")), demanding())
    assert ([one.tier for one in content.values()], tier) == ([FreshnessTier.FRESH], FreshnessTier.LIVE)
    assert source.calls == 2


async def test_a_refresh_is_nobodys_demand(source: Source, store: Store) -> None:
    """Within a demand wider than its fresh time an entry is served stale, and refreshed behind."""
    fetch = products(source, store, policy=FreshnessPolicy(fresh_s=2, stale_while_revalidate_s=60, jitter_ratio=0))
    await fetch(skus("a"))
    source.clock.advance(POLICY.fresh_s)
    with freshest_within(30):
        (reading,) = (await fetch(skus("a"))).values()
    assert reading.tier is FreshnessTier.STALE_OK
    await until(lambda: not fetch.busy)
    assert source.calls == 2
