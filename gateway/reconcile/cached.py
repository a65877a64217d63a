"""What is remembered of the systems of record: a sample of the cache's answers, and of the products read ahead.

A cache may be behind: within its time that is what it is for. So what differs is looked at again once every answer of
the first look has run out; only one that then differs still, from a record that did not change in between, is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import select

from domains.durable import Mismatch
from domains.products import Product
from domains.vocabulary import FeedPage, FeedQuery, Fetch, Reading, Sequenced, SystemRole
from gateway.identity import current_owner
from gateway.projection import PRODUCTS, Store
from gateway.reconcile.books import NOTHING
from gateway.reconcile.checking import Checked, Leaf
from gateway.reconcile.sampling import Asked, Recent
from gateway.reconcile.turns import Turns

K = TypeVar("K")
T = TypeVar("T")

TOLD_MAX = 300  # characters of what differs that are shown to people
CHANGED_WITHIN = timedelta(days=1)
"""Products that changed lately are those that a projection may have missed; all of them are read anew every day."""


@dataclass(frozen=True)
class Shelf(Generic[K, T]):
    """One read that is remembered: `recent` in front of the cache, and the system itself behind it."""

    name: str
    system: SystemRole
    recent: Recent[K, T]
    source: Fetch[K, T]


@dataclass(frozen=True)
class _Look:
    """A key whose answers differed, and what the record said then."""

    shelf: Shelf[Any, Any]
    asked: Asked[Any]
    record: object


class Cached:
    """`sample` answers of each shelf, and as many products of the projection."""

    name = "cached"

    def __init__(
        self,
        turns: Turns,
        shelves: Sequence[Shelf[Any, Any]],
        store: Store,
        product_feed: Fetch[FeedQuery, FeedPage[Product]],
        *,
        sample: int,
        second_look_s: float,
        clock: Callable[[], float],
    ) -> None:
        self.second_look_s = second_look_s
        self._turns = turns
        self._shelves = shelves
        self._store = store
        self._feed = product_feed
        self._sample = sample
        self._clock = clock
        self._looks: dict[str, _Look] = {}

    async def total(self, since: float) -> int | None:  # noqa: ARG002 - every subject is asked for a time
        return None

    async def page(self, since: float, cursor: str | None) -> Leaf:  # noqa: ARG002 - a sample is one page
        self._looks.clear()
        checked: list[Checked] = []
        for shelf in self._shelves:
            checked += await self._compared(shelf, shelf.recent.sample(self._sample))
        checked += [one for one, _ in await self._products()]
        return Leaf(tuple(checked), None)

    async def again(self, keys: Collection[str]) -> tuple[Checked, ...]:
        """What is not remembered any more agrees by itself."""
        products = {one.key: one for one, _ in await self._products()} if any(map(_is_product, keys)) else {}
        checked = []
        for key in keys:
            look = self._looks.get(key)
            if look is None:
                checked.append(products.get(key, Checked(key, key)))
                continue
            now = await self._compared(look.shelf, [look.asked])
            later = self._looks.get(key)
            unchanged = later is not None and later.record == look.record
            checked.append(now[0] if now and unchanged else Checked(key, key))
        return tuple(checked)

    async def _compared(self, shelf: Shelf[K, T], sample: Sequence[Asked[K]]) -> list[Checked]:
        """Those that are remembered. The cache first: what changes between the two questions is then seen again at the
        second look."""
        remembered = [(asked, kept) for asked in sample if (kept := _remembered(shelf.recent, asked))]
        said = await self._turns.ask(shelf.system, shelf.source, [asked.key for asked, _ in remembered])
        checked = []
        for asked, kept in remembered:
            key = f"{shelf.name}:{_text(asked.key)}"
            record, reading = said.get(asked.key), kept[asked.key]
            answer = None if reading is None else reading.value
            if answer != record:
                self._looks[key] = _Look(shelf, asked, record)
            checked.append(
                Checked(key, f"the cached {shelf.name} of {_text(asked.key)}", _differs(key, record, answer))
            )
        return checked

    async def _products(self) -> list[tuple[Checked, Product]]:
        since = datetime.fromtimestamp(self._clock(), UTC) - CHANGED_WITHIN
        query = FeedQuery(after=None, limit=self._sample, changed_since=since)
        page = (await self._turns.ask(SystemRole.ERP, self._feed, [query])).get(query)
        items = () if page is None else page.items
        kept = await self._projected([item.record.sku for item in items])
        return [(_product(item, kept.get(item.record.sku)), item.record) for item in items]

    async def _projected(self, skus: Collection[str]) -> Mapping[str, tuple[int, Product | None]]:
        """Number and record of each product as the projection has it; no record for one that is gone."""
        table = PRODUCTS.table
        rows = await self._store.rows(select(table).where(table.c.key.in_(sorted(skus))))
        return {row.key: (row.sequence, None if row.removed else PRODUCTS.decode(row.payload)) for row in rows}


def _remembered(recent: Recent[K, T], asked: Asked[K]) -> Mapping[K, Reading[T] | None]:
    """What the cache has at hand for who asked; nothing where it would ask the system now, at nobody's pace."""
    token = current_owner.set(asked.owner)
    try:
        return recent.kept(asked.key)
    finally:
        current_owner.reset(token)


def _product(item: Sequenced[Product], kept: tuple[int, Product | None] | None) -> Checked:
    """A product that the projection has of a later number than the feed is newer, and not wrong."""
    key = f"Product:{item.record.sku}"
    record = None if item.removed else item.record
    sequence, projected = kept or (-1, None)
    mismatches = () if sequence > item.sequence else _differs(key, record, projected)
    return Checked(key, f"product {item.record.sku} of the projection", mismatches)


def _is_product(key: str) -> bool:
    return key.startswith("Product:")


def _differs(key: str, record: object, answer: object) -> tuple[Mismatch, ...]:
    if record == answer:
        return ()
    expected, found = _told(record, answer), _told(answer, record)
    return (Mismatch(key=key, what="what is remembered of it", expected=expected, found=found),)


def _told(one: object, other: object) -> str:
    """The members in which `one` is unlike the other."""
    if one is None:
        return NOTHING
    members, others = msgspec.to_builtins(one, str_keys=True), msgspec.to_builtins(other, str_keys=True)
    if isinstance(members, dict) and isinstance(others, dict):
        members = {name: value for name, value in members.items() if others.get(name) != value}
    return msgspec.json.encode(members).decode()[:TOLD_MAX]


def _text(key: object) -> str:
    """A key as people read it: a product at a location is SKU-1/store-001."""
    return "/".join("network" if part is None else str(part) for part in key) if isinstance(key, tuple) else str(key)
