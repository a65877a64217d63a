"""The projection's tables, in real databases."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from domains.vocabulary import FEED_PAGE_MAX, FeedPage, Sku
from gateway.database import DatabaseUnusable, open_database
from gateway.projection import POSITIONS, PRODUCTS, Store, apply, open_store
from gateway.projection import tables as making
from gateway.projection.kinds import products, refreshes, schema
from gateway.projection.lease import Lease, LeaseLost
from gateway.projection.walks import Walk
from tests.gateway.projection.erp import START, Clock, origin, position, product

WALK = Walk(is_full=True, started_at=START)

updates = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 6), st.booleans()), max_size=30)


async def kept(store: Store) -> dict[str, tuple[int, str | None, bool]]:
    rows = await store.rows(select(products))
    return {row.key: (row.sequence, json.loads(row.payload)["name"], row.removed) for row in rows}


async def check_order_does_not_matter(url: str, told: list[tuple[str, int, bool]], cuts: list[int]) -> None:
    """Write `told` in batches that end at `cuts`, and compare with what the highest sequences say."""
    async with open_store(url) as store:
        await store.clear()
        best: dict[str, tuple[int, str | None, bool]] = {}
        for key, sequence, removed in told:
            if key not in best or best[key][0] < sequence:
                best[key] = (sequence, f"{key}{sequence}", removed)
        # One entity has one content per sequence, so what a repeated sequence says is what it said before.
        first = {(key, sequence): removed for key, sequence, removed in reversed(told)}
        items = [product(n, key, f"{key}{n}", removed=first[key, n]) for key, n, _ in told]
        bounds = sorted({min(cut, len(items)) for cut in cuts} | {0, len(items)})
        for start, end in pairwise(bounds):
            await store.put(PRODUCTS, items[start:end], origin())
        assert await kept(store) == {key: (n, name, first[key, n]) for key, (n, name, _) in best.items()}


async def test_who_reads_does_not_wait_for_who_writes(url: str) -> None:
    """While events wait for somebody's lock on the table, however many, what is there can be read."""
    async with open_store(url) as store:
        await store.put(PRODUCTS, [product(1, "SKU-0")], origin())
        other = open_database(url, 1)
        with other.writing.begin() as lock:
            if other.is_postgres:
                lock.execute(text("LOCK TABLE projection_products IN EXCLUSIVE MODE"))
            waiting = [asyncio.create_task(store.put(PRODUCTS, [product(2, f"SKU-{n}")], origin())) for n in range(9)]
            await asyncio.sleep(0)  # so that all of them have begun
            async with asyncio.timeout(2):  # less than a writer's patience
                found = await kept(store)
        await asyncio.gather(*waiting)
        other.close()
        assert found.keys() == {"SKU-0"}
        assert len(await kept(store)) == 9


@given(told=updates, cuts=st.lists(st.integers(0, 30), max_size=6))
@settings(max_examples=40)
def test_the_highest_sequence_stays_on_sqlite(
    told: list[tuple[str, int, bool]], cuts: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """However updates are ordered, repeated and batched, each key ends with its highest sequence."""
    path = tmp_path_factory.getbasetemp() / "order.db"
    asyncio.run(check_order_does_not_matter(f"sqlite:///{path}", told, cuts))


@given(told=updates, cuts=st.lists(st.integers(0, 30), max_size=6))
@settings(max_examples=15)
def test_the_highest_sequence_stays_on_postgres(
    postgres: str, told: list[tuple[str, int, bool]], cuts: list[int]
) -> None:
    """The same on the other database, whose upsert refuses one key twice in one statement."""
    asyncio.run(check_order_does_not_matter(postgres, told, cuts))


async def test_only_news_is_told(store: Store) -> None:
    """An event says whether it changed anything: late and repeated ones do not, and do not bring back what is gone."""
    assert await apply(store, PRODUCTS, product(3, name="new"), origin())
    assert not await apply(store, PRODUCTS, product(3, name="new"), origin())
    assert not await apply(store, PRODUCTS, product(2, name="old"), origin())
    assert await apply(store, PRODUCTS, product(5, removed=True), origin())
    assert not await apply(store, PRODUCTS, product(4, name="late"), origin())
    assert await kept(store) == {"SKU-1": (5, None, True)}


async def test_a_batch_tells_the_keys_of_its_news(store: Store) -> None:
    """Of a batch, the keys that changed come back, each once, as the rest of the house writes them."""
    await store.put(POSITIONS, [position(1, place="dc-1"), position(7, place="dc-2")], origin())
    news = await store.put(
        POSITIONS, [position(2, place="dc-1"), position(3, place="dc-1"), position(7, place="dc-2")], origin()
    )
    assert news == (("SKU-1", "dc-1"),)


async def test_a_transaction_is_bounded(sqlite_store: Store) -> None:
    """More items than a page may hold are refused, and none of them is written."""
    with pytest.raises(ValueError, match="1001 items"):
        await sqlite_store.put(PRODUCTS, [product(1, str(n)) for n in range(FEED_PAGE_MAX + 1)], origin())
    assert await kept(sqlite_store) == {}


async def test_a_full_page_is_one_statement_for_both_databases(store: Store) -> None:
    """A page of the largest size goes in at once and is all news."""
    news = await store.put(PRODUCTS, [product(1, f"SKU-{n}") for n in range(FEED_PAGE_MAX)], origin())
    assert set(news) == {Sku(f"SKU-{n}") for n in range(FEED_PAGE_MAX)}


async def test_page_and_cursor_are_written_together_or_not_at_all(store: Store, clock: Clock) -> None:
    """Whoever lost the lease writes neither the page nor how far it came."""
    ours, theirs = Lease("ours", 30), Lease("theirs", 30)
    assert await store.take(ours, clock()) is None
    await store.begin(PRODUCTS, WALK)
    page = FeedPage(items=(product(1, "a"),), next="a")
    walk, _ = await store.put_page(PRODUCTS, page, walk=WALK, origin=origin(), lease=ours, now=clock())
    assert (walk.cursor, walk.items, walk.news, walk.as_of) == ("a", 1, 1, START)
    clock.now += 31
    assert await store.take(theirs, clock()) is None
    page = FeedPage(items=(product(1, "b"),), next="b")
    with pytest.raises(LeaseLost):
        await store.put_page(PRODUCTS, page, walk=walk, origin=origin(), lease=ours, now=clock())
    assert set(await kept(store)) == {"a"}
    state = await store.state(PRODUCTS)
    assert state.walk == walk


async def test_one_reader_at_a_time(store: Store, clock: Clock) -> None:
    """A lease is had by one, kept while it is renewed, taken over when it is not, and free once it is released."""
    ours, theirs = Lease("ours", 30), Lease("theirs", 30)
    assert await store.take(ours, clock()) is None
    assert await store.take(theirs, clock()) == "ours"
    clock.now += 29
    await store.renew(ours, clock())
    clock.now += 29
    assert await store.take(theirs, clock()) == "ours"
    clock.now += 1
    assert await store.take(theirs, clock()) is None
    with pytest.raises(LeaseLost):
        await store.renew(ours, clock())
    await store.release(ours)
    assert await store.take(ours, clock()) == "theirs"
    await store.release(theirs)
    assert await store.take(ours, clock()) is None


async def test_many_take_the_lease_at_once(store: Store, clock: Clock) -> None:
    """Of ten that reach for it in the same moment one has it, and all agree on who."""
    found = await asyncio.gather(*(store.take(Lease(str(n), 30), clock()) for n in range(10)))
    winners = [str(n) for n, other in enumerate(found) if other is None]
    assert len(winners) == 1
    assert {other for other in found if other is not None} == set(winners)


def test_many_processes_start_at_once(url: str) -> None:
    """However many open a new database in the same moment, the tables are made once and all can go on."""

    def opened(_: int) -> int:
        database = open_database(url)
        try:
            making.prepare(database)
            with database.reading.connect() as connection:
                return connection.execute(select(func.count()).select_from(refreshes)).scalar_one()
        finally:
            database.close()

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(opened, range(8))) == [3] * 8


async def test_tables_of_another_version(url: str) -> None:
    """Older tables are made anew, empty; newer ones are left alone and refused with a sentence."""
    async with open_store(url) as store:
        await store.put(PRODUCTS, [product(1)], origin())
    database = open_database(url)
    with database.writing.begin() as connection:
        connection.execute(schema.update().values(version=making.VERSION - 1))
    async with open_store(url) as store:
        assert await kept(store) == {}
    with database.writing.begin() as connection:
        connection.execute(schema.update().values(version=making.VERSION + 1))
    database.close()
    with pytest.raises(DatabaseUnusable, match="this program knows"):
        async with open_store(url):
            raise AssertionError("opened")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://host/name", "projection.db", "://"])
async def test_other_databases_are_refused(url: str) -> None:
    """An address that cannot be used is refused with a sentence that says which can."""
    with pytest.raises(DatabaseUnusable, match="sqlite:///path"):
        open_database(url)


async def test_a_database_that_cannot_be_opened_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A folder that is not there is a sentence, not a traceback."""
    with pytest.raises(DatabaseUnusable, match="cannot be opened"):
        async with open_store("sqlite:////nowhere/at/all.db"):
            raise AssertionError("opened")


def test_sqlite_is_durable_and_readers_do_not_wait(sqlite_url: str) -> None:
    """WAL with full synchronisation: what was committed survives, and a reader goes on beside a writer."""
    database = open_database(sqlite_url)
    making.prepare(database)
    with database.writing.begin() as connection:
        pragmas = [connection.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous")]
        assert pragmas == ["wal", 2]
        connection.execute(refreshes.update().values(failures=9))
        with database.reading.connect() as reader:
            assert set(reader.execute(select(refreshes.c.failures)).scalars()) == {0}
    database.close()
