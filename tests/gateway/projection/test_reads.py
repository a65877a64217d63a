"""What the projection answers: in one statement, with its age, and never a zero for what it does not know."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import msgspec
import pytest
from sqlalchemy import event, update

from domains.inventory import AvailabilitySemantics, Network, StockKey
from domains.vocabulary import FreshnessTier, LocationId, ProjectionCold, Sku, UpstreamGarbled, UpstreamUnreachable
from gateway.projection import LOCATIONS, POSITIONS, PRODUCTS, MaxAges, ProjectionReads, Store, projection_reads
from gateway.projection.kinds import products, refreshes
from gateway.projection.reads import SOURCE
from tests.gateway.projection.erp import START, Clock, Erp, fill, location, origin, position, product

NETWORK: Network = "network"
KEY = StockKey(Sku("SKU-1"), LocationId("dc-1"))
EVERYWHERE = StockKey(Sku("SKU-1"), None)
AGES = MaxAges(positions_s=100, products_s=100, locations_s=100)


@pytest.fixture
def reads(store: Store, clock: Clock) -> ProjectionReads:
    return projection_reads(store, clock, AGES)


async def mark(store: Store, as_of: float | None = START, failures: int = 0) -> None:
    """Say of every kind that it was read to the end, as of then."""
    database = store._database
    with database.writing.begin() as connection:
        connection.execute(update(refreshes).values(as_of=as_of, failures=failures))


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    """The SELECTs that are sent meanwhile."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    engine = store._database.writing
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def test_an_empty_projection_knows_nothing(reads: ProjectionReads) -> None:
    """Before the first full reading every question is answered with "unknown", not with "not found" and not with 0."""
    for ask in (
        lambda: reads.products_by_sku(frozenset({Sku("SKU-1")})),
        lambda: reads.positions(frozenset({KEY})),
        lambda: reads.positions(frozenset({EVERYWHERE})),
        lambda: reads.locations(frozenset({LocationId("dc-1")})),
        lambda: reads.network(frozenset({NETWORK})),
    ):
        with pytest.raises(ProjectionCold, match="has not been read"):
            await ask()


async def test_what_is_there_is_answered_while_it_fills(store: Store, reads: ProjectionReads) -> None:
    """A cold projection answers what it has by key; a sum or a list may be short, so it is refused."""
    await store.put(PRODUCTS, [product(1, name="Hat")], origin())
    await store.put(POSITIONS, [position(1)], origin())
    await store.put(LOCATIONS, [location(1)], origin())
    found = await reads.products_by_sku(frozenset({Sku("SKU-1")}))
    assert found[Sku("SKU-1")].value.name == "Hat"
    assert (await reads.positions(frozenset({KEY})))[KEY].value.on_hand == 5
    with pytest.raises(ProjectionCold):
        await reads.products_by_sku(frozenset({Sku("SKU-1"), Sku("SKU-2")}))
    with pytest.raises(ProjectionCold):
        await reads.positions(frozenset({KEY, EVERYWHERE}))
    with pytest.raises(ProjectionCold):
        await reads.network(frozenset({NETWORK}))


async def test_a_sum_needs_the_places_too(store: Store, reads: ProjectionReads) -> None:
    """With every position read and the places not, which of them ship is unknown, and so is their sum."""
    await store.put(POSITIONS, [position(1)], origin())
    await mark(store)
    with store._database.writing.begin() as connection:
        connection.execute(update(refreshes).where(refreshes.c.kind == "locations").values(as_of=None))
    with pytest.raises(ProjectionCold):
        await reads.positions(frozenset({EVERYWHERE}))
    assert (await reads.positions(frozenset({KEY})))[KEY].value.on_hand == 5


async def test_everything_of_an_erp(store: Store, clock: Clock) -> None:
    """After a full reading the projection says what the ERP says, and knows what is not there."""
    erp = Erp(clock)
    await fill(store, erp)
    erp.calls.clear()
    reads = projection_reads(store, clock)
    network = (await reads.network(frozenset({NETWORK})))[NETWORK]
    assert [place.id for place in network.value] == ["dc-001", "dc-002", *(f"store-{n:03}" for n in range(1, 9))]
    assert (network.source, network.tier) == (SOURCE, FreshnessTier.FRESH)
    ghost, first = Sku("SKU-99999"), Sku("SKU-00001")
    found = await reads.products_by_sku(frozenset({first, ghost}))
    assert found.keys() == {first}
    assert found[first].value.list_price is not None
    shelf, nowhere = StockKey(first, LocationId("dc-001")), StockKey(first, LocationId("moon"))
    everywhere, unknown = StockKey(first, None), StockKey(ghost, None)
    stock = await reads.positions(frozenset({shelf, nowhere, everywhere, unknown}))
    assert stock.keys() == {shelf, everywhere}
    ships = [place.id for place in network.value if place.ships]
    assert ships == ["dc-001", "dc-002", "store-008"]
    parts = await reads.positions(frozenset(StockKey(first, id_) for id_ in ships))
    assert stock[everywhere].value.on_hand == sum((part.value.on_hand or 0 for part in parts.values()), Decimal(0))
    assert stock[everywhere].value.semantics is AvailabilitySemantics.ON_HAND
    assert stock[everywhere].value.safety_stock is not None
    assert not erp.calls


async def test_one_statement_per_fetch(store: Store, reads: ProjectionReads) -> None:
    """However many keys a Fetch holds, shelves and sums together, the database is asked once."""
    await store.put(LOCATIONS, [location(1), location(1, "store-1", ships=False)], origin())
    await store.put(
        POSITIONS, [position(1, f"SKU-{n}", place) for n in range(200) for place in ("dc-1", "store-1")], origin()
    )
    await mark(store)
    skus = [Sku(f"SKU-{n}") for n in range(300)]
    keys = {StockKey(sku, place) for sku in skus for place in (None, LocationId("dc-1"), LocationId("store-1"))}
    with statements(store) as sent:
        found = await reads.positions(frozenset(keys))
    assert len(sent) == 1
    assert len(found) == 600
    assert {reading.value.on_hand for reading in found.values()} == {Decimal(5)}
    for ask in (reads.products_by_sku(frozenset(skus)), reads.locations(frozenset({LocationId("dc-1")}))):
        with statements(store) as sent:
            await ask
        assert len(sent) == 1


async def test_nothing_asked_is_nothing_sent(store: Store, reads: ProjectionReads) -> None:
    """An empty Fetch does not reach the database."""
    with statements(store) as sent:
        assert await reads.products_by_sku(frozenset()) == {}
        assert await reads.positions(frozenset()) == {}
    assert sent == []


async def test_removed_is_not_found(store: Store, reads: ProjectionReads) -> None:
    """What the ERP took out is missing, by key, in lists and in sums; and stays so when an older update comes late."""
    await store.put(PRODUCTS, [product(2, removed=True)], origin())
    await store.put(PRODUCTS, [product(1)], origin())
    gone = msgspec.structs.replace(location(2, "dc-2"), removed=True)
    await store.put(LOCATIONS, [location(1, "dc-1"), gone], origin())
    await store.put(POSITIONS, [position(1, place="dc-1"), position(1, place="dc-2", on_hand=90)], origin())
    await mark(store)
    assert await reads.products_by_sku(frozenset({Sku("SKU-1")})) == {}
    assert await reads.locations(frozenset({LocationId("dc-2")})) == {}
    (listed,) = (await reads.network(frozenset({NETWORK}))).values()
    assert [place.id for place in listed.value] == ["dc-1"]
    assert (await reads.positions(frozenset({EVERYWHERE})))[EVERYWHERE].value.on_hand == 5


@pytest.mark.parametrize(
    ("age_s", "failures", "tier"),
    [
        (100, 0, FreshnessTier.FRESH),
        (101, 0, FreshnessTier.STALE_OK),
        (200, 0, FreshnessTier.STALE_OK),
        (201, 0, FreshnessTier.STALE_DEGRADED),
        (101, 1, FreshnessTier.STALE_DEGRADED),
        (100, 1, FreshnessTier.FRESH),
    ],
)
async def test_age_and_tier(
    sqlite_store: Store, clock: Clock, age_s: float, failures: int, tier: FreshnessTier
) -> None:
    """Fresh up to its max age; then late, and degraded when refreshes fail or stay away for as long again."""
    await sqlite_store.put(POSITIONS, [position(1)], origin(START - 5000))
    await mark(sqlite_store, START, failures)
    clock.now = START + age_s
    found = (await projection_reads(sqlite_store, clock, AGES).positions(frozenset({KEY})))[KEY]
    assert (found.tier, found.observed_at, found.max_age_s, found.source) == (tier, START, 100, SOURCE)


async def test_an_event_is_newer_than_the_last_refresh(sqlite_store: Store, clock: Clock) -> None:
    """A record is as old as the newer of its own update and the last refresh; a sum as old as its oldest part."""
    await sqlite_store.put(LOCATIONS, [location(1), location(1, "dc-2")], origin())
    await sqlite_store.put(POSITIONS, [position(1, place="dc-2")], origin(START - 5000))
    await sqlite_store.put(POSITIONS, [position(1)], origin(START + 50))
    await mark(sqlite_store, START)
    found = await projection_reads(sqlite_store, clock, AGES).positions(frozenset({KEY, EVERYWHERE}))
    assert found[KEY].observed_at == START + 50
    assert found[EVERYWHERE].observed_at == START


async def test_a_database_that_is_away(sqlite_store: Store, clock: Clock) -> None:
    """When the database cannot be asked, nothing is known: an error of the tree, which names no address to clients."""
    with sqlite_store._database.writing.begin() as connection:
        products.drop(connection)
    with pytest.raises(UpstreamUnreachable) as caught:
        await projection_reads(sqlite_store, clock).products_by_sku(frozenset({Sku("SKU-1")}))
    assert caught.value.public_message == "ERP (projection of products) cannot be reached. Try again in a moment."


async def test_a_row_that_cannot_be_read(sqlite_store: Store, clock: Clock) -> None:
    """A record that is no longer what the model says is an error that names its key to the logs."""
    await sqlite_store.put(PRODUCTS, [product(1)], origin())
    with sqlite_store._database.writing.begin() as connection:
        connection.execute(update(products).values(payload='{"sku": 7}'))
    with pytest.raises(UpstreamGarbled, match="SKU-1"):
        await projection_reads(sqlite_store, clock).products_by_sku(frozenset({Sku("SKU-1")}))
