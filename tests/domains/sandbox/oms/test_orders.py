"""Orders taken and canceled."""

from typing import Any

import pytest

from domains.sandbox.world import World
from tests.domains.sandbox.oms.conftest import MovableClock, Oms
from tests.domains.sandbox.oms.test_reservations import RESERVE, draft

EUR_10 = {"amount": "10.00", "currencyCode": "EUR"}


def order_of(*lines: tuple[str, str], **members: Any) -> dict[str, Any]:
    body = {
        "customerId": "cust-00001",
        "lines": [{"sku": sku, "quantity": quantity, "unitPrice": EUR_10} for sku, quantity in lines],
    }
    return body | members


async def test_an_order_takes_its_reservation_over(service: Oms, world: World) -> None:
    """The stock stays reserved, the reservation is committed, and the order is found by id, number and customer."""
    held = await service.write(RESERVE, draft(("SKU-00001", None, "2"), ("SKU-00002", "store-001", "1")))
    reserved = (await service.stock("SKU-00001", "dc-001"))["reserved"]
    body = order_of(("SKU-00001", "2"), ("SKU-00002", "1"), reservationId=held["id"], channel="APP")
    order = await service.write("/v1/orders", body)
    assert order["total"] == {"amount": "30.00", "currencyCode": "EUR"}
    assert [(part["type"], part["locationId"], part["status"]) for part in order["fulfillments"]] == [
        ("SHIPPING", "dc-001", "PENDING"),
        ("PICKUP", "store-001", "PENDING"),
    ]
    assert (await service.stock("SKU-00001", "dc-001"))["reserved"] == reserved
    (row,) = (await service.ask("/v1/reservations/lookup", {"reservationIds": [held["id"]]}))["items"]
    assert row["state"] == "COMMITTED"
    numbers = {"orderNumbers": [order["orderNumber"]]}
    assert (await service.ask("/v1/orders/by-number", numbers))["items"] == [order]
    query = {"customerId": "cust-00001", "first": 1}
    assert (await service.ask("/v1/orders/search", {"queries": [query]}))["pages"][0]["items"] == [order]


async def test_a_reservation_is_used_once(service: Oms, clock: MovableClock) -> None:
    """A reservation that is committed, expired or unknown makes no order."""
    held = await service.write(RESERVE, draft(("SKU-00001", None, "1")))
    await service.write("/v1/orders", order_of(("SKU-00001", "1"), reservationId=held["id"]))
    late = await service.write(RESERVE, draft(("SKU-00001", None, "1"), ttlS=5))
    clock.move(5)
    for id_ in (held["id"], late["id"], "rsv-000099"):
        refusal = await service.refused("/v1/orders", order_of(("SKU-00001", "1"), reservationId=id_))
        assert refusal[:2] == (409, "RESERVATION_NOT_OPEN")


@pytest.mark.parametrize("lines", [[("SKU-00001", "2")], [("SKU-00001", "1"), ("SKU-00002", "1")]])
async def test_an_order_is_what_was_reserved(service: Oms, lines: list[tuple[str, str]]) -> None:
    """An order for other things than its reservation is refused, and the reservation stays open."""
    held = await service.write(RESERVE, draft(("SKU-00001", None, "1")))
    refusal = await service.refused("/v1/orders", order_of(*lines, reservationId=held["id"]))
    assert refusal[:2] == (422, "INVALID_BODY")
    await service.write("/v1/orders", order_of(("SKU-00001", "1"), reservationId=held["id"]))


async def test_without_a_reservation_the_stock_is_found(service: Oms) -> None:
    """An order without a reservation takes from the network, or is refused when the network has too little."""
    free = int((await service.stock("SKU-00001", None))["availableToPromise"])
    order = await service.write("/v1/orders", order_of(("SKU-00001", "1"), ("SKU-00001", str(free - 1))))
    held = [item for part in order["fulfillments"] for item in part["lines"]]
    assert sum(int(item["quantity"]) for item in held if item["lineId"] == "1") == 1
    assert sum(int(item["quantity"]) for item in held if item["lineId"] == "2") == free - 1
    assert (await service.refused("/v1/orders", order_of(("SKU-00001", "1"))))[:2] == (409, "INSUFFICIENT_STOCK")


async def test_canceling_gives_the_stock_back(service: Oms) -> None:
    """A canceled order frees what it held and cannot be canceled twice."""
    before = await service.stock("SKU-00001", None)
    order = await service.write("/v1/orders", order_of(("SKU-00001", "3")))
    canceled = await service.write("/v1/orders/{id}/cancel", {}, order["id"])
    assert canceled["facts"]["rejected"]
    assert [line["canceled"] for line in canceled["lines"]] == ["3"]
    assert await service.stock("SKU-00001", None) == before
    refusal = await service.refused("/v1/orders/{id}/cancel", {}, order["id"])
    assert refusal[:2] == (409, "ILLEGAL_TRANSITION")


async def test_an_order_of_the_world_gives_its_stock_back(service: Oms, world: World) -> None:
    """Orders that were open from the start hold stock too, and canceling them frees it."""
    order = world.orders["ord-000008"]
    part = order["fulfillments"][0]
    sku = order["lines"][0]["sku"]
    before = int((await service.stock(sku, part["locationId"]))["reserved"])
    await service.write("/v1/orders/{id}/cancel", {}, order["id"])
    after = int((await service.stock(sku, part["locationId"]))["reserved"])
    assert after == before - int(part["lines"][0]["quantity"])


@pytest.mark.parametrize("order_id", ["ord-000001", "ord-000009", "ord-000010", "ord-000011"])
async def test_what_has_left_cannot_be_canceled(service: Oms, order_id: str) -> None:
    """Completed, part-shipped, shipped and canceled orders stay as they are."""
    refusal = await service.refused("/v1/orders/{id}/cancel", {}, order_id)
    assert refusal[:2] == (409, "ILLEGAL_TRANSITION")


async def test_refuses_impossible_orders(service: Oms, world: World) -> None:
    """Other currencies, negative prices and no lines are 422; numbers already taken and unknown orders are 409."""
    line = {"sku": "SKU-00001", "quantity": "1"}
    for price in ({"amount": "1.00", "currencyCode": "USD"}, {"amount": "-1.00", "currencyCode": "EUR"}, None):
        body = {"lines": [line | {"unitPrice": price}]}
        assert (await service.refused("/v1/orders", body))[:2] == (422, "INVALID_BODY")
    assert (await service.refused("/v1/orders", {"lines": []}))[:2] == (422, "INVALID_BODY")
    taken = order_of(("SKU-00001", "1"), orderNumber=world.orders["ord-000001"]["orderNumber"])
    assert (await service.refused("/v1/orders", taken))[:2] == (409, "ORDER_NUMBER_TAKEN")
    assert (await service.refused("/v1/orders/{id}/cancel", {}, "ord-0"))[:2] == (409, "ORDER_NOT_FOUND")
