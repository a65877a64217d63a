"""The sandbox's ERP inside the test's own process, behind a real Wire and the open connector, with a clock to move."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import httpx

from domains.connectors.open import OpenSettings, connect_erp
from domains.inventory import AvailabilitySemantics, Location, StockPosition
from domains.products import Product
from domains.sandbox import erp
from domains.sandbox.chassis import STILL, build_app
from domains.sandbox.world import World, WorldSize, build_world
from domains.upstream import Wire, WirePolicy
from domains.vocabulary import FeedPage, FeedQuery, FreshnessTier, LocationId, Reading, Sequenced, Sku, SystemRole
from gateway.projection import Feeds, Origin
from gateway.projection.kinds import KINDS
from gateway.projection.lease import Lease
from gateway.projection.pace import RefreshPolicy
from gateway.projection.refresh import Refresh, Refreshed
from gateway.projection.store import Store

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC).timestamp()
TINY = WorldSize(products=30, stores=8, centres=2, customers=1, members=1, orders=0, returns=0)
QUICK = RefreshPolicy(calls_per_s=1_000_000, page_size=50)
POSITIONS_OF_TINY = 300  # 30 products at 10 locations


class Clock:
    """Seconds since the epoch, moved by hand and by whoever sleeps on it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now

    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@cache
def _tiny(seed: int) -> World:
    return build_world(seed, datetime.fromtimestamp(START, UTC), TINY)


class Erp:
    """An ERP to read from. `calls` counts the pages asked of each feed, and `mishaps` are answered before its own
    answers, one each."""

    def __init__(self, clock: Clock, seed: int = 1) -> None:
        self.clock = clock
        self.calls: Counter[str] = Counter()
        self.mishaps: list[httpx.Response] = []
        self._app = httpx.ASGITransport(
            build_app("ERP", erp.routes(_tiny(seed), clock.moment), STILL, clock.moment, sleep=clock.sleep)
        )
        policy = WirePolicy(retries_max=0, minimum_calls=1000)
        wire = Wire(SystemRole.ERP, policy, httpx.MockTransport(self._handle), clock=clock)
        ports = connect_erp(OpenSettings("http://erp"), wire)
        self.feeds = Feeds(ports.product_feed, ports.position_feed, ports.location_feed)
        clock.now += 1  # what was read in the moment the service started would come again with every delta

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        self.calls[request.url.path] += 1
        if self.mishaps:
            return self.mishaps.pop(0)
        return await self._app.handle_async_request(request)

    async def turn(self, knob: str, **body: Any) -> int:
        """Change the books. Answers the new sequence."""
        async with httpx.AsyncClient(transport=self._app, base_url="http://erp") as http:
            answer = await http.post(f"/_sandbox/{knob}", json=body)
        assert answer.status_code == 200, answer.text
        self.clock.now += 1
        return int(answer.json()["sequence"])


@dataclass
class Recorded:
    """A feed that answers prepared pages by cursor, and remembers what it was asked."""

    pages: Mapping[str | None, FeedPage[Any]]
    observed_at: float = START
    asked: list[FeedQuery] = field(default_factory=list)

    async def __call__(self, keys: frozenset[FeedQuery], /) -> Mapping[FeedQuery, Reading[FeedPage[Any]]]:
        (query,) = keys
        self.asked.append(query)
        page = self.pages[query.after]
        from_ = Reading(page, "erp:test", FreshnessTier.LIVE, self.observed_at, 30.0)
        return {query: from_}


async def fill(store: Store, erp: Erp, *, full: bool = False) -> list[Refreshed]:
    """Read everything once."""
    lease = Lease.new()
    assert await store.take(lease, erp.clock()) is None
    refresh = Refresh(store, erp.feeds, QUICK, clock=erp.clock, ticks=erp.clock, sleep=erp.clock.sleep)
    done = [await refresh.run(kind, lease, full=full) for kind in KINDS]
    await store.release(lease)
    return done


def origin(observed_at: float = START) -> Origin:
    return Origin("erp:test", observed_at)


def product(sequence: int, sku: str = "SKU-1", name: str | None = None, *, removed: bool = False) -> Sequenced[Product]:
    return Sequenced(sequence=sequence, record=Product(sku=Sku(sku), name=name), removed=removed)


def position(
    sequence: int, sku: str = "SKU-1", place: str = "dc-1", on_hand: int | None = 5, **more: Any
) -> Sequenced[StockPosition]:
    record = StockPosition(
        sku=Sku(sku),
        location_id=LocationId(place),
        semantics=more.pop("semantics", AvailabilitySemantics.ON_HAND),
        on_hand=None if on_hand is None else Decimal(on_hand),
        **more,
    )
    return Sequenced(sequence=sequence, record=record)


def location(sequence: int, id_: str = "dc-1", *, ships: bool = True) -> Sequenced[Location]:
    return Sequenced(sequence=sequence, record=Location(id=LocationId(id_), ships=ships))
