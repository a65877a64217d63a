"""The sandbox CRM, over its printed contract."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from domains.sandbox import crm
from domains.sandbox.chassis import STILL, build_app
from domains.sandbox.world import SMALL, World, build_world
from tests.domains.sandbox.contracts import Contract
from tests.domains.sandbox.telling import Told

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
    """The CRM has exactly the endpoints of its contract, and the one of them that is keyed writes."""
    rows = [row for row in crm.routes(world, lambda: NOW) if not row.knob]
    assert {(row.method, row.path) for row in rows} == CONTRACT.endpoints
    assert {row.path for row in rows if row.write} == CONTRACT.keyed == {"/v1/history"}


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


def note(**members: Any) -> dict[str, Any]:
    body = {"customerId": "cust-00001", "kind": "order.submitted", "about": "Order:web-1", "text": "Ordered."}
    return body | {"occurredAt": "2026-03-02T09:59:00+01:00"} | members


async def test_a_history_is_the_last_thousand_notes(client: httpx.AsyncClient) -> None:
    """Notes are kept in the order they came, a thousand of a customer; other customers' are apart."""
    path = "/v1/history"
    for number in range(1002):
        body = note(text=str(number))
        answer = CONTRACT.judge(path, await client.post(path, json=body, headers={"Idempotency-Key": str(number)}))
        assert answer == body | {"id": answer["id"]}
    asked = {"customerIds": ["cust-00001", "cust-00002"]}
    found = CONTRACT.judge("/v1/history/lookup", await client.post("/v1/history/lookup", json=asked))
    assert [entry["text"] for entry in found["items"]] == [str(number) for number in range(2, 1002)]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (note(customerId="nobody"), 409, "CUSTOMER_NOT_FOUND"),
        (note(text=None), 422, "INVALID_BODY"),
        (note(occurredAt="yesterday"), 422, "INVALID_BODY"),
        (note(occurredAt="2026-03-02T10:00:00"), 422, "INVALID_BODY"),
    ],
)
async def test_refuses_what_is_no_note(client: httpx.AsyncClient, body: Any, status: int, code: str) -> None:
    """A note needs a customer, words and a moment."""
    response = await client.post("/v1/history", json=body, headers={"Idempotency-Key": "k"})
    answer = CONTRACT.judge("/v1/history", response)
    assert (response.status_code, answer["code"]) == (status, code)


async def test_a_changed_profile_is_told(world: World) -> None:
    """The knob changes what is looked up from then on, tells it, and leaves the world alone."""
    told = Told()
    app = build_app("CRM", crm.routes(world, lambda: NOW, told), STILL, lambda: NOW)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://crm") as client:
        body = {"customerId": "cust-00001", "segments": ["lapsed"], "phone": None}
        changed = (await client.post("/_sandbox/customers", json=body)).json()
        found = await client.post("/v1/customers/lookup", json={"customerIds": ["cust-00001"]})
        nothing = await client.post("/_sandbox/customers", json={"customerId": "cust-00001"})
        nobody = await client.post("/_sandbox/customers", json=body | {"customerId": "nobody"})
    assert CONTRACT.judge("/v1/customers/lookup", found)["items"] == [changed]
    assert changed == world.customers["cust-00001"] | {"segments": ["lapsed"], "phone": None}
    assert told.about("crm.customer.changed") == [("cust-00001", changed)]
    assert (nothing.status_code, nobody.status_code) == (422, 404)
