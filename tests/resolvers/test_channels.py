"""Partners see and place the orders of their channel, and no others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domains.orders import OrderQuery
from domains.vocabulary import CustomerId, OrderId, SystemRole, UpstreamTimeout
from resolvers.channel import READS_MAX
from resolvers.context import Caller
from resolvers.pagination import FIRST_MAX
from tests.resolvers.fakes import Fake, page_of
from tests.resolvers.goods import order
from tests.resolvers.world import ADA, World

ACME = Caller(subject="key:acme", audience="partner/acme", channel="MARKET")
DELEGATE = replace(ACME, customer_id=CustomerId("cust-00001"))
BARE = Caller(subject="key:bare", audience="partner")
ORDER = "query($id: ID!) { order(id: $id) { orderNumber channel customer { id } returns { rmaNumber order { id } } } }"
BY_NUMBER = 'query($no: String!) { orderByNumber(orderNumber: $no, email: "ada@example.test") { orderNumber } }'
RETURN = "query($id: ID, $rma: String) { returnAuthorization(id: $id, rmaNumber: $rma) { rmaNumber } }"
PAGE = """query($first: Int!, $after: String) { me { orders(first: $first, after: $after) {
  edges { cursor node { id } } nodes { id }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"""
SUBMIT = """mutation($input: OrderSubmitInput!) { orderSubmit(input: $input) { ... on Order { channel } } }"""
CANCEL = 'mutation($id: ID!) { orderCancel(input: {orderId: $id, idempotencyKey: "k"}) { __typename } }'


@pytest.fixture
def world() -> World:
    """Order 1 was placed on the marketplace, the others on the web, all by Ada."""
    placed_there = [msgspec.structs.replace(order(number), channel="WEB") for number in range(1, 4)]
    placed_there[0] = msgspec.structs.replace(placed_there[0], channel="MARKET")
    return World(orders_of_ada=placed_there)


async def test_a_partner_sees_its_channel_and_no_other(world: World) -> None:
    """Whoever placed an order, the channel decides; who the customer is stays with the retailer."""
    shown = (await world.data(ORDER, ACME, id="ord-000001"))["order"]
    assert (shown["channel"], shown["customer"]) == ("MARKET", None)
    assert shown["returns"] == [{"rmaNumber": "RMA-000001", "order": {"id": "Order:ord-000001"}}]
    assert (await world.data(ORDER, ACME, id="ord-000002"))["order"] is None
    assert (await world.data(ORDER, replace(ACME, channel="WEB"), id="ord-000002"))["order"] is not None


@pytest.mark.parametrize("caller", [BARE, replace(BARE, audience="partner/bare")])
async def test_without_a_channel_a_partner_sees_none(world: World, caller: Caller) -> None:
    """Neither an order nor a return, by whichever name, and not with a guest's proof either."""
    assert (await world.data(ORDER, caller, id="ord-000001"))["order"] is None
    assert (await world.data(BY_NUMBER, caller, no="R000000001"))["orderByNumber"] is None
    assert (await world.data(RETURN, caller, id="ret-000001"))["returnAuthorization"] is None
    assert (await world.data(RETURN, caller, rma="RMA-000001"))["returnAuthorization"] is None


async def test_a_proof_is_for_guests(world: World) -> None:
    """A partner that knows an email address does not get past its channel by it."""
    assert (await world.data(BY_NUMBER, ACME, no="R000000002"))["orderByNumber"] is None
    assert (await world.data(BY_NUMBER, ACME, no="R000000001"))["orderByNumber"]["orderNumber"] == "R000000001"


async def test_returns_follow_their_order(world: World) -> None:
    """What came back of an order of the channel is seen, by id and by number; not while nobody can say whose it is."""
    assert (await world.data(RETURN, ACME, id="ret-000001"))["returnAuthorization"] is not None
    assert (await world.data(RETURN, ACME, rma="RMA-000001"))["returnAuthorization"] is not None
    assert (await world.data(RETURN, replace(ACME, channel="WEB"), id="ret-000001"))["returnAuthorization"] is None
    world.fail(UpstreamTimeout(SystemRole.OMS, "orders"), "orders.by_id")
    answer = await world.ask(RETURN, ACME, id="ret-000001")
    assert (answer.data, answer.code) == ({"returnAuthorization": None}, "UPSTREAM_TIMEOUT")


async def test_a_partner_that_speaks_for_a_customer_stays_in_its_channel(world: World) -> None:
    """Of the customer's own list it sees its part."""
    document = """{ me { orders(first: 2) { nodes { channel } }
      returns { nodes { id } } loyalty { ledger { nodes { order { channel } } } } } }"""
    mine = (await world.data(document, ADA))["me"]
    theirs = (await world.data(document, DELEGATE))["me"]
    assert [one["channel"] for one in mine["orders"]["nodes"]] == ["MARKET", "WEB"]
    assert [one["channel"] for one in theirs["orders"]["nodes"]] == ["MARKET"]
    assert (mine["returns"] is None, theirs["returns"]) == (False, None)
    seen = {one["order"]["channel"] for one in theirs["loyalty"]["ledger"]["nodes"] if one["order"] is not None}
    assert seen <= {"MARKET"}


@settings(max_examples=40)
@given(
    runs=st.lists(st.tuples(st.booleans(), st.sampled_from([1, 2, 3, FIRST_MAX, FIRST_MAX + 1])), max_size=4),
    first=st.sampled_from([1, 2, 7, FIRST_MAX]),
)
@example(runs=[(True, 1), (False, 3), (True, 1), (False, 1)], first=2)
@example(runs=[(False, FIRST_MAX + 1), (True, 2), (False, FIRST_MAX + 1)], first=1)
async def test_a_walk_through_the_orders_of_a_channel_names_no_other(runs: list[tuple[bool, int]], first: int) -> None:
    """However the channels lie among each other: every page but the last is full, all are seen once, and each cursor
    is that of an order which is shown."""
    ours = [ours for ours, length in runs for _ in range(length)]
    placed = [
        msgspec.structs.replace(order(number, lines=1), channel="MARKET" if mine else "WEB")
        for number, mine in enumerate(ours, start=1)
    ]
    world = World(orders_of_ada=placed)
    expected = [f"Order:{one.id}" for one in placed if one.channel == "MARKET"]
    seen: list[str] = []
    after, more = None, True
    while more:
        page = (await world.data(PAGE, DELEGATE, first=first, after=after))["me"]["orders"]
        info, edges = page["pageInfo"], page["edges"]
        assert [edge["node"] for edge in edges] == page["nodes"]
        assert info["hasPreviousPage"] is (after is not None)
        ends = (edges[0]["cursor"], edges[-1]["cursor"]) if edges else (None, None)
        assert (info["startCursor"], info["endCursor"]) == ends
        seen += [edge["node"]["id"] for edge in edges]
        after, more = info["endCursor"], info["hasNextPage"]
        assert len(edges) == first or not more
    assert seen == expected


async def test_a_channel_far_behind_the_others_is_said_to_be(world: World) -> None:
    """What is read for one page has an end; who comes to it is told what to do, and a failure is no end of the list."""
    other = msgspec.structs.replace(order(1), channel="WEB")
    world.orders_of_ada[:] = [
        msgspec.structs.replace(other, id=OrderId(f"ord-{n:06}")) for n in range(READS_MAX * FIRST_MAX + 1)
    ]
    pages = Fake[OrderQuery, Any](lambda query: page_of(world.orders_of_ada, query.first, query.after))
    world.orders = replace(world.orders, of_customer=pages)
    answer = await world.ask(PAGE, DELEGATE, first=1)
    assert (answer.code, len(pages.calls)) == ("BAD_USER_INPUT", READS_MAX)
    assert "one status" in str(answer.errors)
    pages.error = UpstreamTimeout(SystemRole.OMS, "orders")
    assert (await world.ask(PAGE, DELEGATE, first=1)).code == "UPSTREAM_TIMEOUT"


async def test_a_page_that_is_full_is_answered_whatever_stands_behind_it() -> None:
    """How many orders of other channels follow is the next page's trouble."""
    other, rest = msgspec.structs.replace(order(1, lines=1), channel="WEB"), range(2, READS_MAX * FIRST_MAX + 2)
    behind = [msgspec.structs.replace(other, id=OrderId(f"ord-{n:06}")) for n in rest]
    world = World(orders_of_ada=[msgspec.structs.replace(other, channel="MARKET"), *behind])
    page = (await world.data(PAGE, DELEGATE, first=1))["me"]["orders"]
    assert (len(page["nodes"]), page["pageInfo"]["hasNextPage"]) == (1, True)
    page = (await world.data(PAGE, DELEGATE, first=1, after=page["pageInfo"]["endCursor"]))["me"]["orders"]
    assert (page["nodes"], page["pageInfo"]["hasNextPage"]) == ([], False)


async def test_who_sees_no_order_is_not_looked_for_one(world: World) -> None:
    """A partner without a channel has an empty list, however long the customer's is."""
    world.orders_of_ada[:] = [order(number, lines=1) for number in range(1, FIRST_MAX + 2)]
    pages = Fake[OrderQuery, Any](lambda query: page_of(world.orders_of_ada, query.first, query.after))
    world.orders = replace(world.orders, of_customer=pages)
    found = (await world.data(PAGE, replace(DELEGATE, channel=None), first=1))["me"]["orders"]
    assert (found["nodes"], found["pageInfo"]["hasNextPage"], len(pages.calls)) == ([], False, 1)


async def test_what_is_not_in_the_channel_cannot_be_canceled(world: World) -> None:
    """It is not there, and nothing is written."""
    data = await world.data(CANCEL, ACME, id="ord-000002")
    assert data["orderCancel"]["__typename"] == "OrderNotFound"
    assert world.journal.submissions == {}


@pytest.mark.parametrize(
    ("caller", "named", "channel"),
    [
        (ACME, None, "MARKET"),
        (ACME, "MARKET", "MARKET"),
        (ACME, "WEB", None),
        (BARE, None, None),
        (BARE, "MARKET", None),
        (replace(ADA, channel="KIOSK"), None, "KIOSK"),
        (replace(ADA, channel="KIOSK"), "WEB", None),
        (ADA, None, "WEB"),
        (ADA, "APP", "APP"),
    ],
)
async def test_who_is_bound_to_a_channel_orders_in_it(
    world: World, caller: Caller, named: str | None, channel: str | None
) -> None:
    """It is understood, and no other is taken; a partner without one orders nowhere."""
    price = {"amount": "12.50", "currencyCode": "EUR"}
    lines = [{"sku": "SKU-1", "quantity": "1", "unitPrice": price}]
    given: dict[str, Any] = {"lines": lines, "total": price, "email": "a@b.de", "channel": named, "idempotencyKey": "k"}
    answer = await world.ask(SUBMIT, caller, input=given)
    if channel is None:
        assert answer.code == "FORBIDDEN"
        assert world.journal.submissions == {}
        return
    assert answer.data == {"orderSubmit": {"channel": channel}}, answer.errors


def test_fakes_answer_by_channel(world: World) -> None:
    """The world of these tests has orders of both channels: without that they would prove nothing."""
    assert isinstance(world.orders.by_id, Fake)
    assert [one.channel for one in world.orders_of_ada] == ["MARKET", "WEB", "WEB"]
