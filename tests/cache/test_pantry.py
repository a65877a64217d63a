"""The pantry of a process, put together."""

import asyncio
from collections.abc import Callable
from functools import partial
from uuid import uuid4

import pytest

from cache import CacheEventKind, FreshnessPolicy, open_pantry
from domains.products import Product
from domains.vocabulary import SystemRole
from tests.cache.kitchen import Clock, Notes, Source, names, skus, until
from tests.cache.valkey import Valkey

POLICY = FreshnessPolicy(fresh_s=3600)


async def test_memory_alone(clock: Clock) -> None:
    """Without a URL the pantry is the process's own memory."""
    source = Source(clock)
    async with open_pantry(memory_max_bytes=100_000, clock=clock) as pantry:
        fetch = pantry.cached(source, POLICY, name="products", kind=Product, system=SystemRole.ERP)
        await fetch(skus("a"))
        assert names(await fetch(skus("a"))) == {"a": "A"}
        await pantry.forget("products", skus("a"))
        await fetch(skus("a"))
    assert source.calls == 2


async def test_names_are_taken_once(clock: Clock) -> None:
    """Two kinds of answers never share a shelf, and nobody forgets on a shelf that is not there."""
    async with open_pantry(memory_max_bytes=100_000, clock=clock) as pantry:
        pantry.cached(Source(clock), POLICY, name="products", kind=Product, system=SystemRole.ERP)
        with pytest.raises(ValueError):
            pantry.cached(Source(clock), POLICY, name="products", kind=Product, system=SystemRole.ERP)
        with pytest.raises(LookupError):
            await pantry.forget("elsewhere", skus("a"))


async def test_processes_forget_together(clock: Clock, valkey: Valkey) -> None:
    """Two processes share what they loaded; what one forgets the other stops serving, from memory too."""
    source, notes, prefix = Source(clock), Notes(), f"test-{uuid4().hex}"
    async with (
        open_pantry(memory_max_bytes=100_000, url=valkey.url, prefix=prefix, clock=clock) as mine,
        open_pantry(memory_max_bytes=100_000, url=valkey.url, prefix=prefix, clock=clock, hook=notes) as theirs,
    ):
        here = mine.cached(source, POLICY, name="products", kind=Product, system=SystemRole.ERP)
        there = theirs.cached(source, POLICY, name="products", kind=Product, system=SystemRole.ERP)
        assert names(await here(skus("a"))) == names(await there(skus("a"))) == {"a": "A"}
        assert source.calls == 1
        source.names["a"] = "A2"
        await mine.forget("products", skus("a"), 7)
        await until(lambda: notes.count(CacheEventKind.HEARD) == 1)
        assert names(await there(skus("a"))) == names(await here(skus("a"))) == {"a": "A2"}
        assert source.calls == 2


async def test_a_store_that_is_not_there(clock: Clock) -> None:
    """A pantry whose store cannot be reached opens, answers and closes like any other."""
    source = Source(clock)
    async with open_pantry(memory_max_bytes=100_000, url="valkey://127.0.0.1:1", clock=clock) as pantry:
        fetch = pantry.cached(source, POLICY, name="products", kind=Product, system=SystemRole.ERP)
        for _ in range(3):
            assert names(await fetch(skus("a", "b"))) == {"a": "A", "b": "B"}
    assert source.calls == 1


async def test_what_another_process_forgets_is_not_joined_here(clock: Clock) -> None:
    """A load that is under way here when news arrives does not answer those who ask after it."""
    source = Source(clock)
    async with open_pantry(memory_max_bytes=100_000, clock=clock) as pantry:
        fetch = pantry.cached(source, POLICY, name="products", kind=Product, system=SystemRole.ERP)
        texts = [fetch._texts.of(key) for key in skus("a")]
        told: list[Callable[[], None]] = [partial(fetch.detach, texts), pantry.lost]
        for news in told:
            source.gate = asyncio.Event()
            before = asyncio.create_task(_read(fetch))
            calls = source.calls + 1
            await until(lambda calls=calls: source.calls == calls)  # type: ignore[misc]  # a default holds the count
            news()
            after = asyncio.create_task(_read(fetch))
            await until(lambda calls=calls: source.calls == calls + 1)  # type: ignore[misc]  # as above
            source.gate.set()
            await asyncio.gather(before, after)
            await pantry.forget("products", skus("a"))


async def _read(fetch: object) -> None:
    assert callable(fetch)
    await fetch(skus("a"))
