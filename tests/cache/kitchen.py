"""What the cache's tests share: a clock, a source that counts, and a caller's deadline."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from math import inf

from cache.events import CacheEvent, CacheEventKind, CacheHook
from cache.freshness import FreshnessPolicy
from cache.loading import LoadLimits, Surroundings
from cache.read_through import Cached
from cache.store import Entry, Shelf, Store
from domains.products import Product
from domains.vocabulary import (
    Fetch,
    FreshnessTier,
    Reading,
    Sku,
    SystemRole,
    UpstreamError,
)

START = 1_772_446_530.0
POLICY = FreshnessPolicy(fresh_s=10, stale_while_revalidate_s=20, stale_if_error_s=60, negative_s=5, jitter_ratio=0.0)
SHELF: Shelf[Product] = Shelf("products", Product)


class Clock:
    """Seconds since the epoch, moved by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class Source:
    """A system of record. `names` is what it knows now; `gate` holds its answers back, `error` is raised instead."""

    def __init__(self, clock: Clock, names: dict[str, str] | None = None) -> None:
        self.clock = clock
        self.names = names if names is not None else {"a": "A", "b": "B", "c": "C"}
        self.asked: list[frozenset[Sku]] = []
        self.gate: asyncio.Event | None = None
        self.error: UpstreamError | None = None
        self.deadlines: list[float | None] = []

    async def __call__(self, keys: frozenset[Sku], /) -> dict[Sku, Reading[Product]]:
        self.asked.append(keys)
        self.deadlines.append(remaining_s())
        known = dict(self.names)
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return {
            key: Reading(Product(sku=key, name=known[key]), "erp:test", FreshnessTier.LIVE, self.clock() - 1, 0.0)
            for key in keys
            if key in known
        }

    @property
    def calls(self) -> int:
        return len(self.asked)


_remaining: ContextVar[float | None] = ContextVar("remaining", default=None)


def remaining_s() -> float | None:
    """How long the caller of the moment still waits."""
    return _remaining.get()


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[None]:
    token = _remaining.set(seconds)
    try:
        yield
    finally:
        _remaining.reset(token)


@dataclass
class Notes:
    """A hook that writes everything down."""

    events: list[CacheEvent] = field(default_factory=list)

    def __call__(self, event: CacheEvent) -> None:
        self.events.append(event)

    def count(self, kind: CacheEventKind) -> int:
        return sum(max(1, event.keys) for event in self.events if event.kind is kind)


def products(
    source: Source,
    store: Store,
    *,
    fetch: Fetch[Sku, Product] | None = None,
    policy: FreshnessPolicy = POLICY,
    notes: CacheHook | None = None,
    owner: Callable[[], str | None] | None = None,
    limits: LoadLimits | None = None,
    luck: Callable[[], float] = lambda: 0.0,
    slow_s: float = inf,
) -> Cached[Sku, Product]:
    """A cache of products in front of `source`, or of `fetch` with the source's clock."""
    around = Surroundings(
        store=store,
        clock=source.clock,
        luck=luck,
        remaining_s=remaining_s,
        hook=notes or Notes(),
        limits=limits or LoadLimits(poll_s=0.001),
    )
    made: Fetch[Sku, Product] = fetch or source
    return Cached(made, policy, shelf=SHELF, system=SystemRole.ERP, around=around, slow_s=slow_s, owner=owner)


def skus(*names: str) -> frozenset[Sku]:
    return frozenset(Sku(name) for name in names)


def names(found: object) -> dict[str, str | None]:
    """The names of the products found, by key."""
    assert isinstance(found, dict)
    return {key: reading.value.name for key, reading in found.items()}


def entry(name: str, at: float = START, keep_s: float = 100.0) -> Entry[Product]:
    reading = Reading(Product(sku=Sku("a"), name=name), "erp:test", FreshnessTier.FRESH, at - 1, 10.0)
    return Entry(reading, at, keep_s, 0.0)


async def until(condition: Callable[[], bool], turns_max: int = 20_000) -> None:
    """Give others their turn until `condition` holds."""
    for _ in range(turns_max):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to be")
