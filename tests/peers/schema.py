"""The contract's schema, written as the product's resolvers are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, cast

import strawberry
from strawberry.schema.config import StrawberryConfig

from domains.products import checked_skus
from domains.vocabulary import Reading, UpstreamError
from resolvers.batching import batch_field
from resolvers.context import Info
from resolvers.directives import CRM_LIVE, ERP_LIVE, LOYALTY_LIVE, OMS_LIVE, Degradation
from resolvers.identity import name_of, sku_of
from resolvers.marks import tagged
from resolvers.reading import Made, read
from resolvers.roots import root_field
from tests.peers import records
from tests.peers.services import Shop

ORDERS_MAX = 50


def _shop(info: Info) -> Shop:
    return cast("Shop", info.context.retail)


async def _stock_of(parents: list[Reading[records.Product]], info: Info) -> Sequence[object]:
    return await info.context.loaders.of(_shop(info).inventory.stock).settle([one.value.sku for one in parents])


async def _account_of(parents: list[Reading[records.Customer]], info: Info) -> Sequence[object]:
    return await info.context.loaders.of(_shop(info).loyalty.by_customer).settle([one.value.id for one in parents])


async def _orders_of(parents: list[Reading[records.Customer]], info: Info, limit: int | None = 10) -> Sequence[object]:
    most = min(max(1, limit or 10), ORDERS_MAX)
    keys = [records.OrdersOf(customer_id=one.value.id, limit=most) for one in parents]
    found = await info.context.loaders.of(_shop(info).orders.of_customer).settle(keys)
    return [_shown(one) for one in found]


def _shown(found: Reading[tuple[records.Order, ...]] | UpstreamError | None) -> Made | UpstreamError | tuple[()]:
    if found is None:
        return ()
    return Made(found.value, (found,)) if isinstance(found, Reading) else found


@strawberry.type
class Money:
    amount: float
    currency: str


@strawberry.type
class LocationStock:
    location_id: strawberry.ID
    on_hand: int
    reserved: int
    available_to_promise: int
    as_of: str


@strawberry.type
class Availability:
    sku: strawberry.ID
    locations: list[LocationStock]


@strawberry.type
class Product:
    sku: strawberry.ID
    name: str
    description: str | None
    price: Money
    tax_code: str | None
    category: str | None
    availability: object = batch_field(
        _stock_of,
        graphql_type=Availability | None,
        description="Its stock.",
        degrades=Degradation.CONSERVATIVE,
        served=OMS_LIVE,
    )


@strawberry.type
class LoyaltyAccount:
    customer_id: strawberry.ID
    tier: str
    points_balance: int
    pending_points: int
    expires_at: str | None


@strawberry.type
class OrderLine:
    line_id: strawberry.ID
    sku: strawberry.ID
    name: str
    quantity: int
    unit_price: Money


@strawberry.type
class Shipment:
    id: strawberry.ID
    carrier: str
    tracking_number: str | None
    status: str
    shipped_at: str | None
    eta: str | None


@strawberry.type
class Order:
    id: strawberry.ID
    number: str
    status: str
    placed_at: str
    total: Money
    lines: list[OrderLine]
    shipments: list[Shipment]


@strawberry.type
class Customer:
    id: strawberry.ID
    first_name: str
    last_name: str
    email: str
    phone: str | None
    segment: str | None
    loyalty: object = batch_field(
        _account_of,
        graphql_type=LoyaltyAccount | None,
        description="Their points.",
        degrades=Degradation.LAST_KNOWN,
        served=LOYALTY_LIVE,
    )
    orders: object = batch_field(
        _orders_of,
        graphql_type=list[Order],
        description="Their last orders.",
        degrades=Degradation.LAST_KNOWN,
        served=OMS_LIVE,
    )


async def _product(info: Info, sku: strawberry.ID) -> Reading[records.Product] | None:
    return await info.context.loaders.of(_shop(info).products.by_sku).load(sku_of(sku, "sku"))


async def _products(info: Info, skus: list[strawberry.ID]) -> list[Reading[records.Product]]:
    found = await info.context.loaders.of(_shop(info).products.by_sku).load_many(checked_skus(skus))
    return [one for one in found if one is not None]


async def _availability(info: Info, skus: list[strawberry.ID]) -> list[Reading[records.Stock]]:
    found = await info.context.loaders.of(_shop(info).inventory.stock).load_many(checked_skus(skus))
    return [one for one in found if one is not None]


async def _customer(
    info: Info, customer_id: Annotated[strawberry.ID, strawberry.argument(name="id")]
) -> Reading[records.Customer] | None:
    return await info.context.loaders.of(_shop(info).customers.by_id).load(name_of(customer_id, "id"))


async def _order(
    info: Info, order_id: Annotated[strawberry.ID, strawberry.argument(name="id")]
) -> Reading[records.Order] | None:
    return await info.context.loaders.of(_shop(info).orders.by_id).load(name_of(order_id, "id"))


async def _loyalty_account(info: Info, customer_id: strawberry.ID) -> Reading[records.Account] | None:
    key = name_of(customer_id, "customerId")
    return await info.context.loaders.of(_shop(info).loyalty.by_customer).load(key)


def _root(resolver: Any, graphql_type: object, served: Any, tag: str) -> Any:
    return root_field(
        resolver,
        graphql_type=graphql_type,
        description="As the contract has it.",
        degrades=Degradation.LAST_KNOWN,
        served=served,
        marks=tagged(tag),
    )


@strawberry.type
class Query:
    product: object = _root(_product, Product | None, ERP_LIVE, "catalog")
    products: object = _root(_products, list[Product], ERP_LIVE, "catalog")
    availability: object = _root(_availability, list[Availability], OMS_LIVE, "stock")
    customer: object = _root(_customer, Customer | None, CRM_LIVE, "account")
    order: object = _root(_order, Order | None, OMS_LIVE, "orders")
    loyalty_account: object = _root(_loyalty_account, LoyaltyAccount | None, LOYALTY_LIVE, "account")


@strawberry.input
class RedeemPointsInput:
    customer_id: strawberry.ID
    points: int
    reference: str


@strawberry.type
class Redemption:
    redemption_id: strawberry.ID
    points_redeemed: int
    balance_after: int
    status: str


async def _redeem(
    info: Info, given: Annotated[RedeemPointsInput, strawberry.argument(name="input")]
) -> records.Redemption:
    asked = records.Redeem(points=given.points, reference=name_of(given.reference, "input", "reference"))
    try:
        return await _shop(info).loyalty.redeem(name_of(given.customer_id, "input", "customerId"), asked)
    finally:
        info.context.loaders.forget()


@strawberry.type
class Mutation:
    redeem_points: object = strawberry.field(
        resolver=_redeem,
        graphql_type=Redemption,
        description="As the contract has it.",
        directives=(*LOYALTY_LIVE, *tagged("account")),
    )


def build_schema() -> strawberry.Schema:
    """The contract's schema over the product's records."""
    config = StrawberryConfig(default_resolver=read, disable_field_suggestions=True)
    return strawberry.Schema(query=Query, mutation=Mutation, config=config)
