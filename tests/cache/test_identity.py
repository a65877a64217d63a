"""Private answers stay with their owner."""

import asyncio
from collections.abc import Mapping
from contextvars import ContextVar

from hypothesis import given, settings
from hypothesis import strategies as st

from cache.memory import MemoryStore
from cache.store import Store
from domains.products import Product
from domains.vocabulary import FreshnessTier, Reading, Sku
from tests.cache.kitchen import START, Clock, Source, names, products, skus

caller: ContextVar[str | None] = ContextVar("caller", default=None)


class Desk:
    """A source that answers the caller of the moment with the caller's own name."""

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self, keys: frozenset[Sku], /) -> Mapping[Sku, Reading[Product]]:
        self.calls += 1
        name = f"for {caller.get()}"
        return {key: Reading(Product(sku=key, name=name), "crm:test", FreshnessTier.LIVE, START, 0.0) for key in keys}


async def test_owners_do_not_see_each_other(clock: Clock, store: Store) -> None:
    """The same key, asked by two people, is loaded twice and answered to each with his own."""
    desk = Desk()
    fetch = products(Source(clock), store, fetch=desk, owner=caller.get)
    for _ in range(2):
        for name in ("ada", "bob"):
            caller.set(name)
            assert names(await fetch(skus("a"))) == {"a": f"for {name}"}
    assert desk.calls == 2


async def test_a_caller_without_a_name_is_answered_past_the_cache(clock: Clock, store: Store) -> None:
    """Nobody's answers are kept: not for nobody, not for anybody."""
    desk = Desk()
    fetch = products(Source(clock), store, fetch=desk, owner=caller.get)
    for name in (None, "", None):
        caller.set(name)
        assert names(await fetch(skus("a"))) == {"a": f"for {name}"}
    assert desk.calls == 3


async def test_forgetting_is_for_every_owner(clock: Clock, store: Store) -> None:
    """An event knows what changed, not who has seen it."""
    desk = Desk()
    fetch = products(Source(clock), store, fetch=desk, owner=caller.get)
    for name in ("ada", "bob"):
        caller.set(name)
        await fetch(skus("a"))
    await fetch.forget(skus("a"))
    for name in ("ada", "bob"):
        caller.set(name)
        await fetch(skus("a"))
    assert desk.calls == 4


@settings(max_examples=100)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, "ada", "bob", "a:b", "a", "b"]),
            st.frozensets(st.sampled_from(["k", "a:k", "b:k"]), min_size=1),
            st.sampled_from([0, 11, 40]),
        ),
        max_size=30,
    )
)
def test_whatever_happens_nobody_sees_anothers(steps: list[tuple[str | None, frozenset[str], float]]) -> None:
    """Over any order of callers, keys and ages, every answer is the asker's own."""

    async def scene() -> None:
        clock, desk = Clock(), Desk()
        fetch = products(Source(clock), MemoryStore(10_000, clock), fetch=desk, owner=caller.get)
        for name, keys, age in steps:
            clock.advance(age)
            caller.set(name)
            found = names(await fetch(skus(*keys)))
            assert found == dict.fromkeys(keys, f"for {name}")

    asyncio.run(scene())
