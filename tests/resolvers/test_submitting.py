"""Orders submitted and called off at the counter: who may, what is accepted, and what becomes of a repeat."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from domains.flows import CancelOrder, SubmitOrder
from domains.vocabulary import FreshnessTier, SystemRole, UpstreamTimeout
from gateway.identity import ANONYMOUS
from resolvers.context import Caller
from tests.resolvers.goods import order
from tests.resolvers.world import ADA, ASSOCIATE, BOB, PROMISES, World

REFUSAL = "... on Refusal { code message path retryable }"
SUBMIT = f"""mutation($input: OrderSubmitInput!) {{ orderSubmit(input: $input) {{ __typename {REFUSAL}
  ... on Order {{ id orderNumber status channel total {{ amount }} lines {{ id sku }} freshness {{ source }} }}
  ... on RedemptionExceedsTotal {{ value {{ amount }} }}
  ... on LinesDifferFromReservation {{ differences {{ sku ordered reserved }} }} }} }}"""
CANCEL = f"""mutation($input: OrderCancelInput!) {{ orderCancel(input: $input) {{ __typename {REFUSAL}
  ... on Order {{ id status }} ... on OrderNotCancelable {{ status }} }} }}"""


def euros(amount: str) -> dict[str, str]:
    return {"amount": amount, "currencyCode": "EUR"}


def basket(price: str = "12.50", **changes: Any) -> dict[str, Any]:
    line = {"sku": "SKU-1", "quantity": "1", "unitPrice": euros(price)}
    return {"lines": [line], "total": euros(price), "idempotencyKey": "k1"} | changes


async def submit(world: World, caller: Caller = ADA, **changes: Any) -> dict[str, Any]:
    answer: dict[str, Any] = (await world.data(SUBMIT, caller, input=basket(**changes)))["orderSubmit"]
    return answer


async def cancel(world: World, order_id: str, caller: Caller = ADA, **changes: Any) -> dict[str, Any]:
    given = {"orderId": order_id, "idempotencyKey": "c1"} | changes
    answer: dict[str, Any] = (await world.data(CANCEL, caller, input=given))["orderCancel"]
    return answer


def unshipped() -> World:
    """A world in which nothing of Ada's order has left."""
    fresh = order(1)
    lines = tuple(msgspec.structs.replace(line, fulfilled=Decimal(0)) for line in fresh.lines)
    return World(orders_of_ada=[msgspec.structs.replace(fresh, lines=lines)])


def accepted(world: World) -> SubmitOrder:
    (submission,) = world.journal.submissions.values()
    assert submission.kind == "order.submit"
    assert isinstance(submission.command, SubmitOrder)
    return submission.command


async def test_a_customer_s_order_is_accepted_with_reservation_and_points(world: World) -> None:
    """The shopper is answered an order under its number; the command holds the OMS's own reservation, and no seal."""
    own = PROMISES.seal("rsv-1", "customer:cust-00001")
    answer = await submit(world, reservationId=f"InventoryReservation:{own}", redemptionId="LoyaltyRedemption:red-1")
    assert answer["__typename"] == "Order", answer
    assert (answer["status"], answer["channel"], answer["total"]["amount"]) == ("CREATED", "WEB", "12.50")
    assert answer["freshness"]["source"] == "journal"
    command = accepted(world)
    assert (command.reservation_id, command.redemption_id, command.membership_id) == ("rsv-1", "red-1", "mem-00001")
    assert (command.customer_id, f"Order:{command.order_id}") == ("cust-00001", answer["id"])
    assert world.written == []
    asked = {"inventory.reservations": 1, "loyalty.redemptions": 1, "loyalty.by_customer": 1}
    assert world.calls() == asked


async def test_a_repeat_is_the_same_order(world: World) -> None:
    """The same key answers the same order and accepts nothing more; with another basket it is a conflict."""
    first, second = await submit(world), await submit(world)
    assert (first["id"], first["orderNumber"]) == (second["id"], second["orderNumber"])
    assert len(world.journal.submissions) == 1
    assert (await submit(world, price="13.00"))["code"] == "IDEMPOTENCY_CONFLICT"


async def test_others_have_orders_of_their_own_under_the_same_key(world: World) -> None:
    """Keys belong to their callers: two of them never meet in one order."""
    assert (await submit(world, ADA))["id"] != (await submit(world, BOB))["id"]


async def test_a_stranger_s_reservation_is_none(world: World) -> None:
    """A reservation that another shopper made is told as not found, before any system is asked."""
    theirs = PROMISES.seal("rsv-1", "customer:cust-00001")
    answer = await submit(world, BOB, reservationId=theirs)
    assert (answer["code"], world.calls()) == ("RESERVATION_NOT_FOUND", {})


async def test_a_stranger_s_points_are_none(world: World) -> None:
    """Points of another member pay for nothing."""
    assert (await submit(world, BOB, redemptionId="red-1"))["code"] == "REDEMPTION_NOT_FOUND"


async def test_points_beyond_the_total_are_told_with_their_worth(world: World) -> None:
    """Who holds more points than the basket costs reads what they are worth."""
    answer = await submit(world, price="0.50", redemptionId="red-1")
    assert (answer["code"], answer["value"]) == ("REDEMPTION_EXCEEDS_TOTAL", {"amount": "1.00"})


async def test_an_associate_orders_for_whom_they_name(world: World) -> None:
    """An associate names the customer and the OMS's own reservation; the order is placed in the store."""
    answer = await submit(world, ASSOCIATE, customerId="Customer:cust-00002", reservationId="rsv-1")
    assert (answer["__typename"], answer["channel"]) == ("Order", "STORE")
    assert (accepted(world).customer_id, accepted(world).reservation_id) == ("cust-00002", "rsv-1")


async def test_a_guest_needs_an_address(world: World) -> None:
    """A visitor orders by email address; without one nobody could tell them of their order."""
    body = await world.ask(SUBMIT, ANONYMOUS, input=basket())
    assert "BAD_USER_INPUT" in str(body.errors)
    assert (await submit(world, ANONYMOUS, email="guest@example.test"))["__typename"] == "Order"
    assert accepted(world).customer_id is None


async def test_nobody_orders_for_somebody_else(world: World) -> None:
    """A customer who names another one is sent back; naming oneself is as good as not."""
    body = await world.ask(SUBMIT, BOB, input=basket(customerId="cust-00001"))
    assert "BAD_USER_INPUT" in str(body.errors)
    assert (await submit(world, BOB, customerId="cust-00002"))["__typename"] == "Order"


@pytest.mark.parametrize(
    ("read", "system", "given"),
    [
        ("inventory.reservations", SystemRole.OMS, {"reservationId": PROMISES.seal("rsv-1", "customer:cust-00001")}),
        ("loyalty.redemptions", SystemRole.LOYALTY, {"redemptionId": "red-1"}),
    ],
)
async def test_a_system_that_fails_is_told_and_the_key_is_free_again(
    world: World, read: str, system: SystemRole, given: dict[str, Any]
) -> None:
    """Without the system that must vouch nothing is accepted; the same request succeeds when it is back."""
    world.fail(UpstreamTimeout(system, "read"), read)
    answer = await submit(world, **given)
    assert (answer["code"], answer["retryable"]) == ("BACKEND_UNAVAILABLE", True)
    assert world.journal.submissions == {}
    world.fakes()[read].error = None
    assert (await submit(world, **given))["__typename"] == "Order"


async def test_an_order_is_called_off_by_its_customer() -> None:
    """The owner's cancellation is accepted with the order as it stands; its steps know what to take back."""
    world = unshipped()
    answer = await cancel(world, "Order:ord-000001", reason="bought twice")
    assert (answer["__typename"], answer["id"]) == ("Order", "Order:ord-000001"), answer
    (submission,) = world.journal.submissions.values()
    assert submission.kind == "order.cancel"
    command = submission.command
    assert isinstance(command, CancelOrder)
    assert (command.order_id, command.reason, command.customer_id) == ("ord-000001", "bought twice", "cust-00001")
    assert command.total is not None
    await cancel(world, "ord-000001", reason="", idempotencyKey="c2")
    reasons = [one.command.reason for one in world.journal.submissions.values() if isinstance(one.command, CancelOrder)]
    assert reasons == ["bought twice", None], "no reason is none"


async def test_a_stranger_s_order_is_not_called_off() -> None:
    """Another customer's order, and one that does not exist, are both not found; an associate may cancel for them."""
    world = unshipped()
    assert (await cancel(world, "ord-000001", BOB))["code"] == "ORDER_NOT_FOUND"
    assert (await cancel(world, "ord-000404", idempotencyKey="c2"))["code"] == "ORDER_NOT_FOUND"
    assert (await cancel(world, "ord-000001", ASSOCIATE))["__typename"] == "Order"


async def test_an_order_that_has_left_is_not_called_off(world: World) -> None:
    """What has left comes back as a return; the refusal says how far the order has come."""
    answer = await cancel(world, "ord-000001")
    assert (answer["code"], answer["status"]) == ("ORDER_NOT_CANCELABLE", "PROCESSING")


async def test_an_oms_that_cannot_be_asked_cancels_nothing(world: World) -> None:
    """While the OMS is away nobody knows whether the order may be canceled, so nothing is accepted."""
    world.fail(UpstreamTimeout(SystemRole.OMS, "orders"), "orders.by_id")
    answer = await cancel(world, "ord-000001")
    assert (answer["code"], world.journal.submissions) == ("BACKEND_UNAVAILABLE", {})


async def test_what_was_last_known_of_an_order_does_not_cancel_it() -> None:
    """Nothing had left when the OMS was last heard, which says nothing of now: no answer calls that live."""
    world = unshipped()
    world.fakes()["orders.by_id"].tier = FreshnessTier.STALE_DEGRADED
    answer = await cancel(world, "ord-000001")
    assert (answer["code"], answer["retryable"]) == ("BACKEND_UNAVAILABLE", True)
    assert world.journal.submissions == {}
    world.fakes()["orders.by_id"].tier = FreshnessTier.LIVE
    assert (await cancel(world, "ord-000001"))["__typename"] == "Order"
