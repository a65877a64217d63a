"""A source is told when there is something to fall back on for whatever it is asked."""

from __future__ import annotations

from cache.memory import MemoryStore
from domains.products import Product
from domains.vocabulary import Reading, Sku, SystemRole, UpstreamUnreachable, has_stand_in
from tests.cache.kitchen import POLICY, Clock, Source, names, products, skus, until

GONE_STALE_S = POLICY.fresh_s + POLICY.stale_while_revalidate_s + 1


class Told(Source):
    """A source that notes whether it was told so, call by call."""

    def __init__(self) -> None:
        super().__init__(Clock())
        self.told: list[bool] = []

    async def __call__(self, keys: frozenset[Sku], /) -> dict[Sku, Reading[Product]]:
        self.told.append(has_stand_in())
        return await super().__call__(keys)


async def test_all_have_one() -> None:
    """A load for what is past its stale time, and would be served in a failure, is told so; others are not."""
    source = Told()
    fetch = products(source, MemoryStore(100_000, source.clock))
    await fetch(skus("a", "b"))
    source.clock.advance(GONE_STALE_S)
    source.error = UpstreamUnreachable(SystemRole.ERP, "products")
    assert names(await fetch(skus("a", "b"))) == {"a": "A", "b": "B"}
    assert source.told == [False, True]
    assert not has_stand_in()


async def test_one_has_none() -> None:
    """Where one of the keys is not known, the load is tried as hard as ever."""
    source = Told()
    fetch = products(source, MemoryStore(100_000, source.clock))
    await fetch(skus("a"))
    source.clock.advance(GONE_STALE_S)
    await fetch(skus("a", "b"))
    assert source.told == [False, False]


async def test_nothing_waits() -> None:
    """A refresh in the background has time: it is tried as hard as ever."""
    source = Told()
    fetch = products(source, MemoryStore(100_000, source.clock))
    await fetch(skus("a"))
    source.clock.advance(POLICY.fresh_s + 1)
    await fetch(skus("a"))
    await until(lambda: not fetch.busy)
    assert source.told == [False, False]


async def test_too_old() -> None:
    """What is past its time to stand in is no stand-in."""
    source = Told()
    fetch = products(source, MemoryStore(100_000, source.clock))
    await fetch(skus("a"))
    source.clock.advance(POLICY.fresh_s + POLICY.stale_if_error_s + 1)
    await fetch(skus("a"))
    assert source.told == [False, False]
