"""Posting to the books of the sandbox ERP, over its printed contract."""

import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from domains.sandbox import erp
from domains.sandbox.chassis import STILL, build_app
from domains.sandbox.world import SMALL, World, build_world
from tests.domains.sandbox.contracts import Contract
from tests.domains.sandbox.telling import Told

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
CONTRACT = Contract.of("ERP")
Write = Callable[..., Awaitable[dict[str, Any]]]


def euros(amount: str) -> dict[str, str]:
    return {"amount": amount, "currencyCode": "EUR"}


def sale(**members: Any) -> dict[str, Any]:
    lines = [{"sku": "SKU-00001", "quantity": "2", "amount": euros("119.00")}]
    body = {"orderId": "web-1", "orderNumber": "W1", "customerId": "cust-00001", "lines": lines}
    return body | {"total": euros("119.00")} | members


def goods(**members: Any) -> dict[str, Any]:
    lines = [
        {"sku": "SKU-00001", "quantity": "2", "disposition": "RESTOCKED"},
        {"sku": "SKU-00002", "quantity": "1", "disposition": "NOT_RESTOCKED"},
    ]
    return {"id": "rma-1-1", "returnId": "rma-1", "locationId": "store-001", "lines": lines} | members


MEMO = {"returnId": "rma-1", "rmaNumber": "R-1", "orderId": "web-1", "amount": euros("59.50")}


@pytest.fixture
def world() -> World:
    return build_world(1, NOW, SMALL)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def client(world: World, told: Told) -> httpx.AsyncClient:
    app = build_app("ERP", erp.routes(world, lambda: NOW, told), STILL, lambda: NOW)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://erp")


@pytest.fixture
def write(client: httpx.AsyncClient) -> Write:
    keys = itertools.count()

    async def send(path: str, body: dict[str, Any], id_: str = "") -> dict[str, Any]:
        """The answer, or the problem, of a write under a key of its own."""
        headers = {"Idempotency-Key": f"key-{next(keys)}"}
        return CONTRACT.judge(path, await client.post(path.replace("{id}", id_), json=body, headers=headers))

    return send


async def documents(client: httpx.AsyncClient, order_id: str = "web-1") -> list[tuple[str, str]]:
    body = CONTRACT.judge("/v1/ledgers/lookup", await client.post("/v1/ledgers/lookup", json={"orderIds": [order_id]}))
    (ledger,) = body["items"]
    return [(one["type"], one["amount"]["amount"]) for one in ledger["documents"]]


async def test_a_sales_order_is_posted_once(client: httpx.AsyncClient, write: Write, told: Told) -> None:
    """A posting has a number and a date, an invoice with its tax, and a payment for the part paid with points."""
    facts = await write("/v1/sales-orders", sale(redeemed=euros("19.00")))
    assert (facts["postedAt"], facts["reversedAt"]) == ("2026-03-02T10:00:00.000Z", None)
    assert await documents(client) == [("INVOICE", "119.00"), ("PAYMENT", "19.00")]
    found = await client.post("/v1/ledgers/lookup", json={"orderIds": ["web-1"]})
    assert found.json()["items"][0]["documents"][0]["tax"] == euros("19.00")
    assert told.about("erp.document.posted") == [("ORDER/web-1", facts)]
    assert (await write("/v1/sales-orders", sale()))["code"] == "ILLEGAL_TRANSITION"


async def test_a_reversal_is_a_document_of_its_own(client: httpx.AsyncClient, write: Write) -> None:
    """What is reversed keeps its number and says when; credit and refund stand against invoice and payment, once."""
    posted = await write("/v1/sales-orders", sale(redeemed=euros("19.00")))
    reversed_ = await write("/v1/sales-orders/{id}/reverse", {}, "web-1")
    assert reversed_ == posted | {"reversedAt": "2026-03-02T10:00:00.000Z"}
    assert (await documents(client))[2:] == [("CREDIT_MEMO", "119.00"), ("REFUND", "19.00")]
    assert (await write("/v1/sales-orders/{id}/reverse", {}, "web-1"))["code"] == "ILLEGAL_TRANSITION"
    assert (await write("/v1/sales-orders", sale()))["code"] == "ILLEGAL_TRANSITION"
    assert (await write("/v1/sales-orders/{id}/reverse", {}, "web-2"))["code"] == "POSTING_NOT_FOUND"


async def test_a_credit_memo_and_its_reversal(client: httpx.AsyncClient, write: Write) -> None:
    """A credit memo stands in the ledger of its order; an invoice of its amount takes it back."""
    await write("/v1/sales-orders", sale())
    assert (await write("/v1/credit-memos", MEMO))["subject"] == "RETURN"
    assert (await write("/v1/credit-memos/{id}/reverse", {}, "rma-1"))["reversedAt"]
    assert (await documents(client))[1:] == [("CREDIT_MEMO", "59.50"), ("INVOICE", "59.50")]
    dollars = MEMO | {"returnId": "rma-2", "amount": {"amount": "1.00", "currencyCode": "USD"}}
    assert (await write("/v1/credit-memos", dollars))["code"] == "INVALID_BODY"


@pytest.mark.parametrize("status", ["CREDIT_HOLD", "BLOCKED"])
async def test_no_sale_on_credit_hold(client: httpx.AsyncClient, write: Write, status: str) -> None:
    """Held and blocked accounts buy nothing, and nothing is posted; once a person frees the account it is."""
    await client.post("/_sandbox/accounts", json={"customerId": "cust-00001", "status": status})
    refusal = await write("/v1/sales-orders", sale())
    assert (refusal["status"], refusal["code"], refusal["state"]) == (409, "CREDIT_HOLD", status)
    asked = {"keys": [{"subject": "ORDER", "id": "web-1"}]}
    assert (await client.post("/v1/postings/lookup", json=asked)).json()["items"] == []
    await client.post("/_sandbox/accounts", json={"customerId": "cust-00001", "status": "ACTIVE"})
    assert (await write("/v1/sales-orders", sale()))["documentNumber"]


async def test_a_closed_period_takes_nothing(client: httpx.AsyncClient, write: Write) -> None:
    """While the period is closed every posting and reversal is refused."""
    await write("/v1/sales-orders", sale())
    await client.post("/_sandbox/period", json={"closed": True})
    refused = [
        await write("/v1/sales-orders", sale(orderId="web-2")),
        await write("/v1/sales-orders/{id}/reverse", {}, "web-1"),
        await write("/v1/credit-memos", MEMO),
        await write("/v1/goods-receipts", goods()),
    ]
    assert {one["code"] for one in refused} == {"PERIOD_CLOSED"}
    await client.post("/_sandbox/period", json={"closed": False})
    assert (await write("/v1/credit-memos", MEMO))["documentNumber"]


async def test_an_order_of_the_world(write: Write, world: World, client: httpx.AsyncClient) -> None:
    """What was posted from the start can be reversed; what waits in the queue can be posted."""
    orders = {id_: facts for (subject, id_), facts in world.postings.items() if subject == "ORDER"}
    posted = next(id_ for id_, facts in orders.items() if facts["documentNumber"])
    queued = next(id_ for id_, facts in orders.items() if facts["required"] and not facts["documentNumber"])
    assert (await write("/v1/sales-orders/{id}/reverse", {}, posted))["reversedAt"]
    assert (await write("/v1/sales-orders/{id}/reverse", {}, queued))["code"] == "POSTING_NOT_FOUND"
    assert (await write("/v1/sales-orders", sale(orderId=queued)))["documentNumber"]


async def test_restocked_goods_lie_in_the_books(
    client: httpx.AsyncClient, write: Write, world: World, told: Told
) -> None:
    """A receipt puts what is restocked back where it came in, and the feed and its listeners learn of it."""
    before = int(world.stock["SKU-00001", "store-001"]["onHand"])
    assert (await write("/v1/goods-receipts", goods()))["subject"] == "RECEIPT"
    ((subject, position),) = told.about("erp.position.changed")
    assert (subject, position["onHand"]) == ("SKU-00001/store-001", str(before + 2))
    walk = {"limit": 1000, "changedSince": "2026-03-02T10:00:00.001Z"}
    assert CONTRACT.judge("/v1/positions/pages", await client.post("/v1/positions/pages", json=walk))["items"] == []
    first = (await client.post("/v1/positions/pages", json={"limit": 10})).json()["items"]
    (item,) = [one for one in first if one["record"]["locationId"] == "store-001" and one["record"]["onHand"]]
    assert item == {"sequence": told.notes[-1][3], "record": position}
    again = await write("/v1/goods-receipts", goods())
    assert again["code"] == "ILLEGAL_TRANSITION"


async def test_goods_without_a_shelf_go_to_the_first_centre(write: Write, told: Told) -> None:
    """Without a location goods are restocked at the first distribution centre; uncounted shelves stay unknown."""
    await write("/v1/goods-receipts", goods(locationId=None))
    assert [subject for subject, _ in told.about("erp.position.changed")] == ["SKU-00001/dc-001"]
    uncounted = [{"sku": "SKU-00027", "quantity": "1", "disposition": "RESTOCKED"}]
    assert (await write("/v1/goods-receipts", goods(id="rma-1-2", lines=uncounted)))["documentNumber"]
    assert len(told.about("erp.position.changed")) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/sales-orders", sale(lines=[])),
        ("/v1/sales-orders", sale(orderId="a/b")),
        ("/v1/sales-orders", sale(redeemed=euros("119.01"))),
        ("/v1/sales-orders", sale(redeemed={"amount": "1.00", "currencyCode": "USD"})),
        ("/v1/credit-memos", MEMO | {"amount": "59.50"}),
        ("/v1/goods-receipts", goods(locationId="nowhere")),
        ("/v1/goods-receipts", goods(lines=[{"sku": "SKU-00001", "quantity": "0", "disposition": "RESTOCKED"}])),
        ("/v1/goods-receipts", goods(lines=[{"sku": "nothing", "quantity": "1", "disposition": "RESTOCKED"}])),
        ("/v1/goods-receipts", goods(lines=[{"sku": "SKU-00001", "quantity": "1", "disposition": "EATEN"}])),
    ],
)
async def test_refuses_what_is_no_document(write: Write, body: dict[str, Any], path: str) -> None:
    """Documents that do not add up, or name what the books do not know, are 422."""
    assert (await write(path, body))["code"] == "INVALID_BODY"
