"""What the OMS answers when asked by key."""

from decimal import Decimal
from typing import Any

import httpx
import pytest

from domains.sandbox import oms
from domains.sandbox.world import World
from tests.domains.sandbox.oms.conftest import CONTRACT, NOW, Oms


def test_offers_what_the_contract_says(world: World) -> None:
    """The OMS has exactly the endpoints of its contract, and the keyed ones are its writes."""
    rows = [row for row in oms.routes(world, lambda: NOW) if not row.knob]
    assert {(row.method, row.path) for row in rows} == CONTRACT.endpoints
    assert {row.path for row in rows if row.write} == CONTRACT.keyed


async def test_lists_every_location(client: httpx.AsyncClient, world: World) -> None:
    """The list of locations holds them all."""
    body = CONTRACT.judge("/v1/locations", await client.get("/v1/locations"))
    assert body["items"] == list(world.locations.values())
    assert body["asOf"] == "2026-03-02T10:00:00.000Z"


@pytest.mark.parametrize(
    ("path", "member", "table"),
    [
        ("/v1/locations/lookup", "ids", "locations"),
        ("/v1/orders/lookup", "orderIds", "orders"),
        ("/v1/return-policies/lookup", "skus", "return_policies"),
        ("/v1/returns/lookup", "returnIds", "returns"),
    ],
)
async def test_lookups_answer_known_keys_once(service: Oms, world: World, path: str, member: str, table: str) -> None:
    """A lookup of everything answers everything, each once, and leaves out what it does not know."""
    rows = getattr(world, table)
    ids = list(rows)[:400]
    body = await service.ask(path, {member: [*ids, "nothing", ids[0]]})
    assert body["items"] == [rows[id_] for id_ in ids]
    assert (await service.ask(path, {member: []}))["items"] == []


async def test_finds_by_the_numbers_people_know(service: Oms, world: World) -> None:
    """Order numbers lead to orders, RMA numbers to returns, and orders to their returns."""
    order = (await service.ask("/v1/orders/by-number", {"orderNumbers": ["R100000003", "R0"]}))["items"]
    assert order == [world.orders["ord-000003"]]
    back = (await service.ask("/v1/returns/by-rma", {"rmaNumbers": ["RMA-000001", "RMA-0"]}))["items"]
    assert back == [world.returns["ret-000001"]]
    of = (await service.ask("/v1/returns/of-orders", {"orderIds": ["ord-000003", "ord-000004"]}))["items"]
    assert of == back


async def test_the_network_is_the_sum_of_what_ships(service: Oms, world: World) -> None:
    """Without a location, stock is the sum over shipping locations, and shops that do not ship are not in it."""
    ships = [id_ for id_, row in world.locations.items() if row["ships"]]
    assert 0 < len(ships) < len(world.locations)
    row = await service.stock("SKU-00001", None)
    for member in ("onHand", "availableToPromise", "safetyStock", "reserved"):
        assert Decimal(row[member]) == sum(Decimal(world.stock["SKU-00001", id_][member]) for id_ in ships)
    assert row["semantics"] == "AVAILABLE_TO_PROMISE"
    assert row["locationId"] is None


async def test_network_promises_are_merged_by_date(service: Oms, world: World) -> None:
    """Promises of one day are one promise; the expected arrival is the first of them all."""
    row = await service.stock("SKU-00026", None)
    dates = [promise["date"] for promise in row["promises"]]
    assert dates == sorted(set(dates))
    assert sum(Decimal(promise["quantity"]) for promise in row["promises"]) == Decimal(row["incoming"])
    arrivals = [world.stock["SKU-00026", id_]["expectedAt"] for id_, at in world.locations.items() if at["ships"]]
    assert row["expectedAt"] == min(arrivals)


async def test_unknown_numbers_stay_absent(service: Oms) -> None:
    """Figures nobody knows are absent from a shelf and from the network, not zero."""
    for place in ("store-001", None):
        row = await service.stock("SKU-00027", place)
        assert "onHand" not in row
        assert "availableToPromise" not in row


async def test_unknown_shelves_are_left_out(service: Oms) -> None:
    """A product that a location does not carry, or nobody knows, is not in the answer."""
    keys = [{"sku": "SKU-99999", "locationId": None}, {"sku": "SKU-00001", "locationId": "moon"}]
    assert (await service.ask("/v1/stock/lookup", {"keys": keys}))["items"] == []


async def test_a_sale_knows_returns_and_delivery(service: Oms, world: World) -> None:
    """A sale's lines tell when they were delivered and what is on its way back."""
    asked = {"orderIds": ["ord-000003", "ord-000004", "nothing"]}
    sale, fresh = (await service.ask("/v1/sales/lookup", asked))["items"]
    order = world.orders["ord-000003"]
    line, other = sale["lines"]
    assert (line["openReturns"], other["openReturns"]) == ("1", "0")
    events = order["fulfillments"][0]["shipments"][0]["events"]
    assert line["deliveredAt"] == events[-1]["occurredAt"]
    assert sale["placedAt"] == order["placedAt"]
    assert fresh["lines"][0]["deliveredAt"] is None


BAD: list[tuple[str, dict[str, Any]]] = [
    ("/v1/stock/lookup", {}),
    ("/v1/stock/lookup", {"keys": [{"sku": "SKU-00001"}]}),
    ("/v1/stock/lookup", {"keys": [{"sku": 1, "locationId": None}]}),
    ("/v1/stock/lookup", {"keys": [{"sku": "x", "locationId": None}] * 501}),
    ("/v1/orders/lookup", {"orderIds": ["x"] * 501}),
    ("/v1/orders/lookup", {"orderIds": "ord-000001"}),
    ("/v1/orders/search", {"queries": [{"customerId": "cust-00001"}]}),
    ("/v1/orders/search", {"queries": [{"customerId": "cust-00001", "first": 101}]}),
    ("/v1/orders/search", {"queries": [{"customerId": "cust-00001", "first": 1, "status": "LOST"}]}),
    ("/v1/returns/search", {"queries": [{"customerId": "cust-00001", "first": 0}]}),
]


@pytest.mark.parametrize(("path", "body"), BAD)
async def test_refuses_what_is_not_a_question(service: Oms, path: str, body: dict[str, Any]) -> None:
    """A body of another shape, or with more keys than allowed, is 422."""
    status, code, _ = await service.refused(path, body)
    assert (status, code) == (422, "INVALID_BODY")


async def test_refuses_what_is_not_json(client: httpx.AsyncClient) -> None:
    """Bytes that are not JSON are 400."""
    assert (await client.post("/v1/orders/lookup", content=b"{oops")).status_code == 400
