"""What a cache can answer without waiting."""

import pytest

from cache import CacheEventKind
from cache.memory import MemoryStore
from domains.vocabulary import FreshnessTier, Sku, freshest_within
from tests.cache.kitchen import Clock, Notes, Source, products, skus

A, B, NOTHING = Sku("a"), Sku("b"), Sku("nothing")


@pytest.fixture
def store(clock: Clock) -> MemoryStore:
    """Of a shared store nothing is at hand but what was copied into memory."""
    return MemoryStore(1_000_000, clock)


async def test_what_was_loaded_is_at_hand(source: Source, store: MemoryStore) -> None:
    """Found or not found; what was never asked for is left out, and nobody is asked."""
    fetch = products(source, store)
    assert fetch.at_hand([A, NOTHING]) == {}
    await fetch(skus("a", "nothing"))
    near = fetch.at_hand([A, B, NOTHING])
    assert near.keys() == {A, NOTHING}
    reading = near[A]
    assert reading is not None
    assert (reading.value.name, reading.tier) == ("A", FreshnessTier.FRESH)
    assert near[NOTHING] is None
    assert source.calls == 1


async def test_it_is_what_would_be_answered(source: Source, store: MemoryStore) -> None:
    """The same readings, whichever way they are asked for."""
    fetch = products(source, store)
    await fetch(skus("a", "b"))
    assert fetch.at_hand([A, B]) == await fetch.outcomes(skus("a", "b"))


async def test_what_is_stale_is_not_at_hand(source: Source, store: MemoryStore, clock: Clock) -> None:
    """It may be served, but has to be refreshed."""
    fetch = products(source, store)
    await fetch(skus("a"))
    clock.advance(11)
    assert fetch.at_hand([A]) == {}


async def test_what_is_too_old_for_whoever_asks_is_not_at_hand(
    source: Source, store: MemoryStore, clock: Clock
) -> None:
    """A demand counts as it does when one waits."""
    fetch = products(source, store)
    await fetch(skus("a"))
    clock.advance(5)
    with freshest_within(3):
        assert fetch.at_hand([A]) == {}
    with freshest_within(8):
        assert fetch.at_hand([A]).keys() == {A}


async def test_what_is_private_is_at_hand_for_its_owner(source: Source, store: MemoryStore) -> None:
    """For another owner nothing is, and for nobody nothing ever."""
    owner: list[str | None] = ["ada"]
    fetch = products(source, store, owner=lambda: owner[0])
    await fetch(skus("a"))
    assert fetch.at_hand([A]).keys() == {A}
    for other in ("bob", "", None):
        owner[0] = other
        assert fetch.at_hand([A]) == {}


async def test_what_is_forgotten_is_not_at_hand(source: Source, store: MemoryStore) -> None:
    """An invalidation holds from the moment it is made."""
    fetch = products(source, store)
    await fetch(skus("a"))
    await fetch.forget([A])
    assert fetch.at_hand([A]) == {}


async def test_it_is_told_as_a_hit(source: Source, store: MemoryStore) -> None:
    """Key by key, and once: what is not at hand is told when it is asked for."""
    notes = Notes()
    fetch = products(source, store, notes=notes)
    await fetch(skus("a"))
    fetch.at_hand([A, B])
    assert (notes.count(CacheEventKind.HIT), notes.count(CacheEventKind.MISS)) == (1, 1)
