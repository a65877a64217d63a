"""The projection kept fresh while processes serve: on a schedule, one reader at a time, patient with a failing ERP."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from domains.products import Product
from domains.vocabulary import FeedPage, FeedQuery, Reading, Sequenced
from gateway.projection import PRODUCTS, Feeds, Refresh, Refresher, RefreshPolicy, Schedule, Store, open_store
from gateway.projection.kinds import KINDS
from gateway.projection.lease import Lease
from gateway.projection.refresh import Refreshed
from gateway.projection.refresher import RefreshFailed, log_event
from gateway.projection.walks import State, Walk
from tests.gateway.projection.erp import POSITIONS_OF_TINY, QUICK, START, Clock, Erp, Recorded, product

SCHEDULE = Schedule(delta_every_s=30, full_every_s=3600, backoff_first_s=10, backoff_max_s=60, look_every_s=5)
NEVER = State(as_of=None, full_at=None, finished_at=None, failures=0, failed_at=None, failure=None, walk=None)
Event = Refreshed | RefreshFailed
Make = Callable[..., Refresher]


@pytest.fixture
def erp(clock: Clock) -> Erp:
    return Erp(clock)


@pytest.fixture
def told() -> list[Event]:
    return []


@pytest.fixture
def make(erp: Erp, clock: Clock, told: list[Event]) -> Make:
    """Makes the refresher of one process, on the store it is given."""

    def refresher(store: Store, name: str = "ours", feeds: Feeds | None = None) -> Refresher:
        policy = RefreshPolicy(calls_per_s=1_000_000, page_size=QUICK.page_size, tries_max=1)
        refresh = Refresh(store, feeds or erp.feeds, policy, clock=clock, ticks=clock, sleep=clock.sleep)
        lease = Lease(name, 30)
        return Refresher(store, refresh, SCHEDULE, lease=lease, clock=clock, sleep=clock.sleep, on_event=told.append)

    return refresher


async def test_first_everything_then_changes(
    sqlite_store: Store, make: Make, erp: Erp, clock: Clock, told: list[Event]
) -> None:
    """A cold projection is filled at once, then changes are read when due, and everything again once a day has gone."""
    ours = make(sqlite_store)
    await ours.look()
    assert [(one.kind, one.is_full, one.items) for one in told if isinstance(one, Refreshed)] == [
        ("locations", True, 10),
        ("products", True, 30),
        ("positions", True, POSITIONS_OF_TINY),
    ]
    told.clear()
    assert await ours.look() == SCHEDULE.look_every_s
    assert told == []
    clock.now += 30
    await ours.look()
    assert [one.is_full for one in told if isinstance(one, Refreshed)] == [False] * 3
    told.clear()
    clock.now += 3600
    await ours.look()
    assert [one.is_full for one in told if isinstance(one, Refreshed)] == [True] * 3


async def test_the_processes_share_one_schedule(url: str, make: Make, erp: Erp, clock: Clock) -> None:
    """Ten processes that look in the same moment ask the ERP as often as one does."""
    async with open_store(url) as one, open_store(url) as other:
        processes = [make(one if n % 2 else other, f"process {n}") for n in range(10)]
        await asyncio.gather(*(process.look() for process in processes))
        assert sum(erp.calls.values()) == 2 + POSITIONS_OF_TINY / QUICK.page_size
        erp.calls.clear()
        clock.now += 30
        await asyncio.gather(*(process.look() for process in processes))
        assert set(erp.calls.values()) == {1}
        assert sum(erp.calls.values()) == 3


@pytest.mark.parametrize("bad", [product(1, "SKU-\0"), product(2**70)])
async def test_a_record_that_no_table_can_hold_is_a_garbled_page(
    bad: Sequenced[Product], postgres_url: str, make: Make, erp: Erp, told: list[Event]
) -> None:
    """What Postgres cannot keep, a text with a null character or a number of more than 64 bits, is the ERP's failure:
    it is counted and left alone for a while, and the other kinds are read."""
    feeds = Feeds(Recorded({None: FeedPage(items=(bad,))}), erp.feeds.positions, erp.feeds.locations)
    async with open_store(postgres_url) as store:
        await make(store, feeds=feeds).look()
    assert [(one.kind, type(one)) for one in told] == [
        ("locations", Refreshed),
        ("products", RefreshFailed),
        ("positions", Refreshed),
    ]


async def test_two_never_read_together(sqlite_store: Store, make: Make, erp: Erp, clock: Clock) -> None:
    """While one process is in the middle of a page, another that looks finds the lease taken and asks nothing."""
    asked, go = asyncio.Event(), asyncio.Event()
    reading, most = 0, 0

    async def slow(keys: frozenset[FeedQuery], /) -> dict[FeedQuery, Reading[FeedPage[Any]]]:
        nonlocal reading, most
        reading += 1
        most = max(most, reading)
        asked.set()
        await go.wait()
        reading -= 1
        return dict(await erp.feeds.products(keys))

    feeds = Feeds(slow, erp.feeds.positions, erp.feeds.locations)
    first = asyncio.create_task(make(sqlite_store, "first", feeds).look())
    await asked.wait()
    assert await make(sqlite_store, "second", feeds).look() == SCHEDULE.look_every_s
    go.set()
    await first
    assert most == 1
    assert erp.calls["/v1/products/pages"] == 1


async def test_a_dead_reader_is_replaced_where_it_stopped(
    sqlite_store: Store, make: Make, erp: Erp, clock: Clock
) -> None:
    """A reader that died holds the others up for its lease and no longer; the next goes on with its walk."""
    dead = Lease("dead", 30)
    await sqlite_store.take(dead, clock())
    walk = Walk(is_full=True, started_at=START, as_of=START, cursor="29", pages=1, items=29)
    await sqlite_store.begin(PRODUCTS, walk)
    ours = make(sqlite_store)
    assert await ours.look() == SCHEDULE.look_every_s
    assert not erp.calls
    clock.now += 31
    await ours.look()
    state = await sqlite_store.state(PRODUCTS)
    assert (state.as_of, state.walk) == (START, None)
    assert erp.calls["/v1/products/pages"] == 1


async def test_a_failing_erp_is_left_alone(
    sqlite_store: Store, make: Make, erp: Erp, clock: Clock, told: list[Event]
) -> None:
    """Failures are told, counted for all processes, and put the next attempt off ever further, up to a limit."""
    erp.mishaps = [httpx.Response(503) for _ in range(100)]
    waits = []
    for _ in range(5):
        await make(sqlite_store).look()
        failed = [one for one in told if isinstance(one, RefreshFailed)]
        assert {one.kind for one in failed} == {kind.name for kind in KINDS}
        waits.append(failed[0].retry_in_s)
        told.clear()
        calls = sum(erp.calls.values())
        clock.now += waits[-1] - 0.5
        await make(sqlite_store, "another").look()
        assert sum(erp.calls.values()) == calls
        clock.now += 0.5
    assert waits == [10, 20, 40, 60, 60]
    assert (await sqlite_store.state(PRODUCTS)).failure is not None
    erp.mishaps.clear()
    await make(sqlite_store).look()
    assert len([one for one in told if isinstance(one, Refreshed)]) == 3
    state = await sqlite_store.state(PRODUCTS)
    assert (state.failures, state.failure, state.is_cold) == (0, None, False)


async def test_it_runs_until_told_to_end(sqlite_store: Store, make: Make, clock: Clock, told: list[Event]) -> None:
    """In a serving process it runs beside the requests, outlives a lost lease, and ends with its context."""
    deltas = asyncio.Event()
    seen = 0

    async def sleep(seconds: float) -> None:
        nonlocal seen
        clock.now += seconds
        seen += 1
        if seen > 20:
            deltas.set()
            await asyncio.Event().wait()
        await asyncio.sleep(0)

    ours = make(sqlite_store)
    ours._sleep = sleep
    async with ours.running():
        await deltas.wait()
    assert len([one for one in told if isinstance(one, Refreshed) and not one.is_full]) >= 6
    assert await sqlite_store.take(Lease("next", 30), clock()) is None


async def test_a_database_that_is_away_does_not_end_it(sqlite_store: Store, make: Make, clock: Clock) -> None:
    """When the database cannot be asked it is told, and asked again after a rest."""
    with sqlite_store._database.writing.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE projection_refresh RENAME TO elsewhere")
    rested = asyncio.Event()

    async def sleep(_: float) -> None:
        rested.set()
        await asyncio.Event().wait()

    ours = make(sqlite_store)
    ours._sleep = sleep
    with capture_logs() as logs:
        async with ours.running():
            await rested.wait()
    assert [line["event"] for line in logs] == ["projection database not available"]


def test_when_a_kind_is_due() -> None:
    """Never read and half read is due at once; then a period after the last end; after failures, when they allow."""
    assert SCHEDULE.due_at(NEVER) == 0
    done = State(as_of=1, full_at=100, finished_at=100, failures=0, failed_at=None, failure=None, walk=None)
    assert SCHEDULE.due_at(done) == 130
    failing = State(as_of=1, full_at=1, finished_at=100, failures=2, failed_at=200, failure="no", walk=None)
    assert SCHEDULE.due_at(failing) == 220
    assert SCHEDULE.backoff_s(100_000) == 60
    half = State(as_of=1, full_at=1, finished_at=1, failures=0, failed_at=None, failure=None, walk=Walk(False, START))
    assert SCHEDULE.due_at(half) == 0


def test_what_the_log_says() -> None:
    """Failures are warnings; a refresh that brought something is told, and one that did not is silent."""
    with capture_logs() as logs:
        log_event(RefreshFailed("products", RuntimeError("no"), 2, 20))
        log_event(Refreshed("products", False, 1, 0, 0, 0.1))
        log_event(Refreshed("products", False, 1, 3, 2, 0.1))
    assert [(line["log_level"], line["event"]) for line in logs] == [
        ("warning", "projection refresh failed"),
        ("info", "projection refreshed"),
    ]
