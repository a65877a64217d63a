"""Reading an ERP into the projection: all of it, what changed, at a pace, and from where it stopped."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from domains.inventory import StockKey
from domains.vocabulary import (
    FeedPage,
    LocationId,
    Sku,
    UpstreamFailed,
    UpstreamGarbled,
    UpstreamRejected,
)
from gateway.projection import POSITIONS, PRODUCTS, Feeds, Progress, RefreshPolicy, Store, projection_reads
from gateway.projection.kinds import Kind
from gateway.projection.lease import Lease, LeaseLost
from gateway.projection.pace import STEP_ASIDE_MAX_S, Pace
from gateway.projection.refresh import Refresh
from tests.gateway.projection.erp import POSITIONS_OF_TINY, QUICK, START, Clock, Erp, Recorded, fill, product

OURS = Lease("ours", 30)
SHELF = StockKey(Sku("SKU-00001"), LocationId("dc-001"))


@pytest.fixture
def erp(clock: Clock) -> Erp:
    return Erp(clock)


@pytest.fixture
async def refresh(sqlite_store: Store, erp: Erp, clock: Clock) -> Callable[..., Refresh]:
    """Makes a Refresh on the sandbox's ERP, in virtual time, with the lease taken."""
    await sqlite_store.take(OURS, clock())

    def make(policy: RefreshPolicy = QUICK, feeds: Feeds | None = None, **more: Any) -> Refresh:
        feeds = feeds or erp.feeds
        return Refresh(sqlite_store, feeds, policy, clock=clock, ticks=clock, sleep=clock.sleep, **more)

    return make


async def test_a_full_reading_then_what_changed(store: Store, clock: Clock) -> None:
    """The first reading fetches every page; the next asks for changes only, and finds those that there were."""
    erp = Erp(clock)
    done = {one.kind: one for one in await fill(store, erp)}
    assert {kind: (one.is_full, one.items, one.news) for kind, one in done.items()} == {
        "locations": (True, 10, 10),
        "products": (True, 30, 30),
        "positions": (True, POSITIONS_OF_TINY, POSITIONS_OF_TINY),
    }
    assert erp.calls["/v1/positions/pages"] == POSITIONS_OF_TINY / QUICK.page_size
    erp.calls.clear()
    clock.now += 30
    sequence = await erp.turn("positions", sku=SHELF.sku, locationId=SHELF.location_id, onHand="3")
    await erp.turn("products", sku=SHELF.sku, listPrice={"amount": "9.50", "currencyCode": "EUR"})
    done = {one.kind: one for one in await fill(store, erp)}
    assert {kind: (one.is_full, one.items, one.news) for kind, one in done.items()} == {
        "locations": (False, 0, 0),
        "products": (False, 1, 1),
        "positions": (False, 1, 1),
    }
    assert set(erp.calls.values()) == {1}
    reads = projection_reads(store, clock)
    assert (await reads.positions(frozenset({SHELF})))[SHELF].value.on_hand == 3
    price = (await reads.products_by_sku(frozenset({SHELF.sku})))[SHELF.sku].value.list_price
    assert price is not None
    assert str(price.amount) == "9.50"
    assert await erp.turn("positions", sku=SHELF.sku, locationId=SHELF.location_id, onHand="2") == sequence + 1
    assert [one.news for one in await fill(store, erp)] == [0, 0, 1]
    assert [one.news for one in await fill(store, erp, full=True)] == [0, 0, 0]


async def test_an_erp_that_was_set_back_is_read_again(sqlite_store: Store, clock: Clock) -> None:
    """A sandbox that starts again as in the beginning counts from later on, so its old numbers win over what it had."""
    erp = Erp(clock)
    await erp.turn("positions", sku=SHELF.sku, locationId=SHELF.location_id, onHand="777")
    await fill(sqlite_store, erp)
    clock.now += 3600
    again = Erp(clock)
    assert [one.items for one in await fill(sqlite_store, again)] == [10, 30, POSITIONS_OF_TINY]
    found = await projection_reads(sqlite_store, clock).positions(frozenset({SHELF}))
    assert found[SHELF].value.on_hand != 777


async def test_a_change_during_a_walk_is_not_lost(
    sqlite_store: Store, erp: Erp, refresh: Callable[..., Refresh], clock: Clock
) -> None:
    """What changes behind the walk's back comes with the next delta, because that continues from the first page."""
    changed = False

    def change(progress: Progress) -> None:
        nonlocal changed
        changed = changed or progress.done >= 100

    async def tell(kind: Kind[Any, Any], _: tuple[Any, ...]) -> None:
        if changed and not clock_marks:
            clock_marks.append(clock())
            await erp.turn("positions", sku=SHELF.sku, locationId=SHELF.location_id, onHand="1")

    clock_marks: list[float] = []
    await refresh(on_progress=change, on_news=tell).run(POSITIONS, OURS)
    assert clock_marks
    done = await refresh().run(POSITIONS, OURS)
    assert (done.items, done.news) == (1, 1)
    found = await projection_reads(sqlite_store, clock).positions(frozenset({SHELF}))
    assert found[SHELF].value.on_hand == 1


@pytest.mark.parametrize("pages", range(5))
async def test_a_stopped_walk_goes_on_after_its_last_page(
    erp: Erp, refresh: Callable[..., Refresh], pages: int, sqlite_store: Store
) -> None:
    """Cancelled after any number of pages, the next walk goes on behind them; only a page on its way is asked twice."""
    tasks: list[asyncio.Task[Any]] = []

    def stop(progress: Progress) -> None:
        if progress.done == pages * QUICK.page_size:
            tasks[0].cancel()

    tasks.append(asyncio.create_task(refresh(on_progress=stop).run(POSITIONS, OURS)))
    if pages == 0:
        tasks[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]
    assert (await sqlite_store.state(POSITIONS)).is_cold
    done = await refresh().run(POSITIONS, OURS)
    assert (done.items, done.news, done.pages) == (POSITIONS_OF_TINY, POSITIONS_OF_TINY, 6)
    assert erp.calls["/v1/positions/pages"] in {6, 7}


async def test_a_full_one_replaces_a_delta_under_way(
    sqlite_store: Store, refresh: Callable[..., Refresh], clock: Clock, erp: Erp
) -> None:
    """Who asks for everything gets everything, even while a delta stands half done; a full one is taken up instead."""
    await refresh().run(PRODUCTS, OURS)
    clock.now += 1
    for number in range(1, 4):
        price = {"amount": "1.00", "currencyCode": "EUR"}
        await erp.turn("products", sku=f"SKU-0000{number}", listPrice=price)
    small = RefreshPolicy(calls_per_s=1_000_000, page_size=2, tries_max=1)
    erp.mishaps = [httpx.Response(503)]
    with pytest.raises(UpstreamFailed):
        await refresh(small).run(PRODUCTS, OURS)
    state = await sqlite_store.state(PRODUCTS)
    assert state.walk is not None
    assert not state.walk.is_full
    done = await refresh().run(PRODUCTS, OURS, full=True)
    assert (done.is_full, done.items, done.news) == (True, 30, 3)


async def test_the_pace_is_kept(refresh: Callable[..., Refresh], clock: Clock) -> None:
    """Calls are never closer together than the rate allows, also after a pause."""
    moments: list[float] = []
    feed = Recorded(
        {None: FeedPage(next="0"), **{str(n): FeedPage(next=str(n + 1)) for n in range(9)}, "9": FeedPage()}
    )

    async def noted(keys: frozenset[Any], /) -> Any:
        moments.append(clock())
        clock.now += 3 if len(moments) == 4 else 0.05
        return await feed(keys)

    policy = RefreshPolicy(calls_per_s=4)
    await refresh(policy, Feeds(noted, noted, noted)).run(PRODUCTS, OURS)
    gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert len(moments) == 11
    assert min(gaps) >= 0.25 - 1e-6  # the clock is a float of some 1.8e9
    assert sum(gap < 0.26 for gap in gaps) == 9


async def test_people_come_first() -> None:
    """While people wait for the same system the walk steps aside, and takes its turn all the same in the end."""
    clock = Clock()
    waiting = [True, True, True, False]
    pace = Pace(1_000, clock, clock.sleep, lambda: waiting.pop(0))
    await pace.turn()
    assert clock() == START + 0.75
    pace = Pace(1_000, clock, clock.sleep, lambda: True)
    await pace.turn()
    assert clock() == START + 0.75 + STEP_ASIDE_MAX_S


async def test_retry_after_is_honoured(erp: Erp, refresh: Callable[..., Refresh], clock: Clock) -> None:
    """A 429 is waited out for as long as it says, and the same page is asked again."""
    erp.mishaps = [httpx.Response(429, headers={"Retry-After": "20"})]
    before = clock()
    done = await refresh().run(PRODUCTS, OURS)
    assert done.items == 30
    assert clock() - before >= 20


async def test_a_failing_system_is_tried_so_often(erp: Erp, refresh: Callable[..., Refresh], clock: Clock) -> None:
    """Tries stop at their number, with doubling waits, and the error of the last one comes out."""
    erp.mishaps = [httpx.Response(503) for _ in range(9)]
    before = clock()
    policy = RefreshPolicy(calls_per_s=1_000_000, tries_max=4, wait_first_s=1)
    with pytest.raises(UpstreamFailed):
        await refresh(policy).run(PRODUCTS, OURS)
    assert erp.calls["/v1/products/pages"] == 4
    assert clock() - before == pytest.approx(7, abs=0.01)


async def test_a_refused_cursor_begins_anew(
    sqlite_store: Store, erp: Erp, refresh: Callable[..., Refresh], clock: Clock
) -> None:
    """A cursor that the system does not know any more is dropped, so that the next attempt begins at the beginning."""
    refusal = httpx.Response(410, json={"title": "Gone", "status": 410, "code": "CURSOR_EXPIRED"})

    def expire(progress: Progress) -> None:
        if progress.done == 100:
            erp.mishaps.append(refusal)

    with pytest.raises(UpstreamRejected):
        await refresh(on_progress=expire).run(POSITIONS, OURS)
    assert (await sqlite_store.state(POSITIONS)).walk is None
    done = await refresh().run(POSITIONS, OURS)
    assert (done.pages, done.items, done.news) == (6, POSITIONS_OF_TINY, POSITIONS_OF_TINY - 100)


async def test_a_feed_that_goes_in_circles(refresh: Callable[..., Refresh]) -> None:
    """A page that leads to itself ends the walk instead of reading for ever."""
    feed = Recorded({None: FeedPage(items=(product(1),), next="a"), "a": FeedPage(next="a")})
    with pytest.raises(UpstreamGarbled, match="lead in a circle"):
        await refresh(feeds=Feeds(feed, feed, feed)).run(PRODUCTS, OURS)
    assert [query.after for query in feed.asked] == [None, "a"]


@pytest.mark.parametrize(("before", "around"), [(0, 2), (0, 7), (5, 3), (40, 11)])
async def test_a_feed_that_comes_back_to_a_page(refresh: Callable[..., Refresh], before: int, around: int) -> None:
    """Pages that lead in a circle, however long and wherever it begins, end the walk after a few rounds."""
    cursors = [None, *(f"p{number}" for number in range(before + around))]
    followers = [*cursors[1:], f"p{before}"]
    feed = Recorded({cursor: FeedPage(next=after) for cursor, after in zip(cursors, followers, strict=True)})
    with pytest.raises(UpstreamGarbled, match="lead in a circle"):
        async with asyncio.timeout(20):
            await refresh(feeds=Feeds(feed, feed, feed)).run(PRODUCTS, OURS)
    assert len(feed.asked) <= 4 * (before + around + 1)


async def test_who_was_replaced_stops(sqlite_store: Store, refresh: Callable[..., Refresh], clock: Clock) -> None:
    """A reader that was suspended for longer than its lease, and replaced, writes nothing and says so."""
    theirs = Lease("theirs", 30)
    feed = Recorded({None: FeedPage(items=(product(1),))})

    async def slow(keys: frozenset[Any], /) -> Any:
        clock.now += 31
        assert await sqlite_store.take(theirs, clock()) is None
        return await feed(keys)

    with pytest.raises(LeaseLost):
        await refresh(feeds=Feeds(slow, slow, slow)).run(PRODUCTS, OURS)
    assert (await sqlite_store.state(PRODUCTS)).is_cold


async def test_a_long_wait_keeps_the_lease(sqlite_store: Store, erp: Erp, refresh: Callable[..., Refresh]) -> None:
    """Sitting out a long Retry-After, the reader stays the reader: nobody else gets the lease meanwhile."""
    erp.mishaps = [httpx.Response(429, headers={"Retry-After": "60"})]
    found: list[str | None] = []
    sleep = erp.clock.sleep

    async def watched(seconds: float) -> None:
        await sleep(seconds)
        found.append(await sqlite_store.take(Lease("theirs", 30), erp.clock()))

    policy = RefreshPolicy(calls_per_s=1_000_000, page_size=50, wait_max_s=60)
    slow = Refresh(sqlite_store, erp.feeds, policy, clock=erp.clock, ticks=erp.clock, sleep=watched)
    await slow.run(PRODUCTS, OURS)
    assert len(found) >= 6
    assert set(found) == {"ours"}


async def test_progress_and_news_are_told(refresh: Callable[..., Refresh]) -> None:
    """After each page: how far it is, of how many; and which keys changed, in the house's own types."""
    told: list[Progress] = []
    news: list[Any] = []

    async def on_news(kind: Kind[Any, Any], keys: tuple[Any, ...]) -> None:
        assert kind is POSITIONS
        news.extend(keys)

    await refresh(on_progress=told.append, on_news=on_news).run(POSITIONS, OURS)
    assert [(one.done, one.total, one.is_over) for one in told] == [
        (done, POSITIONS_OF_TINY, done == POSITIONS_OF_TINY) for done in range(50, 301, 50)
    ]
    assert len(set(news)) == POSITIONS_OF_TINY
    assert SHELF in news


@pytest.mark.parametrize("numbers", [{"calls_per_s": 0}, {"tries_max": 0}, {"wait_max_s": -1}])
def test_senseless_numbers_are_refused(numbers: dict[str, Any]) -> None:
    """A policy that would never read, or never stop, is refused where it is written."""
    with pytest.raises(ValueError, match="calls_per_s is more than 0"):
        RefreshPolicy(**numbers)
