"""Reading the systems of record into the projection: page by page, at a pace, from where the last reading stopped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from domains.inventory import Location, StockPosition
from domains.products import Product
from domains.vocabulary import (
    FeedPage,
    FeedQuery,
    Fetch,
    Reading,
    SystemRole,
    UpstreamError,
    UpstreamGarbled,
    UpstreamRejected,
)
from gateway.database import OF_A_VALUE
from gateway.projection.kinds import LOCATIONS, POSITIONS, PRODUCTS, Kind
from gateway.projection.lease import Lease
from gateway.projection.pace import Pace, RefreshPolicy
from gateway.projection.store import Origin, Store
from gateway.projection.walks import Walk

K = TypeVar("K")
T = TypeVar("T")

OnNews = Callable[[Kind[Any, Any], tuple[Any, ...]], Awaitable[None]]
"""Told after each page which keys of a kind have changed, so that a cache can forget them; 1,000 at most."""


@dataclass(frozen=True)
class Feeds:
    """What the projection is read from."""

    products: Fetch[FeedQuery, FeedPage[Product]]
    positions: Fetch[FeedQuery, FeedPage[StockPosition]]
    locations: Fetch[FeedQuery, FeedPage[Location]]

    def of(self, kind: Kind[Any, Any]) -> Fetch[FeedQuery, FeedPage[Any]]:
        feeds: dict[str, Fetch[FeedQuery, FeedPage[Any]]] = {
            PRODUCTS.name: self.products,
            POSITIONS.name: self.positions,
            LOCATIONS.name: self.locations,
        }
        return feeds[kind.name]


@dataclass(frozen=True)
class Progress:
    """How far one walk is: `done` items of about `total`, where the system tells, and `per_s` of them a second."""

    kind: str
    is_full: bool
    done: int
    total: int | None
    per_s: float
    is_over: bool


@dataclass(frozen=True)
class Refreshed:
    """A walk that came to its end. `elapsed_s` counts from where this process took it up."""

    kind: str
    is_full: bool
    pages: int
    items: int
    news: int
    elapsed_s: float


class Refresh:
    """Reads feeds into the store.

    One page is in memory at a time. Each is written together with the cursor behind it, so that whatever ends this
    process, the next one asks for the page after the last that was written. `clock` is in seconds since the epoch,
    `ticks` in monotonic ones. Cancelling it leaves a walk to be taken up again.
    """

    def __init__(
        self,
        store: Store,
        feeds: Feeds,
        policy: RefreshPolicy,
        *,
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        crowded: Callable[[], bool] = lambda: False,
        on_progress: Callable[[Progress], None] = lambda _: None,
        on_news: OnNews | None = None,
    ) -> None:
        self._store = store
        self._feeds = feeds
        self._policy = policy
        self._clock = clock
        self._ticks = ticks
        self._sleep = sleep
        self._pace = Pace(policy.calls_per_s, ticks, self._rest, crowded)
        self._on_progress = on_progress
        self._on_news = on_news
        self._lease: Lease | None = None

    async def run(self, kind: Kind[K, T], lease: Lease, *, full: bool = False) -> Refreshed:
        """Walk the feed of `kind` to its end: what changed since the last walk, or everything if `full` or never done.

        A walk under way is taken up where it stopped, unless a full one is asked for and it is not. `lease` is one that
        the caller took. Raises the UpstreamError that the last try ended in, and LeaseLost.
        """
        self._lease = lease
        walk = await self._taken_up(kind, full)
        began, before, path = self._ticks(), walk.items, _Path()
        while True:
            found = await self._page(kind, walk, path)
            page, origin = found.value, Origin(found.source, found.observed_at)
            try:
                walk, news = await self._store.put_page(
                    kind, page, walk=walk, origin=origin, lease=lease, now=self._clock()
                )
            except OF_A_VALUE as exc:
                raise UpstreamGarbled(SystemRole.ERP, f"{kind.name} feed", "no table can hold what it says") from exc
            if news and self._on_news is not None:
                await self._on_news(kind, news)
            elapsed_s = self._ticks() - began
            per_s = (walk.items - before) / elapsed_s if elapsed_s > 0 else 0.0
            over = page.next is None
            self._on_progress(Progress(kind.name, walk.is_full, walk.items, page.total, per_s, over))
            if over:
                return Refreshed(kind.name, walk.is_full, walk.pages, walk.items, walk.news, elapsed_s)

    async def _taken_up(self, kind: Kind[K, T], full: bool) -> Walk:
        state = await self._store.state(kind)
        if state.walk is not None and (state.walk.is_full or not full):
            return state.walk
        whole = full or state.as_of is None
        walk = Walk(is_full=whole, started_at=self._clock(), changed_since=None if whole else state.as_of)
        await self._store.begin(kind, walk)
        return walk

    async def _page(self, kind: Kind[K, T], walk: Walk, path: _Path) -> Reading[FeedPage[T]]:
        since = None if walk.changed_since is None else datetime.fromtimestamp(walk.changed_since, UTC)
        query = FeedQuery(walk.cursor, self._policy.page_size, since)
        try:
            found = await self._asked(kind, query)
        except UpstreamRejected:
            if query.after is not None:
                await self._store.abandon(kind)  # a cursor that is refused now will be refused again
            raise
        onwards = found.value.next
        if onwards is not None and (onwards == query.after or path.comes_back(onwards)):
            raise UpstreamGarbled(SystemRole.ERP, f"{kind.name} feed", "its pages lead in a circle")
        return found

    async def _asked(self, kind: Kind[K, T], query: FeedQuery) -> Reading[FeedPage[T]]:
        """The page, tried as often as the policy allows, with the waits that it or the system asks for."""
        feed, tries = self._feeds.of(kind), 0
        while True:
            await self._pace.turn()
            try:
                found = await feed(frozenset({query}))
                return found[query]
            except UpstreamError as error:
                tries += 1
                if not error.retryable or tries >= self._policy.tries_max:
                    raise
                wait_s = self._policy.wait_s(tries, error.retry_after_s)
            await self._rest(wait_s)

    async def _rest(self, seconds: float) -> None:
        """Wait, and stay the one reader meanwhile."""
        share_s = seconds if self._lease is None else self._lease.lease_s / 3
        while seconds > share_s:
            await self._sleep(share_s)
            seconds -= share_s
            if self._lease is not None:
                await self._store.renew(self._lease, self._clock())
        await self._sleep(seconds)


class _Path:
    """Where a walk has been: a mark at one of its cursors, set anew after 1, 2, 4, 8 ... pages.

    Once the mark stands in a circle and the next is farther away than the circle is long, the walk comes back to it
    (Brent's method). To keep all cursors would do as well, and has no bound.
    """

    def __init__(self) -> None:
        self._mark: str | None = None
        self._pages, self._until = 0, 1

    def comes_back(self, cursor: str) -> bool:
        """Whether the walk has been at `cursor`, where it goes now, as far as the mark tells."""
        if cursor == self._mark:
            return True
        self._pages += 1
        if self._pages == self._until:
            self._mark, self._pages, self._until = cursor, 0, 2 * self._until
        return False
