"""Returns recorded, received and canceled."""

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domains.sandbox.chassis import Refused
from domains.sandbox.oms.orders import Orders
from domains.sandbox.oms.reservations import Reservations
from domains.sandbox.oms.returns import Returns
from domains.sandbox.oms.stock import Stock
from domains.sandbox.world import World, WorldSize, build_world
from tests.domains.sandbox.oms.conftest import NOW, MovableClock, Oms

RECEIVE = "/v1/returns/{id}/receive"


def back(quantity: str, order_id: str = "ord-000001", line_id: str = "1", **members: Any) -> dict[str, Any]:
    body = {
        "orderId": order_id,
        "lines": [{"orderLineId": line_id, "quantity": quantity, "reason": "UNWANTED"}],
        "method": "RETURN_IN_STORE",
        "refundType": "FULL_REFUND",
        "authorizedAt": "store-001",
    }
    return body | members


def goods(quantity: str, disposition: str = "RESTOCKED") -> dict[str, Any]:
    return {"lines": [{"lineId": "1", "quantity": quantity, "disposition": disposition}]}


async def open_and_returned(service: Oms) -> tuple[str, str]:
    (sale,) = (await service.ask("/v1/sales/lookup", {"orderIds": ["ord-000001"]}))["items"]
    return sale["lines"][0]["openReturns"], sale["lines"][0]["returned"]


async def test_a_return_is_recorded(service: Oms) -> None:
    """A recorded return is authorized, has a number and thirty days, and is found in every way."""
    refund = {"amount": "12.50", "currencyCode": "EUR"}
    fees = [{"reason": "Restocking", "amount": {"amount": "1.00", "currencyCode": "EUR"}}]
    row = await service.write("/v1/returns", back("1", estimatedRefund=refund, fees=fees))
    assert (row["status"], row["customerId"], row["expiresAt"]) == ("AUTHORIZED", "cust-00001", "2026-04-01T10:00:00Z")
    assert (row["estimatedRefund"], row["fees"]) == (refund, fees)
    assert (await service.ask("/v1/returns/by-rma", {"rmaNumbers": [row["rmaNumber"]]}))["items"] == [row]
    assert (await service.ask("/v1/returns/of-orders", {"orderIds": ["ord-000001"]}))["items"] == [row]
    query = {"customerId": "cust-00001", "first": 1}
    assert (await service.ask("/v1/returns/search", {"queries": [query]}))["pages"][0]["items"] == [row]
    assert await open_and_returned(service) == ("1", "0")


async def test_what_is_on_its_way_back_counts(service: Oms) -> None:
    """Pieces of open returns cannot be returned again; a canceled return frees them."""
    first = await service.write("/v1/returns", back("1"))
    status, code, members = await service.refused("/v1/returns", back("2"))
    assert (status, code, members["available"]) == (409, "QUANTITY_EXCEEDED", "1")
    await service.write("/v1/returns/{id}/cancel", {}, first["id"])
    await service.write("/v1/returns", back("2"))


async def test_lines_of_one_draft_are_summed(service: Oms) -> None:
    """Two lines of a draft for one line of the order are judged together."""
    body = back("2")
    body["lines"].append(body["lines"][0] | {"quantity": "1"})
    assert (await service.refused("/v1/returns", body))[:2] == (409, "QUANTITY_EXCEEDED")


async def test_receiving_moves_pieces_from_open_to_returned(service: Oms) -> None:
    """Goods taken in are returned and no longer open; the status follows; restocked ones lie where they came in."""
    row = await service.write("/v1/returns", back("2"))
    before = int((await service.stock("SKU-00001", "store-001"))["onHand"])
    part = await service.write(RECEIVE, goods("1"), row["id"])
    assert part["status"] == "PARTIALLY_RECEIVED"
    assert await open_and_returned(service) == ("1", "1")
    assert int((await service.stock("SKU-00001", "store-001"))["onHand"]) == before + 1
    whole = await service.write(RECEIVE, goods("1", "NOT_RESTOCKED"), row["id"])
    assert whole["status"] == "RECEIVED"
    assert await open_and_returned(service) == ("0", "2")
    assert int((await service.stock("SKU-00001", "store-001"))["onHand"]) == before + 1


async def test_missing_pieces_are_neither_open_nor_returned(service: Oms) -> None:
    """A piece that never arrived is no longer awaited and may be claimed again."""
    row = await service.write("/v1/returns", back("2"))
    part = await service.write(RECEIVE, goods("1", "MISSING"), row["id"])
    assert (part["status"], part["lines"][0]["quantityAuthorized"]) == ("AUTHORIZED", "1")
    assert await open_and_returned(service) == ("1", "0")
    closed = await service.write(RECEIVE, goods("1", "MISSING"), row["id"])
    assert closed["status"] == "CLOSED"
    await service.write("/v1/returns", back("2"))


async def test_no_more_is_received_than_authorized(service: Oms) -> None:
    """More pieces than were authorized are refused as a whole, and nothing is taken in."""
    row = await service.write("/v1/returns", back("1"))
    body = goods("1")
    body["lines"] *= 2
    assert (await service.refused(RECEIVE, body, row["id"]))[:2] == (409, "QUANTITY_EXCEEDED")
    assert await open_and_returned(service) == ("1", "0")


async def test_lifecycle_is_kept(service: Oms, world: World) -> None:
    """Received goods cannot be canceled, canceled returns not received, and unknown ones are not found."""
    row = await service.write("/v1/returns", back("1"))
    await service.write(RECEIVE, goods("1"), row["id"])
    assert (await service.refused("/v1/returns/{id}/cancel", {}, row["id"]))[:2] == (409, "ILLEGAL_TRANSITION")
    other = await service.write("/v1/returns", back("1"))
    await service.write("/v1/returns/{id}/cancel", {}, other["id"])
    assert (await service.refused(RECEIVE, goods("1"), other["id"]))[:2] == (409, "ILLEGAL_TRANSITION")
    assert (await service.refused(RECEIVE, goods("1"), "ret-0"))[:2] == (409, "RETURN_NOT_FOUND")
    assert (await service.refused("/v1/returns/{id}/cancel", {}, "ret-0"))[:2] == (409, "RETURN_NOT_FOUND")


@pytest.mark.parametrize(
    "members",
    [
        {"method": "BY_PIGEON"},
        {"refundType": "CASH"},
        {"lines": []},
        {"lines": [{"orderLineId": "1", "quantity": "1", "reason": "BORED"}]},
        {"lines": [{"orderLineId": "9", "quantity": "1", "reason": "UNWANTED"}]},
        {"lines": [{"orderLineId": "1", "quantity": "0", "reason": "UNWANTED"}]},
        {"fees": [{"reason": "x"}]},
        {"estimatedRefund": "12.50"},
        {"orderId": None},
    ],
)
async def test_refuses_impossible_drafts(service: Oms, members: dict[str, Any]) -> None:
    """A draft with unknown words, lines that are not in the order, or nothing in it is 422."""
    assert (await service.refused("/v1/returns", back("1") | members))[:2] == (422, "INVALID_BODY")


async def test_unfulfilled_and_unknown_orders_return_nothing(service: Oms) -> None:
    """What has not been handed over cannot come back, nor what nobody ordered."""
    assert (await service.refused("/v1/returns", back("1", "ord-000004")))[:2] == (409, "QUANTITY_EXCEEDED")
    assert (await service.refused("/v1/returns", back("1", "ord-0")))[:2] == (409, "ORDER_NOT_FOUND")


MOVES = st.tuples(st.sampled_from(["create", "receive", "missing", "cancel"]), st.integers(1, 3), st.integers(0, 5))


@settings(max_examples=60)
@given(st.lists(MOVES, max_size=25))
def test_no_piece_comes_back_twice(moves: list[tuple[str, int, int]]) -> None:
    """Whatever is recorded, received and canceled, returned and open pieces never exceed what was fulfilled."""
    size = WorldSize(products=24, stores=1, centres=1, customers=1, members=1, orders=1, returns=0)
    world, clock = build_world(1, NOW, size), MovableClock()
    stock = Stock(world)
    returns = Returns(world, Orders(world, stock, Reservations(stock, clock), clock), stock, clock)
    line = world.orders["ord-000001"]["lines"][0]
    for move, quantity, turn in moves:
        ids = list(world.returns) or ["ret-000000"]
        with suppress(Refused):
            if move == "create":
                returns.create(back(str(quantity)))
            elif move == "cancel":
                returns.cancel(ids[turn % len(ids)])
            else:
                disposition = "MISSING" if move == "missing" else "RESTOCKED"
                returns.receive(ids[turn % len(ids)], goods(str(quantity), disposition))
        open_ = returns.open_returns("ord-000001", "1")
        assert 0 <= open_ <= Decimal(line["fulfilled"]) - Decimal(line["returned"])
        received = sum(Decimal(part["quantityReceived"]) for row in world.returns.values() for part in row["lines"])
        assert received == Decimal(line["returned"])
