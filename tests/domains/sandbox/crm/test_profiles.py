"""The sandbox CRM, over its printed contract."""

from datetime import UTC, datetime

import httpx
import pytest

from domains.sandbox import crm
from domains.sandbox.chassis import STILL, build_app
from domains.sandbox.world import SMALL, World, build_world
from tests.domains.sandbox.contracts import Contract

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
CONTRACT = Contract.of("CRM")


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(1, NOW, SMALL)


@pytest.fixture
def client(world: World) -> httpx.AsyncClient:
    app = build_app("CRM", crm.routes(world, lambda: NOW), STILL, lambda: NOW)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://crm")


def test_offers_what_the_contract_says(world: World) -> None:
    """The CRM has exactly the endpoints of its contract, and none of them writes."""
    rows = crm.routes(world, lambda: NOW)
    assert {(row.method, row.path) for row in rows} == CONTRACT.endpoints
    assert not any(row.write for row in rows)


async def test_lookup_answers_each_known_id_once(client: httpx.AsyncClient, world: World) -> None:
    """A lookup answers known ids once each and leaves unknown ones out."""
    asked = {"customerIds": ["cust-00001", "nobody", "cust-00002", "cust-00001"]}
    body = CONTRACT.judge("/v1/customers/lookup", await client.post("/v1/customers/lookup", json=asked))
    assert body["items"] == [world.customers["cust-00001"], world.customers["cust-00002"]]
    assert body["asOf"] == "2026-03-02T10:00:00.000Z"


async def test_resolves_emails_in_any_case(client: httpx.AsyncClient, world: World) -> None:
    """An email address finds its customer however it is written, and is answered as it was asked."""
    email = world.customers["cust-00003"]["email"].upper()
    asked = {"keys": [{"system": None, "value": email}, {"system": None, "value": "nobody@example.com"}]}
    body = CONTRACT.judge("/v1/customers/resolve", await client.post("/v1/customers/resolve", json=asked))
    assert body["items"] == [{"system": None, "value": email, "customerId": "cust-00003"}]


async def test_resolves_keys_of_other_systems(client: httpx.AsyncClient, world: World) -> None:
    """Every external id of every customer leads back to that customer, and only under its own system."""
    keys = {(ext["system"], ext["value"]): id_ for id_, row in world.customers.items() for ext in row["externalIds"]}
    asked = {"keys": [{"system": system, "value": value} for system, value in keys]}
    body = CONTRACT.judge("/v1/customers/resolve", await client.post("/v1/customers/resolve", json=asked))
    assert {(row["system"], row["value"]): row["customerId"] for row in body["items"]} == keys
    foreign = await client.post("/v1/customers/resolve", json={"keys": [{"system": "ERP", "value": "mem-00001"}]})
    assert foreign.json()["items"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"keys": "x"},
        {"keys": [1]},
        {"keys": [{"system": "MOON", "value": "x"}]},
        {"keys": [{"system": None}]},
        {"keys": [{"system": None, "value": "x"}] * 501},
    ],
)
async def test_refuses_what_is_not_a_question(client: httpx.AsyncClient, body: dict[str, object]) -> None:
    """A body of another shape is 422 with problem details that name the member."""
    response = await client.post("/v1/customers/resolve", json=body)
    assert response.status_code == 422
    assert CONTRACT.judge("/v1/customers/resolve", response)["code"] == "INVALID_BODY"
