"""The store within the process, and what things weigh."""

import gc
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from cache.memory import OVERHEAD_BYTES, MemoryStore
from cache.store import Entry, Put
from cache.weight import weigh
from domains.orders import Order, OrderFacts, OrderLine
from domains.products import Product
from domains.vocabulary import FreshnessTier, Money, OrderId, Reading, Sku
from tests.cache.kitchen import SHELF, START, Clock, entry

T = TypeVar("T")


def keep(store: MemoryStore, key: str, name: str = "A", number: int | None = None) -> bool:
    return bool(store.put(SHELF, "", {key: Put(entry(name), (number or store.number(),))}))


def test_it_never_holds_more_than_it_may(clock: Clock) -> None:
    """The bound is in bytes: a few large entries push out many small ones."""
    store = MemoryStore(20_000, clock)
    for number in range(1000):
        keep(store, f"k{number}")
        assert store.used_bytes <= 20_000
    small = len(store)
    assert small > 10
    keep(store, "large", "x" * 15_000)
    assert store.used_bytes <= 20_000
    assert len(store) < small / 2


def test_what_is_larger_than_the_store_is_not_kept(clock: Clock) -> None:
    """One monstrous entry does not sweep the shelves."""
    store = MemoryStore(20_000, clock)
    keep(store, "a")
    keep(store, "monster", "x" * 20_000)
    assert [entry is not None for entry in store.peek(SHELF, "", ["a", "monster"])] == [True, False]


def test_the_least_used_goes_first(clock: Clock) -> None:
    """What is asked for stays."""
    store = MemoryStore(20 * (OVERHEAD_BYTES + weigh(entry("A"))), clock)
    keep(store, "loved")
    for number in range(100):
        keep(store, f"k{number:03}")
        assert store.peek(SHELF, "", ["loved"]) != [None]
    assert store.peek(SHELF, "", ["k000"]) == [None]


def test_the_useless_is_not_handed_out(clock: Clock) -> None:
    """An entry past the time it can be of use is gone, and its bytes with it."""
    store = MemoryStore(20_000, clock)
    keep(store, "a")
    clock.advance(99.9)
    assert store.peek(SHELF, "", ["a"]) != [None]
    clock.advance(0.2)
    assert store.peek(SHELF, "", ["a"]) == [None]
    assert store.used_bytes == 0


def test_an_evicted_entry_is_not_followed_by_an_older_one(clock: Clock) -> None:
    """A load that began before one that was already served, and evicted since, comes too late."""
    store = MemoryStore(20_000, clock)
    slow, quick = store.number(), store.number()
    keep(store, "a", "quick", quick)
    for number in range(100):
        keep(store, f"k{number}")
    assert store.peek(SHELF, "", ["a"]) == [None]
    assert not keep(store, "a", "slow", slow)


def test_forgetting_what_was_forgotten_is_on_the_safe_side(clock: Clock) -> None:
    """Only so many invalidations are remembered; for the others every load under way counts as too old."""
    store = MemoryStore(20_000, clock, floors_max=10)
    slow = store.number()
    store.drop("products", ["a"], None)
    store.drop("products", [f"k{number}" for number in range(20)], None)
    assert not keep(store, "a", "old", slow)
    assert keep(store, "a", "new")


def test_flush(clock: Clock) -> None:
    """After a flush nothing stands, nothing weighs, and what was being loaded is not kept."""
    store = MemoryStore(20_000, clock)
    keep(store, "a")
    slow = store.number()
    store.flush()
    assert (len(store), store.used_bytes) == (0, 0)
    assert not keep(store, "b", "old", slow)
    assert keep(store, "b")


def order(number: int) -> Entry[Order]:
    lines = tuple(
        OrderLine(
            id=f"{number}-{line}",
            sku=Sku(f"SKU-{number:05}-{line}"),
            name=f"Article number {number} {line}",
            total=Money(amount=Decimal(number) + Decimal("0.50"), currency_code="EUR"),
            ordered=Decimal(line + 1),
        )
        for line in range(5)
    )
    placed = datetime.fromtimestamp(START + number, tz=UTC)
    made = Order(
        id=OrderId(f"ord-{number}"), order_number=f"R{number}", placed_at=placed, facts=OrderFacts(), lines=lines
    )
    return _decoded(Entry(Reading(made, "oms:test", FreshnessTier.FRESH, START, 10.0), START, 60.0, 0.5), Entry[Order])


def product(number: int) -> Entry[Product]:
    made = Product(sku=Sku(f"SKU-{number:05}"), name=f"Article number {number}")
    whole = Entry(Reading(made, "erp:test", FreshnessTier.FRESH, START, 10.0), START, 60.0, 0.5)
    return _decoded(whole, Entry[Product])


def _decoded(whole: Entry[T], kind: type[Entry[T]]) -> Entry[T]:
    """As values arrive: with strings of their own."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(whole), type=kind)


def test_weights_are_true(clock: Clock) -> None:
    """What the store believes to hold is what the interpreter says it allocated, give or take a quarter."""
    makers: list[Callable[[int], Entry[Any]]] = [order, product]
    for make in makers:
        store = MemoryStore(1_000_000_000, clock)
        gc.collect()
        tracemalloc.start()
        for number in range(500):
            store.put(SHELF, "", {f"{number:032}": Put(make(number), (store.number(),))})
        gc.collect()
        used = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert 0.75 < store.used_bytes / used < 1.25, (store.used_bytes, used)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["", "x"]), st.sampled_from(["put", "drop", "get"]))))
def test_the_books_balance(steps: list[tuple[str, str, str]]) -> None:
    """Whatever is done in whatever order, bytes and owners agree with what is there."""
    store = MemoryStore(4 * OVERHEAD_BYTES, Clock())
    for key, owner, step in steps:
        if step == "put":
            store.put(SHELF, owner, {key: Put(entry("A"), (store.number(),))})
        elif step == "drop":
            store.drop("products", [key], None)
        else:
            store.peek(SHELF, owner, [key])
        assert store.used_bytes == len(store) * (OVERHEAD_BYTES + weigh(entry("A"))) <= 4 * OVERHEAD_BYTES
    store.drop("products", "abc", None)
    assert (len(store), store.used_bytes) == (0, 0)
