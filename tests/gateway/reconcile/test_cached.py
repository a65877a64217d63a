"""What is remembered, against the record: an answer within its time may be behind, one that stays behind is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from domains.inventory import AvailabilitySemantics, StockKey, StockPosition
from domains.products import Product
from domains.vocabulary import (
    FeedPage,
    FeedQuery,
    FreshnessTier,
    LocationId,
    Reading,
    Sequenced,
    Sku,
    SystemRole,
)
from gateway.identity import current_owner
from gateway.projection import PRODUCTS, Origin, Store, open_store
from gateway.reconcile import Cached, Recent, Shelf, Turns
from gateway.reconcile.sampling import KEYS_MAX, Asked
from tests.gateway.durable.shop import START, House, open_house
from tests.gateway.reconcile.books import euros

KEY = StockKey(Sku("SKU-1"), LocationId("store-1"))
NAME = "stock:SKU-1/store-1"


def position(on_hand: int) -> StockPosition:
    return StockPosition(
        sku=KEY.sku, location_id=KEY.location_id, semantics=AvailabilitySemantics.ON_HAND, on_hand=Decimal(on_hand)
    )


def product(price: str = "12.50") -> Product:
    return Product(sku=Sku("SKU-1"), name="A shirt", list_price=euros(price))


@dataclass
class Goods:
    """A cache, the record behind it, and the feed of products. `owners` is for whom the cache was asked."""

    cached: dict[StockKey, StockPosition] = field(default_factory=lambda: {KEY: position(7)})
    record: dict[StockKey, StockPosition] = field(default_factory=lambda: {KEY: position(7)})
    feed: tuple[Sequenced[Product], ...] = (Sequenced(sequence=5, record=product()),)
    owners: list[str | None] = field(default_factory=list)
    loaded: list[StockKey] = field(default_factory=list)

    async def __call__(self, keys: frozenset[StockKey], /) -> Mapping[StockKey, Reading[StockPosition]]:
        """The cache: what it does not have it asks the record for."""
        self.owners.append(current_owner.get())
        missing = keys - self.cached.keys()
        self.loaded += missing
        kept = readings({key: self.cached[key] for key in keys - missing})
        return {**kept, **await self.from_record(missing)}

    def at_hand(self, keys: Collection[StockKey], /) -> Mapping[StockKey, Reading[StockPosition]]:
        self.owners.append(current_owner.get())
        return readings({key: self.cached[key] for key in keys if key in self.cached})

    async def from_record(self, keys: frozenset[StockKey], /) -> Mapping[StockKey, Reading[StockPosition]]:
        return readings({key: self.record[key] for key in keys if key in self.record})

    async def changed(self, queries: frozenset[FeedQuery], /) -> Mapping[FeedQuery, Reading[FeedPage[Product]]]:
        return readings({query: FeedPage(items=self.feed) for query in queries})


def readings(found: Mapping[object, object]) -> Mapping:  # type: ignore[type-arg]  # of whatever was found
    return {key: Reading(value, "test", FreshnessTier.LIVE, START, 0.0) for key, value in found.items()}


@dataclass
class Shop:
    cached: Cached
    recent: Recent[StockKey, StockPosition]
    goods: Goods
    store: Store
    house: House


@pytest.fixture
async def shop(sqlite_url: str) -> AsyncIterator[Shop]:
    """A shop whose cache, record and projection agree, and where SKU-1 was asked for by Ada."""
    goods = Goods()
    recent = Recent(goods, current_owner.get)
    async with open_house(sqlite_url) as house, open_store(sqlite_url) as store:
        await store.put(PRODUCTS, goods.feed, Origin("erp:test", START))
        turns = Turns(house.journal, 1000.0, ticks=house.clock, sleep=house.clock.sleep)
        shelf = Shelf("stock", SystemRole.OMS, recent, goods.from_record)
        cached = Cached(turns, [shelf], store, goods.changed, sample=10, second_look_s=30.0, clock=house.clock)
        token = current_owner.set("ada")
        await recent(frozenset({KEY}))
        current_owner.reset(token)
        yield Shop(cached, recent, goods, store, house)


async def test_what_is_remembered_agrees(shop: Shop) -> None:
    """Of each shelf and of the projection a sample is looked at; the cache is asked as whoever asked it."""
    leaf = await shop.cached.page(0.0, None)
    assert {one.key: one.mismatches for one in leaf.checked} == {NAME: (), "Product:SKU-1": ()}
    assert leaf.next is None
    assert shop.goods.owners == ["ada", "ada"]
    assert current_owner.get() is None


async def test_an_answer_that_stays_behind_is_told(shop: Shop) -> None:
    """It differs, and after all remembered answers have run out it still does, from the same record."""
    shop.goods.cached[KEY] = position(9)
    (first, _) = (await shop.cached.page(0.0, None)).checked
    assert [(one.expected, one.found) for one in first.mismatches] == [('{"onHand":"7"}', '{"onHand":"9"}')]
    (again,) = await shop.cached.again([NAME])
    assert again.mismatches == first.mismatches


@pytest.mark.parametrize("heals", ["the cache", "the record"])
async def test_an_answer_that_was_only_behind_is_none(shop: Shop, heals: str) -> None:
    """A cache that has caught up is right, and of a record that changes all the time nobody can say."""
    shop.goods.record[KEY] = position(6)
    assert (await shop.cached.page(0.0, None)).checked[0].mismatches
    if heals == "the cache":
        shop.goods.cached[KEY] = position(6)
    else:
        shop.goods.record[KEY] = position(5)
    (again,) = await shop.cached.again([NAME])
    assert again.mismatches == ()


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        (Sequenced(sequence=5, record=product("12.51")), True),
        (Sequenced(sequence=6, record=product("12.51")), False),
        (Sequenced(sequence=4, record=product("12.51")), True),
        (Sequenced(sequence=5, record=product(), removed=True), True),
        (None, True),
    ],
    ids=["another record", "a newer record", "an older record", "gone", "never read"],
)
async def test_the_projection_is_compared_with_the_erp(shop: Shop, kept: Sequenced[Product] | None, told: bool) -> None:
    """What the feed says of a product is what the projection has, unless that is newer."""
    await shop.store.clear()
    if kept is not None:
        await shop.store.put(PRODUCTS, [kept], Origin("erp:test", START))
    checked = {one.key: one for one in (await shop.cached.page(0.0, None)).checked}
    assert bool(checked["Product:SKU-1"].mismatches) == told
    (again,) = await shop.cached.again(["Product:SKU-1"])
    assert again == checked["Product:SKU-1"]


async def test_what_is_not_remembered_any_more_agrees(shop: Shop) -> None:
    """An exception of an earlier process about its own cache ends."""
    assert [one.mismatches for one in await shop.cached.again(["stock:SKU-9/network", "Product:SKU-9"])] == [(), ()]


async def test_what_the_cache_let_go_is_not_loaded_for_this(shop: Shop) -> None:
    """Only what is remembered is compared: to load the rest would be asking the system behind the turns' back."""
    shop.goods.cached[KEY] = position(9)
    assert (await shop.cached.page(0.0, None)).checked[0].mismatches
    shop.goods.cached.clear()
    assert [one.mismatches for one in await shop.cached.again([NAME])] == [()]
    assert [one.key for one in (await shop.cached.page(0.0, None)).checked] == ["Product:SKU-1"]
    assert shop.goods.loaded == []


async def test_the_last_questions_are_sampled(shop: Shop) -> None:
    """A few keys of each question, no more than there is room for, and each owner's by itself."""
    network = [StockKey(Sku(f"SKU-{number}"), None) for number in range(3 * KEYS_MAX)]
    for key in network:
        await shop.recent(frozenset({key}))
    sample = shop.recent.sample(10)
    assert len(set(sample)) == 10
    assert {asked.owner for asked in sample} == {None}
    assert len(shop.recent.sample(10 * KEYS_MAX)) == KEYS_MAX
    assert Asked("ada", KEY) not in shop.recent.sample(10 * KEYS_MAX)
    other = Recent(shop.goods.from_record)
    await other(frozenset(network))
    assert len(other.sample(100)) == 4
    assert other.at_hand([KEY]) == {}  # the source beneath says nothing of what it has at hand
    assert other.at_once([KEY]) is None
    assert Asked(None, KEY) in other.sample(100)
