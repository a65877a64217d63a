"""One suite for every store."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cache.store import Entry, Fence, Put, Shelf, Store
from domains.inventory import AvailabilitySemantics, StockPosition
from domains.orders import Lifecycle, Order, OrderFacts, OrderLine
from domains.vocabulary import CustomerId, FreshnessTier, Money, OrderId, Page, Reading, Sku
from tests.cache.kitchen import SHELF, START, Clock, entry

LINE = OrderLine(
    id="1", sku=Sku("s"), total=Money(amount=Decimal("12.50"), currency_code="EUR"), ordered=Decimal("1.000")
)
ORDER = Order(
    id=OrderId("o"),
    order_number="R1",
    placed_at=datetime(2026, 3, 2, 10, 15, tzinfo=UTC),
    facts=OrderFacts(lifecycle=Lifecycle.CONFIRMED),
    lines=(LINE,),
)
STOCK = StockPosition(sku=Sku("s"), semantics=AvailabilitySemantics.SELLABLE, on_hand=Decimal(3))


async def begin(store: Store, key: str = "a", owner: str = "") -> Fence:
    return (await store.begin(SHELF, owner, [key], 5))[key].fence


async def end(store: Store, fence: Fence, name: str | None, key: str = "a", owner: str = "") -> bool:
    """Keep what a load brought; None: nothing is to stand there."""
    return key in await store.set_many(SHELF, owner, {key: Put(None if name is None else entry(name), fence)})


async def load(store: Store, name: str, key: str = "a", owner: str = "") -> bool:
    return await end(store, await begin(store, key, owner), name, key, owner)


async def look(store: Store, key: str = "a", owner: str = "") -> str | None:
    found = await store.get_many(SHELF, owner, [key])
    reading = found[key].reading if key in found else None
    return reading.value.name if reading else None


async def test_what_is_kept_comes_back(store: Store) -> None:
    """An entry comes back as it was; a place where nothing stands is absent."""
    assert await store.get_many(SHELF, "", ["a", "b"]) == {}
    assert await load(store, "A")
    assert await store.get_many(SHELF, "", ["a", "b"]) == {"a": entry("A")}
    assert await store.get_many(SHELF, "", []) == {}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Order, ORDER),
        (StockPosition, STOCK),
        (Page[Order], Page(items=(ORDER,), has_next=True)),
        (tuple[StockPosition, ...], (STOCK, STOCK)),
        (CustomerId, CustomerId("cust-00001")),
    ],
)
async def test_every_kind_of_value_survives(kind: Any, value: object, store: Store) -> None:
    """Decimals, moments, enums, pages, lists and plain ids come back as the types they were."""
    shelf: Shelf[object] = Shelf("things", kind)
    fence = (await store.begin(shelf, "", ["k"], 5))["k"].fence
    whole: Entry[object] = Entry(Reading(value, "oms:test", FreshnessTier.FRESH, START, 10.0), START, 60.0, 0.25)
    await store.set_many(shelf, "", {"k": Put(whole, fence)})
    assert (await store.get_many(shelf, "", ["k"]))["k"] == whole


async def test_absence_is_an_entry_too(store: Store) -> None:
    """That a key was not found can be kept, and is told apart from not knowing."""
    absent: Entry[Any] = Entry(None, START, 60.0, 0.0)
    fence = await begin(store)
    await store.set_many(SHELF, "", {"a": Put(absent, fence)})
    assert (await store.get_many(SHELF, "", ["a"])) == {"a": absent}


async def test_a_load_may_take_away(store: Store) -> None:
    """A load that brought nothing worth keeping removes what stood there, and an older load cannot bring it back."""
    await load(store, "A")
    slow = await begin(store)
    assert await end(store, await begin(store), None)
    assert await look(store) is None
    assert not await end(store, slow, "old")


async def test_shelves_and_owners_are_apart(store: Store) -> None:
    """The same key on another shelf, or for another owner, is another place."""
    await load(store, "A", owner="ada")
    await load(store, "B", owner="bob")
    assert (await look(store, owner="ada"), await look(store, owner="bob"), await look(store)) == ("A", "B", None)
    assert await store.get_many(Shelf("other", SHELF.kind), "ada", ["a"]) == {}


async def test_forgetting_reaches_every_owner(store: Store) -> None:
    """Whoever it was loaded for, a forgotten key is gone."""
    await load(store, "A", owner="ada")
    await load(store, "B", owner="bob")
    await load(store, "C", key="c")
    assert await store.forget("products", ["a"], None) == {"a"}
    assert (await look(store, owner="ada"), await look(store, owner="bob"), await look(store, "c")) == (None, None, "C")


async def test_a_slow_load_does_not_undo_an_invalidation(store: Store) -> None:
    """What was loaded before the key was forgotten is not kept, whatever the version; the next load is."""
    for version in (None, 7, 8):
        slow = await begin(store)
        await store.forget("products", ["a"], version)
        assert not await end(store, slow, "old")
        assert await look(store) is None
    assert await load(store, "new")
    assert await look(store) == "new"


async def test_a_slow_load_does_not_replace_a_later_one(store: Store) -> None:
    """Of two loads the one that began later stands, in whichever order they end."""
    first, second = await begin(store), await begin(store)
    assert await end(store, second, "second")
    assert not await end(store, first, "first")
    assert await look(store) == "second"


async def test_old_news_changes_nothing(store: Store) -> None:
    """An invalidation whose version is not newer than the last one, late or repeated, drops nothing."""
    assert await store.forget("products", ["a"], 10) == {"a"}
    await load(store, "A")
    under_way = await begin(store)
    for version in (10, 9, 0):
        assert await store.forget("products", ["a"], version) == frozenset()
    assert await look(store) == "A"
    assert await end(store, under_way, "B")
    assert await store.forget("products", ["a"], 11) == {"a"}
    assert await look(store) is None


async def test_versions_are_as_large_as_vendors_make_them(store: Store) -> None:
    """Nanoseconds since the epoch are told apart to the last one."""
    version = 1_772_446_530_000_000_001
    assert await store.forget("products", ["a"], version)
    assert not await store.forget("products", ["a"], version)
    assert not await store.forget("products", ["a"], version - 1)
    assert await store.forget("products", ["a"], version + 1)


async def test_begin_shows_what_stands_there(store: Store) -> None:
    """Whoever begins a load sees what another has left meanwhile."""
    assert (await store.begin(SHELF, "", ["a"], 5))["a"].entry is None
    await load(store, "A")
    assert (await store.begin(SHELF, "", ["a"], 5))["a"].entry == entry("A")


async def test_a_load_may_begin_again_after_release(store: Store) -> None:
    """A load that failed leaves the way free."""
    assert (await store.begin(SHELF, "", ["a"], 5))["a"].leads
    await store.release(SHELF, "", ["a"])
    assert (await store.begin(SHELF, "", ["a"], 5))["a"].leads


async def test_many_keys_at_once(store: Store, clock: Clock) -> None:
    """A batch is kept and read as one."""
    keys = [f"k{number}" for number in range(500)]
    claims = await store.begin(SHELF, "", keys, 5)
    kept = await store.set_many(SHELF, "", {key: Put(entry(key), claims[key].fence) for key in keys})
    assert kept == set(keys)
    found = await store.get_many(SHELF, "", [*keys, "k500"])
    assert {key: one.reading.value.name for key, one in found.items() if one.reading} == {key: key for key in keys}
