"""The sandbox ERP, over its printed contract."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from domains.sandbox import erp
from domains.sandbox.chassis import STILL, build_app
from domains.sandbox.world import SMALL, World, build_world
from tests.domains.sandbox.contracts import Contract

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
CONTRACT = Contract.of("ERP")


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(1, NOW, SMALL)


@pytest.fixture
def client(world: World) -> httpx.AsyncClient:
    app = build_app("ERP", erp.routes(world, lambda: NOW), STILL, lambda: NOW)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://erp")


def test_offers_what_the_contract_says(world: World) -> None:
    """The ERP has exactly the endpoints of its contract, and those with a key in it are the writes."""
    rows = [row for row in erp.routes(world, lambda: NOW) if not row.knob]
    assert {(row.method, row.path) for row in rows} == CONTRACT.endpoints
    assert {row.path for row in rows if row.write} == CONTRACT.keyed


@pytest.mark.parametrize(
    ("path", "member", "table"),
    [
        ("/v1/accounts/lookup", "customerIds", "accounts"),
        ("/v1/ledgers/lookup", "orderIds", "order_ledgers"),
    ],
)
async def test_lookups_answer_known_keys_once(
    client: httpx.AsyncClient, world: World, path: str, member: str, table: str
) -> None:
    """A lookup of everything answers everything, each once, and leaves out what it does not know."""
    rows = getattr(world, table)
    ids = list(rows)
    body = CONTRACT.judge(path, await client.post(path, json={member: [*ids, "nothing", ids[0]]}))
    assert body["items"] == [rows[id_] for id_ in ids]


async def test_postings_are_found_by_subject(client: httpx.AsyncClient, world: World) -> None:
    """A posting is found under its own subject only."""
    keys = [{"subject": subject, "id": id_} for subject, id_ in world.postings]
    body = CONTRACT.judge("/v1/postings/lookup", await client.post("/v1/postings/lookup", json={"keys": keys}))
    assert body["items"] == list(world.postings.values())
    crossed = await client.post("/v1/postings/lookup", json={"keys": [{"subject": "RETURN", "id": "ord-000001"}]})
    assert crossed.json()["items"] == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/accounts/lookup", {"customerIds": ["x"] * 501}),
        ("/v1/accounts/lookup", {"customerIds": [1]}),
        ("/v1/accounts/lookup", {}),
        ("/v1/postings/lookup", {"keys": [{"subject": "BASKET", "id": "x"}]}),
        ("/v1/postings/lookup", {"keys": ["x"]}),
    ],
)
async def test_refuses_what_is_not_a_question(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> None:
    """A body of another shape, or with more keys than allowed, is 422."""
    response = await client.post(path, json=body)
    assert response.status_code == 422
    assert CONTRACT.judge(path, response)["code"] == "INVALID_BODY"
