"""An order over real HTTP: accepted while the shopper waits, brought to every system afterwards, and called off."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from domains.sandbox import Sandbox
from tests.running import Asked, Json, command, gateway_running, sandbox_running, until

ADA, BOB, CLERK = "ada", "bob", "clerk"
TOKENS = "".join(
    f"""
[[identity.tokens]]
sha256 = "{hashlib.sha256(name.encode()).hexdigest()}"
subject = "{name}"
{who}
"""
    for name, who in (
        (ADA, 'customer = "cust-00001"'),
        (BOB, 'customer = "cust-00002"'),
        (CLERK, 'audience = "associate"'),
    )
)
SHOPPERS = '[identity.anonymous]\naudience = "storefront"\n'
BY_HAND = "[durable]\nworkers_in_serve = false\n"
SHIRT, SOCKS = "SKU-00007", "SKU-00008"
LINES = [
    {"sku": SHIRT, "quantity": "2", "unitPrice": {"amount": "20.00", "currencyCode": "EUR"}},
    {"sku": SOCKS, "quantity": "1", "unitPrice": {"amount": "5.50", "currencyCode": "EUR"}},
]
TOTAL = {"amount": "45.50", "currencyCode": "EUR"}
RESERVE = """mutation Reserve($input: InventoryReservationCreateInput!) { inventoryReservationCreate(input: $input) {
  __typename ... on InventoryReservation { id state } ... on Refusal { code message } } }"""
HOLD = """mutation Hold($input: LoyaltyRedemptionHoldInput!) { loyaltyRedemptionHold(input: $input) {
  __typename ... on LoyaltyRedemption { id state value { amount } } ... on Refusal { code message } } }"""
SUBMIT = """mutation Submit($input: OrderSubmitInput!) { orderSubmit(input: $input) {
  __typename ... on Order { id orderNumber status total { amount } lines { sku total { amount } } freshness { source } }
  ... on Refusal { code message path }
  ... on LinesDifferFromReservation { differences { sku ordered reserved } } } }"""
CANCEL = """mutation Cancel($input: OrderCancelInput!) { orderCancel(input: $input) {
  __typename ... on Order { id status } ... on Refusal { code message } } }"""
ORDER = """query Order($id: ID!) { order(id: $id) { id orderNumber status freshness { source } } }"""
BOOKS = """query Books($id: ID!) { order(id: $id) @maxStale(seconds: 0) { status freshness { source }
  erpPosting @maxStale(seconds: 0) { state documentNumber }
  loyalty @maxStale(seconds: 0) { pending { value } earned { value } } } }"""
KEYS = iter(f"key-{number}" for number in range(10_000))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with sandbox_running() as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("orders")


@pytest.fixture(scope="module")
def served(sandbox: Sandbox, folder: Path) -> Iterator[Asked]:
    """A gateway that does no steps itself: what it waits for is what a shopper waits for."""
    with gateway_running(sandbox.urls, folder, TOKENS + BY_HAND, SHOPPERS) as running:
        yield running


@pytest.fixture
def asked(served: Asked) -> Asked:
    served.reset()
    return served


def told(asked: Asked, mutation: str, given: Json, who: str | None = ADA) -> Json:
    (answer,) = asked.data(mutation, {"input": {"idempotencyKey": next(KEYS), **given}}, who).values()
    assert isinstance(answer, dict)
    return answer


def reserved(asked: Asked, who: str | None = ADA) -> str:
    lines = [{"sku": line["sku"], "quantity": line["quantity"]} for line in LINES]
    reservation = told(asked, RESERVE, {"lines": lines}, who)
    assert reservation.get("state") == "CREATED", reservation
    return str(reservation["id"])


def held(asked: Asked) -> str:
    redemption = told(asked, HOLD, {"membershipId": "mem-00001", "points": "100"})
    assert redemption.get("state") == "HELD", redemption
    return str(redemption["id"])


def submitted(asked: Asked, who: str | None = ADA, **given: Any) -> Json:
    return told(asked, SUBMIT, {"lines": LINES, "total": TOTAL, **given}, who)


def looked_up(sandbox: Sandbox, system: str, path: str, asking: Json) -> list[Json]:
    answer = httpx.post(f"{sandbox.urls[system]}{path}", json=asking, trust_env=False).json()
    items: list[Json] = answer["items"]
    return items


def books(asked: Asked, order_id: str) -> Json:
    """What an associate reads of the order, past every cache."""
    order: Json = asked.data(BOOKS, {"id": order_id}, CLERK)["order"]
    return order


def state_of(sandbox: Sandbox, redemption: str) -> str:
    native = redemption.removeprefix("LoyaltyRedemption:")
    (found,) = looked_up(sandbox, "LOYALTY", "/v1/redemptions/lookup", {"redemptionIds": [native]})
    return str(found["state"])


def history(sandbox: Sandbox, order_id: str) -> list[str]:
    found = looked_up(sandbox, "CRM", "/v1/history/lookup", {"customerIds": ["cust-00001"]})
    return [note["kind"] for note in found if note["about"] == order_id]


def test_an_order_is_accepted_without_the_erp_and_brought_to_every_system(
    sandbox: Sandbox, asked: Asked, folder: Path
) -> None:
    """Accepted and readable at once while nobody works; then in all four systems, once; canceled, in none of them."""
    given = {"reservationId": reserved(asked), "redemptionId": held(asked), "idempotencyKey": "ada's basket"}
    asked.reset()
    order = submitted(asked, **given)
    assert (order["status"], order["total"]["amount"]) == ("CREATED", "45.50"), order
    assert order["freshness"]["source"] == "journal"
    assert asked.calls() == {
        "OMS": {"POST /v1/reservations/lookup": 1},
        "LOYALTY": {"POST /v1/redemptions/lookup": 1, "POST /v1/memberships/by-customer": 1},
    }
    again = submitted(asked, **given)
    assert (again["id"], again["orderNumber"]) == (order["id"], order["orderNumber"])
    shown = asked.data(ORDER, {"id": order["id"]}, ADA)["order"]
    assert (shown["orderNumber"], shown["status"], shown["freshness"]["source"]) == (
        order["orderNumber"],
        "CREATED",
        "journal",
    )
    assert asked.data(ORDER, {"id": order["id"]}, BOB)["order"] is None
    assert "ERP" not in asked.calls()

    with command("work", "--config", str(folder / "retailgraph.toml")):
        until(lambda: history(sandbox, order["id"]) or None, "the line in the customer's history")
        taken = until(lambda: found if (found := books(asked, order["id"]))["erpPosting"] else None, "the document")
        assert (taken["status"], taken["freshness"]["source"]) == ("CREATED", "oms:open")
        assert taken["erpPosting"]["state"] == "POSTED"
        assert taken["erpPosting"]["documentNumber"]
        assert float(taken["loyalty"]["pending"]["value"]) > 0
        assert state_of(sandbox, given["redemptionId"]) == "CAPTURED"
        assert history(sandbox, order["id"]) == ["order.submitted"]
        written = {path: times for calls in asked.calls().values() for path, times in calls.items()}
        assert [written.get(path) for path in ("POST /v1/orders", "POST /v1/sales-orders", "POST /v1/accruals")] == [
            1,
            1,
            1,
        ]

        assert told(asked, CANCEL, {"orderId": order["id"]}, BOB)["code"] == "ORDER_NOT_FOUND"
        accepted = told(asked, CANCEL, {"orderId": order["id"], "reason": "bought twice"})
        assert accepted["__typename"] == "Order", accepted
        until(lambda: history(sandbox, order["id"])[1:] or None, "the end of the cancellation")
        assert state_of(sandbox, given["redemptionId"]) == "REVERSED"
        native = order["id"].removeprefix("Order:")
        (posting,) = looked_up(sandbox, "ERP", "/v1/postings/lookup", {"keys": [{"subject": "ORDER", "id": native}]})
        assert posting["reversedAt"]
        canceled = books(asked, order["id"])
        assert canceled["status"] == "CANCELED"
        assert not float((canceled["loyalty"]["pending"] or {"value": 0})["value"])
        assert told(asked, CANCEL, {"orderId": order["id"]})["code"] == "ORDER_NOT_CANCELABLE"


def test_an_order_that_does_not_fit_is_refused_at_once(asked: Asked) -> None:
    """What was not reserved, is somebody else's, or is spent, is told by its type, and changes nothing."""
    reservation, redemption = reserved(asked), held(asked)
    asked.reset()
    differs = submitted(asked, reservationId=reservation, lines=LINES[:1], total={**TOTAL, "amount": "40.00"})
    assert differs["code"] == "LINES_DIFFER_FROM_RESERVATION"
    assert differs["differences"] == [{"sku": SOCKS, "ordered": "0", "reserved": "1"}]
    assert submitted(asked, BOB, reservationId=reservation)["code"] == "RESERVATION_NOT_FOUND"
    assert submitted(asked, BOB, redemptionId=redemption)["code"] == "REDEMPTION_NOT_FOUND"
    written = [path for calls in asked.calls().values() for path in calls if not path.endswith(("lookup", "customer"))]
    assert written == []


def test_a_guest_orders_by_email_and_nobody_orders_for_somebody_else(asked: Asked) -> None:
    """A guest needs an address and nothing else; a customer's order is their own, an associate's is whose they say."""
    guest = submitted(asked, None, email="guest@example.com", reservationId=reserved(asked, None))
    assert guest["__typename"] == "Order", guest
    assert submitted(asked, CLERK, customerId="cust-00002")["__typename"] == "Order"
    for who, whose in ((None, None), (BOB, "cust-00001")):
        given = {"lines": LINES, "total": TOTAL, "idempotencyKey": next(KEYS), "customerId": whose}
        body = asked.ask(SUBMIT, {"input": given}, who)
        assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT", body


def test_an_order_that_cannot_be_taken_is_given_up_and_read_as_canceled(
    sandbox: Sandbox, asked: Asked, folder: Path
) -> None:
    """A reservation that goes between the answer and the OMS ends the order: its points are free, and it reads so."""
    reservation, redemption = reserved(asked), held(asked)
    first = submitted(asked, reservationId=reservation)
    second = submitted(asked, reservationId=reservation)
    nowhere = [{**LINES[0], "sku": "SKU-00000"}]
    third = submitted(asked, lines=nowhere, total={**TOTAL, "amount": "40.00"}, redemptionId=redemption)
    assert {one["status"] for one in (first, second, third)} == {"CREATED"}

    def status(order: Json) -> str:
        return str(asked.data(ORDER, {"id": order["id"]}, ADA)["order"]["status"])

    with command("work", "--config", str(folder / "retailgraph.toml")):
        until(lambda: status(second) == "CANCELED" or None, "the end of the second order")
        until(lambda: status(third) == "CANCELED" or None, "the end of the third order")
        assert status(first) == "CREATED"
        assert state_of(sandbox, redemption) == "VOIDED"
