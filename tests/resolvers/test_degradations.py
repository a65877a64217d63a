"""@degrades is on every field that asks a system, and is true: each is tried with its system failing."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import Any

import pytest
from graphql import GraphQLObjectType

from domains.vocabulary import SystemRole, UpstreamTimeout
from gateway.policies import KEPT
from gateway.schema import build_schema, degradations
from resolvers.batching import batch_field
from resolvers.context import Caller
from resolvers.directives import Degradation, degradation_of
from resolvers.roots import root_field
from tests.resolvers.larder import open_larder
from tests.resolvers.test_promotions import basket
from tests.resolvers.world import ADA, ASSOCIATE, OPERATIONS, World

DEGRADATIONS = degradations()
STALE = {"STALE_OK", "STALE_DEGRADED"}


@dataclass
class Tried:
    """A document that asks for the field at `place`, which reads `reads`."""

    reads: str
    place: str
    document: str
    caller: Caller = ADA
    variables: dict[str, Any] = field(default_factory=dict)


def under(parent: str, name: str, reads: str, selection: str = "{ __typename }") -> Tried:
    """A field of what a root field gives."""
    return Tried(
        reads,
        f"{parent.split('(', maxsplit=1)[0]}.{name.split('(', maxsplit=1)[0]}",
        f"{{ {parent} {{ {name} {selection} }} }}",
    )


PRODUCT, ORDER, STORE = 'product(sku: "SKU-1")', 'order(id: "ord-000001")', 'location(id: "store-001")'
RETURN = 'returnAuthorization(id: "ret-000001")'
STOCK = "{ status freshness { tier } }"
BASKET = {"basket": basket()}

TRIED: dict[str, Tried] = {
    "Query.product": Tried("products.by_sku", "product", f"{{ {PRODUCT} {{ sku }} }}"),
    "Query.products": Tried("products.by_sku", "products", '{ products(skus: ["SKU-1"]) { sku } }'),
    "Query.location": Tried("inventory.locations", "location", f"{{ {STORE} {{ id }} }}"),
    "Query.locations": Tried("inventory.network", "locations", "{ locations { nodes { id } } }"),
    "Query.availability": Tried(
        "inventory.stock",
        "availability",
        f'{{ availability(lines: [{{sku: "SKU-1", quantity: 1}}]) {{ best {STOCK} }} }}',
    ),
    "Query.me": Tried("customers.by_id", "me", "{ me { id } }"),
    "Query.customer": Tried("customers.by_id", "customer", '{ customer(id: "cust-00001") { id } }'),
    "Query.loyaltyProgram": Tried("loyalty.programs", "loyaltyProgram", "{ loyaltyProgram { name } }"),
    "Query.promotionEvaluation": Tried(
        "promotions.evaluate",
        "promotionEvaluation",
        "query($basket: BasketInput!) { promotionEvaluation(basket: $basket) { ruleVersion } }",
        variables=BASKET,
    ),
    "Query.loyaltyEarningForecast": Tried(
        "promotions.forecast",
        "loyaltyEarningForecast",
        "query($basket: BasketInput!) { loyaltyEarningForecast(basket: $basket) { value } }",
        variables=BASKET,
    ),
    "Query.order": Tried("orders.by_id", "order", f"{{ {ORDER} {{ id }} }}"),
    "Query.orderByNumber": Tried(
        "orders.by_number", "orderByNumber", '{ orderByNumber(orderNumber: "R000000001") { id } }'
    ),
    "Query.returnAuthorization": Tried("returns.by_id", "returnAuthorization", f"{{ {RETURN} {{ id }} }}"),
    "Query.node": Tried("orders.by_id", "node", '{ node(id: "Order:ord-000001") { id } }'),
    "Query._entities": Tried(
        "orders.by_id",
        "_entities",
        "query($of: [_Any!]!) { _entities(representations: $of) { __typename } }",
        variables={"of": [{"__typename": "Order", "id": "ord-000001"}]},
    ),
    "Query.flow": Tried("durable.flows", "flow", '{ flow(id: "flow-1") { id } }'),
    "Query.flows": Tried("durable.flows_about", "flows", "{ flows { nodes { id } } }", OPERATIONS),
    "Query.businessExceptions": Tried(
        "durable.exceptions", "businessExceptions", "{ businessExceptions { nodes { id } } }", OPERATIONS
    ),
    "Query.reconciliations": Tried(
        "durable.reconciliations", "reconciliations", "{ reconciliations { nodes { id } } }", OPERATIONS
    ),
    "BusinessException.flow": Tried(
        "durable.flows",
        "businessExceptions.nodes.flow",
        "{ businessExceptions { nodes { flow { id } } } }",
        OPERATIONS,
    ),
    "Order.flow": under(ORDER, "flow", "durable.flows_about"),
    "ReturnAuthorization.flow": under(RETURN, "flow", "durable.flows_about"),
    "Product.availability": under(PRODUCT, "availability", "inventory.stock", STOCK),
    "Product.returnPolicy": under(PRODUCT, "returnPolicy", "returns.policies"),
    "Availability.location": Tried(
        "inventory.locations",
        "product.availability.location",
        f'{{ {PRODUCT} {{ availability(locations: ["store-001"]) {{ location {{ id }} }} }} }}',
    ),
    "Location.stock": under(STORE, 'stock(skus: ["SKU-1"])', "inventory.stock", STOCK),
    "Customer.loyalty": under("me", "loyalty", "loyalty.by_customer"),
    "Customer.orders": under("me", "orders", "orders.of_customer"),
    "Customer.returns": under("me", "returns", "returns.of_customer"),
    "Customer.accountStatus": under("me", "accountStatus", "customers.accounts", ""),
    **{
        f"LoyaltyMembership.{name}": Tried(
            f"loyalty.{reads}", f"me.loyalty.{name}", f"{{ me {{ loyalty {{ {name} {{ __typename }} }} }} }}"
        )
        for name, reads in {
            "program": "programs",
            "balance": "balances",
            "ledger": "ledger",
            "redemptions": "redemptions_of",
        }.items()
    },
    "LoyaltyLedgerEntry.order": Tried(
        "orders.by_id",
        "me.loyalty.ledger.nodes.order",
        "{ me { loyalty { ledger { nodes { order { id } } } } } }",
    ),
    "InventoryReservationLine.location": Tried(
        "inventory.locations",
        "node.lines.location",
        '{ node(id: "InventoryReservation:rsv-1") { ... on InventoryReservation { lines { location { id } } } } }',
        ASSOCIATE,
    ),
    "Order.customer": under(ORDER, "customer", "customers.by_id"),
    "Order.returns": under(ORDER, "returns", "returns.of_order"),
    "Order.returnableLines": under(ORDER, "returnableLines", "returns.sales"),
    "Order.erpPosting": under(ORDER, "erpPosting", "finance.postings"),
    "Order.financialSummary": under(ORDER, "financialSummary", "finance.ledgers"),
    "Order.loyalty": under(ORDER, "loyalty", "loyalty.order_points"),
    "OrderLine.product": Tried(
        "products.by_sku", "order.lines.product", f"{{ {ORDER} {{ lines {{ product {{ sku }} }} }} }}"
    ),
    "Fulfillment.location": Tried(
        "inventory.locations",
        "order.fulfillments.location",
        f"{{ {ORDER} {{ fulfillments {{ location {{ id }} }} }} }}",
    ),
    "Subscription.availabilityChanged": Tried(
        "inventory.stock",
        "availabilityChanged",
        f'subscription {{ availabilityChanged(skus: ["SKU-1"]) {STOCK} }}',
    ),
    **{
        f"Subscription.{name}": Tried(reads, name, f"subscription {{ {name}({named}) {{ __typename }} }}")
        for name, reads, named in (
            ("orderStatusChanged", "orders.by_id", 'orderId: "ord-000001"'),
            ("returnStatusChanged", "returns.by_id", 'returnAuthorizationId: "ret-000001"'),
            ("loyaltyBalanceChanged", "loyalty.balances", 'membershipId: "mem-00001"'),
        )
    },
    "ReturnAuthorization.order": under(RETURN, "order", "orders.by_id"),
    "ReturnAuthorization.authorizedAt": under(RETURN, "authorizedAt", "inventory.locations"),
    "ReturnAuthorization.erpPosting": under(RETURN, "erpPosting", "finance.postings"),
}


def test_every_field_that_asks_a_system_says_how_it_degrades() -> None:
    """Only an asynchronous resolver can ask a system. Each has @degrades, but for writes, which answer a refusal."""
    for type_ in build_schema()._schema.type_map.values():
        if not isinstance(type_, GraphQLObjectType) or type_.name == "Mutation":
            continue
        for name, one in type_.fields.items():
            authored = one.extensions.get("strawberry-definition")
            asks = authored is not None and authored.base_resolver is not None and authored.is_async
            assert asks == (degradation_of(one) is not None), f"{type_.name}.{name}"


def test_it_cannot_be_forgotten() -> None:
    """Whoever writes a field that asks a system must say how it degrades."""
    for author in (batch_field, root_field):
        assert inspect.signature(author).parameters["degrades"].default is inspect.Parameter.empty


def test_every_declared_degradation_is_tried() -> None:
    """The table below leaves out no field, and names none that there is not."""
    assert TRIED.keys() == DEGRADATIONS.keys()


@pytest.mark.parametrize("name", TRIED)
def test_it_agrees_with_the_policies(name: str) -> None:
    """What may stand in when a source fails has a stale-if-error time; what must not is never kept."""
    row = KEPT.get(TRIED[name].reads)
    stands_in = row is not None and row.freshness.stale_if_error_s > 0
    assert stands_in == (DEGRADATIONS[name] is not Degradation.NULL)


def at(data: Any, place: str) -> object:
    """What stands at a place of an answer, in the first item of each list on the way."""
    for name in place.split("."):
        data = data[0] if isinstance(data, list) else data
        data = data[name]
    return data


@pytest.mark.parametrize("name", TRIED)
async def test_a_field_degrades_as_it_says(world: World, name: str) -> None:
    """Once its read fails, past its fresh time, a field answers what @degrades says; nothing else is affected."""
    tried = TRIED[name]
    async with open_larder(world) as larder:
        whole, freshness = await larder.ask(tried.document, tried.caller, **tried.variables)
        assert whole.errors == ()
        assert tried.place in freshness["paths"]
        row = KEPT.get(tried.reads)
        larder.now += 0.5 if row is None else row.freshness.fresh_s + 0.5
        world.fail(UpstreamTimeout(SystemRole.OMS, "anything"), tried.reads)
        answer, freshness = await larder.ask(tried.document, tried.caller, **tried.variables)
    if DEGRADATIONS[name] is Degradation.NULL:
        assert at(answer.data, tried.place) is None
        assert [error["extensions"]["code"] for error in answer.errors] == ["UPSTREAM_TIMEOUT"]  # type: ignore[index]  # it is a mapping
        return
    assert answer.errors == ()
    assert freshness["paths"][tried.place] in STALE
    if DEGRADATIONS[name] is Degradation.LAST_KNOWN:
        assert answer.data == whole.data
    else:
        assert "IN_STOCK" in str(whole.data)
        assert "LIMITED_AVAILABILITY" in str(answer.data)
        assert "STALE_" in str(answer.data)
