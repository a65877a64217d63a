"""Orders that go on their way, and what listeners hear of it."""

from typing import Any

import httpx
import pytest

from domains.sandbox import oms
from domains.sandbox.chassis import STILL, build_app
from domains.sandbox.world import World
from tests.domains.sandbox.oms.conftest import MovableClock, Oms
from tests.domains.sandbox.oms.test_orders import order_of
from tests.domains.sandbox.oms.test_reservations import RESERVE, draft
from tests.domains.sandbox.oms.test_returns import RECEIVE, back, goods
from tests.domains.sandbox.telling import Told

REQUESTS = "/v1/returns/requests"


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def client(world: World, clock: MovableClock, told: Told) -> httpx.AsyncClient:
    app = build_app("OMS", oms.routes(world, clock, told), STILL, clock)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://oms")


async def ship(client: httpx.AsyncClient, id_: str, **body: Any) -> Any:
    return (await client.post(f"/_sandbox/orders/{id_}/ship", json=body)).json()


async def test_an_order_goes_on_stage_by_stage(client: httpx.AsyncClient, service: Oms) -> None:
    """Picking, then on its way with a number to follow it by, then delivered; the stock leaves with the parcel."""
    order = await service.write("/v1/orders", order_of(("SKU-00001", "2"), orderId="web-1"))
    before = await service.stock("SKU-00001", "dc-001")
    assert (await ship(client, "web-1"))["facts"]["lifecycle"] == "PROCESSING"
    shipped = await ship(client, "web-1")
    assert (shipped["facts"]["delivery"], shipped["payment"]["captured"]) == ("FULL", order["total"])
    (parcel,) = shipped["fulfillments"][0]["shipments"]
    assert parcel["trackingNumber"] in parcel["trackingUrl"]
    assert shipped["lines"][0]["fulfilled"] == "2"
    after = await service.stock("SKU-00001", "dc-001")
    assert int(after["onHand"]) == int(before["onHand"]) - 2
    assert int(after["reserved"]) == int(before["reserved"]) - 2
    assert after["availableToPromise"] == before["availableToPromise"]
    delivered = await ship(client, "web-1")
    assert (delivered["facts"]["lifecycle"], delivered["fulfillments"][0]["status"]) == ("COMPLETED", "DELIVERED")
    assert [event["status"] for event in delivered["fulfillments"][0]["shipments"][0]["events"]] == [
        "SHIPPED",
        "DELIVERED",
    ]
    assert (await service.ask("/v1/orders/lookup", {"orderIds": ["web-1"]}))["items"] == [delivered]
    (sale,) = (await service.ask("/v1/sales/lookup", {"orderIds": ["web-1"]}))["items"]
    assert sale["lines"][0]["deliveredAt"] == "2026-03-02T10:00:00Z"
    assert (await ship(client, "web-1"))["code"] == "ILLEGAL_TRANSITION"


async def test_a_collection_leaves_when_it_is_fetched(client: httpx.AsyncClient, service: Oms) -> None:
    """What is collected waits in the shop while parcels are on their way; the order is complete once both are."""
    held = await service.write(RESERVE, draft(("SKU-00001", None, "1"), ("SKU-00002", "store-001", "1")))
    body = order_of(("SKU-00001", "1"), ("SKU-00002", "1"), orderId="web-1", reservationId=held["id"])
    await service.write("/v1/orders", body)
    shelf = await service.stock("SKU-00002", "store-001")
    shipped = await ship(client, "web-1", to="SHIPPED")
    assert [part["status"] for part in shipped["fulfillments"]] == ["SHIPPED", "READY_FOR_PICKUP"]
    assert shipped["facts"]["delivery"] == "PARTIAL"
    assert await service.stock("SKU-00002", "store-001") == shelf
    fetched = await ship(client, "web-1", to="DELIVERED")
    assert [line["fulfilled"] for line in fetched["lines"]] == ["1", "1"]
    assert int((await service.stock("SKU-00002", "store-001"))["onHand"]) == int(shelf["onHand"]) - 1


async def test_what_is_stopped_does_not_go_on(client: httpx.AsyncClient, service: Oms, world: World) -> None:
    """Canceled and held orders stay; nothing goes back a stage; orders nobody knows are not found."""
    await service.write("/v1/orders", order_of(("SKU-00001", "1"), orderId="web-1"))
    await service.write("/v1/orders/{id}/cancel", {}, "web-1")
    assert (await ship(client, "web-1"))["code"] == "ILLEGAL_TRANSITION"
    blocked = next(id_ for id_, row in world.orders.items() if row["facts"]["blocked"])
    assert (await ship(client, blocked))["state"] == "ON_HOLD"
    await service.write("/v1/orders", order_of(("SKU-00001", "1"), orderId="web-2"))
    await ship(client, "web-2", to="SHIPPED")
    assert (await ship(client, "web-2", to="PROCESSING"))["code"] == "ILLEGAL_TRANSITION"
    assert (await ship(client, "web-9"))["code"] == "ORDER_NOT_FOUND"
    assert (await ship(client, "web-2", to="LOST"))["code"] == "INVALID_BODY"


async def test_every_open_order_of_the_world_arrives(client: httpx.AsyncClient, world: World) -> None:
    """Wherever an order stands that is not stopped, it can be delivered, in full and without stock below zero."""
    for id_, row in list(world.orders.items()):
        facts = row["facts"]
        if facts["lifecycle"] == "COMPLETED" or facts["rejected"] or facts["blocked"] or facts["inReview"]:
            continue
        order = await ship(client, id_, to="DELIVERED")
        assert order["facts"]["lifecycle"] == "COMPLETED", order
        assert all(line["fulfilled"] == line["ordered"] for line in order["lines"])
    counted = [row for row in world.stock.values() if "onHand" in row]
    assert all(int(row["onHand"]) >= int(row["reserved"]) >= 0 for row in counted)


async def test_names_that_are_taken_are_stepped_over(service: Oms, world: World) -> None:
    """An order and a return that bring the OMS's own next name do not stand in the way of the ones after them."""
    taken = f"ord-{len(world.orders) + 1:06d}"
    await service.write("/v1/orders", order_of(("SKU-00001", "1"), orderId=taken, orderNumber="W1"))
    assert (await service.write("/v1/orders", order_of(("SKU-00001", "1"))))["id"] != taken
    refusal = await service.refused("/v1/orders", order_of(("SKU-00001", "1"), orderId=taken))
    assert refusal[:2] == (409, "ORDER_ID_TAKEN")
    refusal = await service.refused("/v1/orders", order_of(("SKU-00001", "1"), orderNumber="W1"))
    assert refusal[:2] == (409, "ORDER_NUMBER_TAKEN")


async def test_a_request_holds_its_pieces(service: Oms) -> None:
    """Pieces of a request count as on their way back until it is declined."""
    asked = await service.write(REQUESTS, back("2", returnId="rma-1", rmaNumber="R-1"))
    assert (asked["id"], asked["rmaNumber"], asked["status"]) == ("rma-1", "R-1", "REQUESTED")
    assert (await service.refused("/v1/returns", back("1")))[:2] == (409, "QUANTITY_EXCEEDED")
    assert (await service.refused(RECEIVE, goods("1"), "rma-1"))[:2] == (409, "ILLEGAL_TRANSITION")
    declined = await service.write("/v1/returns/{id}/decline", {"reason": "Worn."}, "rma-1")
    assert declined["status"] == "DECLINED"
    again = back("1", returnId="rma-1")
    assert (await service.refused("/v1/returns", again))[:2] == (409, "RETURN_ID_TAKEN")
    assert (await service.refused("/v1/returns", back("1", rmaNumber="R-1")))[:2] == (409, "RMA_NUMBER_TAKEN")
    assert (await service.refused("/v1/returns/{id}/decline", {}, "rma-1"))[:2] == (422, "INVALID_BODY")


async def test_what_changes_is_told(client: httpx.AsyncClient, service: Oms, told: Told) -> None:
    """Orders, returns and the shelves they touch are told as they are after each change, and reads tell nothing."""
    order = await service.write("/v1/orders", order_of(("SKU-00001", "1"), orderId="web-1"))
    assert told.about("oms.order.changed") == [("web-1", order)]
    ((subject, position),) = told.about("oms.stock.changed")
    assert subject == "SKU-00001/dc-001"
    assert position == await service.stock("SKU-00001", "dc-001")
    await ship(client, "web-1", to="DELIVERED")
    stages = [(row["facts"]["lifecycle"], row["facts"]["delivery"]) for _, row in told.about("oms.order.changed")]
    assert stages == [("CREATED", "NONE"), ("PROCESSING", "NONE"), ("PROCESSING", "FULL"), ("COMPLETED", "FULL")]
    told.notes.clear()
    await service.write(REQUESTS, back("1", "web-1", returnId="rma-1"))
    await service.write("/v1/returns/{id}/approve", {}, "rma-1")
    received = await service.write(RECEIVE, goods("1"), "rma-1")
    returns = told.about("oms.return.changed")
    assert [row["status"] for _, row in returns] == ["REQUESTED", "AUTHORIZED", "RECEIVED"]
    assert returns[-1] == ("rma-1", received)
    assert [row["lines"][0]["returned"] for _, row in told.about("oms.order.changed")] == ["1"]
    assert [subject for subject, _ in told.about("oms.stock.changed")] == ["SKU-00001/store-001"]
