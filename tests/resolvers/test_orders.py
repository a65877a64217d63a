"""Orders: who may see one, and what it says of itself."""

from datetime import timedelta

import pytest

from resolvers.context import Caller
from tests.resolvers.goods import NOW
from tests.resolvers.world import ADA, ASSOCIATE, BOB, GUEST, World

BY_NUMBER = """query($email: String, $postalCode: String) {
  orderByNumber(orderNumber: "R000000001", email: $email, postalCode: $postalCode) { id customer { email } }
}"""


@pytest.mark.parametrize(
    ("caller", "seen"),
    [(ADA, True), (BOB, False), (GUEST, False), (ASSOCIATE, True), (Caller("o", "operations"), True)],
)
@pytest.mark.parametrize(
    "document",
    [
        '{ found: order(id: "Order:ord-000001") { id } }',
        '{ found: node(id: "Order:ord-000001") { id } }',
        '{ found: orderByNumber(orderNumber: "R000000001") { id } }',
        '{ found: customer(id: "cust-00001") { id } }',
        '{ found: customer(email: "Ada@example.test") { id } }',
        '{ found: node(id: "LoyaltyMembership:mem-00001") { id } }',
        '{ found: node(id: "LoyaltyRedemption:red-1") { id } }',
        '{ found: returnAuthorization(rmaNumber: "RMA-000001") { id } }',
        '{ found: node(id: "ReturnAuthorization:ret-000001") { id } }',
    ],
)
async def test_what_is_a_customers_own_is_seen_by_them_and_by_those_who_serve(
    world: World, document: str, caller: Caller, seen: bool
) -> None:
    """A customer sees their own, associates and operations see everybody's, and others see that there is nothing."""
    data = await world.data(document, caller)
    assert (data["found"] is not None) is seen


@pytest.mark.parametrize(
    ("proof", "seen"),
    [
        ({"email": "ADA@example.test"}, True),
        ({"postalCode": "60 311"}, True),
        ({"email": "eve@example.test"}, False),
        ({"email": "", "postalCode": ""}, False),
        ({}, False),
    ],
)
async def test_a_guest_proves_whose_order_it_is(world: World, proof: dict[str, str], seen: bool) -> None:
    """A guest sees an order whose email or postal code they know, and nothing of its customer's profile."""
    data = await world.data(BY_NUMBER, GUEST, **proof)
    assert data["orderByNumber"] == ({"id": "Order:ord-000001", "customer": None} if seen else None)


async def test_an_order_says_how_far_it_has_come(world: World) -> None:
    """Statuses are canonical beside the system's own word, and quantities count what is still with the customer."""
    data = await world.data(
        """{ order(id: "ord-000001") { status rawStatus financialStatus fulfillments { status location { name } }
          lines { quantity { ordered fulfilled returned canceled returnable } }
          erpPosting { state documentNumber } financialSummary { invoiced { amount } paid { amount } invoices { type } }
          freshness { ageSeconds source tier maxAgeSeconds } } }"""
    )
    order = data["order"]
    assert (order["status"], order["rawStatus"], order["financialStatus"]) == ("PROCESSING", "released", "PAID")
    assert order["fulfillments"] == [{"status": "PROCESSING", "location": {"name": "Store 1"}}]
    assert order["lines"][0]["quantity"] == {
        "ordered": "2",
        "fulfilled": "2",
        "returned": "1",
        "canceled": "0",
        "returnable": "1",
    }
    assert order["erpPosting"] == {"state": "POSTED", "documentNumber": "5000001"}
    assert order["financialSummary"] == {
        "invoiced": {"amount": "25.00"},
        "paid": None,
        "invoices": [{"type": "INVOICE"}],
    }
    assert order["freshness"] == {"ageSeconds": 30, "source": "test:fake", "tier": "LIVE", "maxAgeSeconds": 60}


async def test_returnable_lines_are_judged_now(world: World) -> None:
    """Each line has its verdict at the request's own instant, beside the line of the order."""
    data = await world.data(
        """{ order(id: "ord-000001") { returnableLines {
          quantity until notReturnable estimatedRefund { amount currencyCode }
          line { sku quantity { returned } } } } }"""
    )
    until = (NOW - timedelta(days=3) + timedelta(days=30)).isoformat().replace("+00:00", "Z")
    assert data["order"]["returnableLines"] == [
        {
            "quantity": "1",
            "until": until,
            "notReturnable": None,
            "estimatedRefund": {"amount": "6.25", "currencyCode": "EUR"},
            "line": {"sku": "SKU-01000", "quantity": {"returned": "1"}},
        },
        {
            "quantity": "2",
            "until": until,
            "notReturnable": None,
            "estimatedRefund": {"amount": "12.50", "currencyCode": "EUR"},
            "line": {"sku": "SKU-01001", "quantity": {"returned": "0"}},
        },
    ]


async def test_a_customer_is_named_in_one_way(world: World) -> None:
    """Naming a customer in two ways, or in none, is refused; a visitor is told nothing and costs nothing."""
    for document in ("{ customer { id } }", '{ customer(id: "cust-00001", email: "ada@example.test") { id } }'):
        assert (await world.ask(document)).code == "BAD_USER_INPUT"
    assert await world.data('{ customer(email: "ada@example.test") { id } me { id } }', GUEST) == {
        "customer": None,
        "me": None,
    }
    assert world.calls() == {}


async def test_a_return_is_named_in_one_way(world: World) -> None:
    """A return is found by id or by number, and not by both."""
    both = '{ returnAuthorization(id: "ret-000001", rmaNumber: "RMA-000001") { id } }'
    assert (await world.ask(both)).code == "BAD_USER_INPUT"
    data = await world.data(
        '{ returnAuthorization(id: "ret-000001") { rmaNumber order { id } authorizedAt { id } erpPosting { state } } }'
    )
    assert data["returnAuthorization"] == {
        "rmaNumber": "RMA-000001",
        "order": {"id": "Order:ord-000001"},
        "authorizedAt": {"id": "Location:store-002"},
        "erpPosting": {"state": "POSTED"},
    }
