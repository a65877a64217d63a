"""The feeds of the sandbox ERP, over its printed contract."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from domains.sandbox import erp
from domains.sandbox.chassis import STILL, Weather, build_app
from domains.sandbox.world import World, WorldSize, build_world
from tests.domains.sandbox.contracts import Contract

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
CONTRACT = Contract.of("ERP")
SIZE = WorldSize(products=30, stores=6, centres=2, customers=1, members=1, orders=0, returns=0)
POSITIONS = "/v1/positions/pages"
BOOKED = ("onHand", "reserved", "safetyStock")
SHELF = {"sku": "SKU-00003", "locationId": "store-002"}


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> str:
        """Let time go by. Answers the moment before, as a client says it."""
        before = self.now.isoformat()
        self.now += timedelta(seconds=seconds)
        return before


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world() -> World:
    return build_world(1, START, SIZE)


@pytest.fixture
def client(world: World, clock: Clock) -> httpx.AsyncClient:
    app = build_app("ERP", erp.routes(world, clock), STILL, clock)
    clock.pass_by(1)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://erp")


async def walk(client: httpx.AsyncClient, path: str, **ask: Any) -> list[dict[str, Any]]:
    """Every item of a walk, page by page, each judged by the contract."""
    items, after = [], None
    while True:
        page = CONTRACT.judge(path, await client.post(path, json={**ask, "after": after}))
        items += page["items"]
        after = page["next"]
        if after is None:
            assert page["total"] == len(items)
            return items


@pytest.mark.parametrize("limit", [1, 7, 100, 1000])
@pytest.mark.parametrize(("table", "key"), [("products", "sku"), ("locations", "id")])
async def test_a_walk_is_everything_once(
    client: httpx.AsyncClient, world: World, table: str, key: str, limit: int
) -> None:
    """Whatever the size of its pages, a walk brings every row once, each with a sequence."""
    items = await walk(client, f"/v1/{table}/pages", limit=limit)
    assert {item["record"][key]: item["record"] for item in items} == getattr(world, table)
    assert len(items) == len(getattr(world, table))
    assert all(isinstance(item["sequence"], int) for item in items)


async def test_book_stock_of_every_product_everywhere(client: httpx.AsyncClient, world: World) -> None:
    """There is a position for every product at every location: what lies there and is committed to open orders, and
    nothing of what is promised."""
    positions = {
        (one["record"]["sku"], one["record"]["locationId"]): one["record"] for one in await walk(client, POSITIONS)
    }
    assert positions.keys() == {(sku, place) for sku in world.products for place in world.locations}
    for shelf, position in positions.items():
        assert position["semantics"] == "ON_HAND"
        assert not {"availableToPromise", "promises", "incoming"} & position.keys()
        expected = world.stock.get(shelf, dict.fromkeys(BOOKED, "0"))
        assert [position.get(member) for member in BOOKED] == [expected.get(member) for member in BOOKED]


async def test_changes_since_a_moment(client: httpx.AsyncClient, clock: Clock) -> None:
    """A walk since a moment brings what changed from then on, once, with a higher sequence each time."""
    assert await walk(client, POSITIONS, changedSince=clock.now.isoformat()) == []
    (before,) = [one for one in await walk(client, POSITIONS) if SHELF.items() <= one["record"].items()]
    first = clock.pass_by(5)
    told = (await client.post("/_sandbox/positions", json={**SHELF, "onHand": "8"})).json()
    second = clock.pass_by(5)
    await client.post("/_sandbox/positions", json={**SHELF, "onHand": "7.5"})
    (changed,) = await walk(client, POSITIONS, changedSince=first)
    assert changed["record"]["onHand"] == "7.5"
    assert before["sequence"] < told["sequence"] < changed["sequence"]
    assert await walk(client, POSITIONS, changedSince=second) == [changed]
    assert await walk(client, POSITIONS, changedSince=clock.pass_by(1)) == [changed]
    assert await walk(client, POSITIONS, changedSince=clock.pass_by(1)) == []
    assert len(await walk(client, POSITIONS, changedSince=START.isoformat())) == 30 * 8


async def test_pages_of_changes(client: httpx.AsyncClient, clock: Clock) -> None:
    """Changes come in pages like everything else, and what changes meanwhile does not move the others."""
    since = clock.pass_by(1)
    for number in (5, 2, 9):
        await client.post("/_sandbox/positions", json={**SHELF, "sku": f"SKU-0000{number}", "onHand": "1"})
    page = (await client.post(POSITIONS, json={"limit": 2, "changedSince": since})).json()
    assert [one["record"]["sku"] for one in page["items"]] == ["SKU-00002", "SKU-00005"]
    await client.post("/_sandbox/positions", json={**SHELF, "sku": "SKU-00001", "onHand": "1"})
    page = (await client.post(POSITIONS, json={"limit": 2, "changedSince": since, "after": page["next"]})).json()
    assert [one["record"]["sku"] for one in page["items"]] == ["SKU-00009"]
    assert page["next"] is None


async def test_a_new_price_is_news(client: httpx.AsyncClient, clock: Clock) -> None:
    """A price set by the knob is in the feed."""
    since, price = clock.pass_by(1), {"amount": "1.25", "currencyCode": "EUR"}
    await client.post("/_sandbox/products", json={"sku": "SKU-00004", "listPrice": price})
    (item,) = await walk(client, "/v1/products/pages", changedSince=since)
    assert (item["record"]["sku"], item["record"]["listPrice"]) == ("SKU-00004", price)


async def test_a_service_started_later_counts_from_later(world: World, clock: Clock) -> None:
    """After a restart everything has a higher sequence than before it, whatever was changed."""
    before = erp.routes(world, clock)
    clock.pass_by(60)
    after = erp.routes(world, clock)
    path = "/v1/locations/pages"
    old, new = [
        [item["sequence"] for item in (await next(row for row in rows if row.path == path).handler({}, {}))["items"]]
        for rows in (before, after)
    ]
    assert max(old) < min(new)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (POSITIONS, {"limit": 0}, 422),
        (POSITIONS, {"limit": 1001}, 422),
        (POSITIONS, {"after": "x"}, 422),
        (POSITIONS, {"after": 3}, 422),
        (POSITIONS, {"changedSince": "yesterday"}, 422),
        (POSITIONS, {"changedSince": "2026-03-02T10:00:00"}, 422),
        ("/_sandbox/positions", {**SHELF, "onHand": 3}, 422),
        ("/_sandbox/positions", {**SHELF, "sku": "nothing", "onHand": "3"}, 404),
        ("/_sandbox/positions", [], 400),
        ("/_sandbox/products", {"sku": "nothing", "listPrice": {"amount": "1", "currencyCode": "EUR"}}, 404),
    ],
)
async def test_refuses_what_is_not_a_question(client: httpx.AsyncClient, path: str, body: Any, status: int) -> None:
    """A body of another shape, a cursor from elsewhere or a shelf that is not there is refused with a problem."""
    answer = await client.post(path, json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_knobs_cost_nothing(world: World, clock: Clock) -> None:
    """A knob works while the quota is used up, and is not counted among the calls."""
    weather = Weather(latency=STILL.latency, latency_scale=0, quota_per_s=0)
    app = build_app("ERP", erp.routes(world, clock), weather, clock, token="s3cret")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://erp") as client:
        token = {"Authorization": "Bearer s3cret"}
        assert (await client.post(POSITIONS, json={}, headers=token)).status_code == 429
        assert (await client.post("/_sandbox/positions", json={**SHELF, "onHand": "1"})).status_code == 200
        assert (await client.get("/_sandbox/calls")).json() == {f"POST {POSITIONS}": 1}
