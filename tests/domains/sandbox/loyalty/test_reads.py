"""What the sandbox's loyalty engine answers, over its printed contract."""

from decimal import Decimal
from typing import Any

import httpx
import pytest

from domains.sandbox import loyalty
from domains.sandbox.world import POINTS_PER_EURO, World
from tests.domains.sandbox.contracts import Contract

CONTRACT = Contract.of("LOYALTY")


async def ask(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    response = await client.post(path, json=body)
    assert response.status_code == 200, response.text
    return CONTRACT.judge(path, response)


def test_offers_what_the_contract_says(world: World, clock: Any) -> None:
    """The engine has exactly the endpoints of its contract, and those with a key in it are the writes."""
    rows = [row for row in loyalty.routes(world, clock) if not row.knob]
    assert {(row.method, row.path) for row in rows} == CONTRACT.endpoints
    assert {row.path for row in rows if row.write} == CONTRACT.keyed


async def test_programs(client: httpx.AsyncClient, world: World) -> None:
    """The one program is listed with its currency and tiers."""
    body = CONTRACT.judge("/v1/programs", await client.get("/v1/programs"))
    assert body["items"] == [world.program]


@pytest.mark.parametrize(
    ("path", "member", "known", "own_key"),
    [
        ("/v1/memberships/lookup", "membershipIds", "mem-00001", "id"),
        ("/v1/memberships/by-customer", "customerIds", "cust-00001", "customerId"),
        ("/v1/balances/lookup", "membershipIds", "mem-00001", "membershipId"),
        ("/v1/redemptions/lookup", "redemptionIds", "red-000001", "id"),
    ],
)
async def test_lookups(client: httpx.AsyncClient, path: str, member: str, known: str, own_key: str) -> None:
    """Each lookup answers what it knows, once, and leaves out what it does not."""
    body = await ask(client, path, {member: [known, "nothing-like-it", known]})
    assert [row[own_key] for row in body["items"]] == [known]


async def test_points_of_all_orders(client: httpx.AsyncClient, world: World) -> None:
    """Orders answer what they earned, will earn and spent."""
    body = await ask(client, "/v1/order-points/lookup", {"orderIds": list(world.order_points)})
    assert {row["orderId"]: row for row in body["items"]} == world.order_points
    assert any("earned" in row for row in body["items"])


async def test_balances_agree_with_the_ledger(client: httpx.AsyncClient, world: World) -> None:
    """Every balance of the world is the sum of its ledger, and points about to expire are points one has."""
    body = await ask(client, "/v1/balances/lookup", {"membershipIds": list(world.memberships)})
    for row in body["items"]:
        entries = world.ledger[row["membershipId"]]
        posted = sum(Decimal(entry["points"]["value"]) for entry in entries if entry["status"] == "POSTED")
        available = Decimal(row["available"]["value"])
        assert available == posted
        assert available >= 0
        assert sum(Decimal(part["points"]["value"]) for part in row["expiring"]) <= available
    assert len(body["items"]) == len(world.memberships)
    assert any(Decimal(row["held"]["value"]) > 0 for row in body["items"])
    assert any(Decimal(row["pending"]["value"]) > 0 for row in body["items"])


async def test_ledger_pages_join_up(client: httpx.AsyncClient, world: World) -> None:
    """Pages of any size, read one after another, give the whole ledger, newest first."""
    membership_id = max(world.ledger, key=lambda id_: len(world.ledger[id_]))
    seen: list[dict[str, Any]] = []
    while True:
        query = {"membershipId": membership_id, "first": 3, "after": seen[-1]["id"] if seen else None}
        body = await ask(client, "/v1/ledger/search", {"queries": [query]})
        seen += body["pages"][0]["items"]
        if not body["pages"][0]["hasNext"]:
            break
    assert seen == world.ledger[membership_id][::-1]
    assert len(seen) > 3


async def test_searches_answer_in_the_order_of_the_queries(client: httpx.AsyncClient) -> None:
    """A search gives one page per query, empty for members and cursors it does not know."""
    queries = [
        {"membershipId": "mem-00001", "first": 100, "state": "HELD"},
        {"membershipId": "mem-00001", "first": 100, "state": "EXPIRED"},
        {"membershipId": "nobody", "first": 1},
        {"membershipId": "mem-00001", "first": 1, "after": "red-999999"},
    ]
    body = await ask(client, "/v1/redemptions/search", {"queries": queries})
    assert [[row["id"] for row in page["items"]] for page in body["pages"]] == [["red-000001"], [], [], []]
    assert not any(page["hasNext"] for page in body["pages"])


def basket(*lines: tuple[str, str, str], **members: Any) -> dict[str, Any]:
    """A basket of (sku, quantity, unit price in euros) lines."""
    rows = [
        {"sku": sku, "quantity": quantity, "unitPrice": {"amount": price, "currencyCode": "EUR"}}
        for sku, quantity, price in lines
    ]
    return {"currencyCode": "EUR", "lines": rows, **members}


async def test_forecast_grows_with_the_tier(client: httpx.AsyncClient, world: World) -> None:
    """A basket earns points by the euro, a quarter more per tier, whole points only; strangers earn as beginners."""
    asked = basket(("SKU-00001", "3", "19.99"))
    members = [*world.memberships, "nobody", None]
    queries = [{"basket": asked, "membershipId": member} for member in members]
    body = await ask(client, "/v1/earnings/forecast", {"queries": queries[-50:]})
    for member, answer in zip(members[-50:], body["answers"], strict=True):
        rank = world.memberships[member]["tier"]["rank"] if member in world.memberships else 0
        assert int(answer["value"]) == int(Decimal("59.97") * POINTS_PER_EURO * (4 + rank) / 4)


async def test_other_currencies_earn_nothing(client: httpx.AsyncClient) -> None:
    """The program counts euros; a basket in another currency forecasts 0."""
    price = {"amount": "10", "currencyCode": "USD"}
    asked = {"currencyCode": "USD", "lines": [{"sku": "SKU-00001", "quantity": "1", "unitPrice": price}]}
    body = await ask(client, "/v1/earnings/forecast", {"queries": [{"basket": asked, "membershipId": "mem-00001"}]})
    assert body["answers"][0]["value"] == "0"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/ledger/search", {"queries": [{"membershipId": "mem-00001", "first": 0}]}),
        ("/v1/ledger/search", {"queries": [{"membershipId": "mem-00001", "first": 101}]}),
        ("/v1/ledger/search", {"queries": [{"membershipId": "mem-00001", "first": True}]}),
        ("/v1/redemptions/search", {"queries": [{"membershipId": "mem-00001", "first": 1, "state": "GONE"}]}),
        ("/v1/promotions/evaluate", {"baskets": [basket(("SKU-00001", "0", "1"))]}),
        ("/v1/promotions/evaluate", {"baskets": [basket(("SKU-00001", "NaN", "1"))]}),
        ("/v1/promotions/evaluate", {"baskets": [basket(("SKU-00001", "999999999999999999", "9999"))]}),
        ("/v1/promotions/evaluate", {"baskets": [{**basket(("SKU-00001", "1", "1")), "currencyCode": "USD"}]}),
        ("/v1/promotions/evaluate", {"baskets": [basket()] * 51}),
        ("/v1/earnings/forecast", {"queries": [{"membershipId": "mem-00001"}]}),
    ],
)
async def test_refuses_what_is_not_a_question(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> None:
    """A body of another shape is 422 with problem details."""
    response = await client.post(path, json=body)
    assert response.status_code == 422
    assert CONTRACT.judge(path, response)["code"] == "INVALID_BODY"
