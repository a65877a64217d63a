"""Orders, and what every system knows of them."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from types import GenericAlias
from typing import Annotated

import strawberry
from strawberry.types.lazy_type import LazyType

from domains import orders
from domains.finance import PostingSubject
from domains.orders import AdjustmentStatus, AdjustmentType, OrderFinancialStatus, OrderStatus
from domains.vocabulary import CurrencyMismatch, OrderId, Reading, SystemRole, UpstreamError, UpstreamGarbled
from resolvers.batching import batch_field
from resolvers.context import Info
from resolvers.customers import Customer, visible_customers
from resolvers.directives import CRM_LIVE, ERP_LIVE, ERP_PROJECTED, JOURNAL, LOYALTY_LIVE, OMS_LIVE, Cost, Degradation
from resolvers.finance import ErpPosting, OrderFinancialSummary, postings, summaries
from resolvers.flows import Flow, OfKind, newest_flows
from resolvers.freshness import Freshness, freshness_field
from resolvers.fulfillment import Fulfillment
from resolvers.identity import Node, name_of, native_id, node_id
from resolvers.marks import Pii, PiiKind, scopes_needed, tagged
from resolvers.ownership import by_channel, may_see_order
from resolvers.pagination import Connection, Edge
from resolvers.products import Product
from resolvers.reading import Made, by_record, each
from resolvers.returnable import ReturnableLine, returnable_lines_of
from resolvers.roots import root_field
from resolvers.vocabulary import ExternalId, Money, PointsAmount

Parents = list[Reading[orders.Order]]
Parent = strawberry.Parent[Reading[orders.Order]]


async def _product(parents: list[orders.OrderLine], info: Info) -> Sequence[object]:
    products = info.context.loaders.of(info.context.retail.products.by_sku)
    return await products.settle([parent.sku for parent in parents])


@by_record
def _quantity(parent: strawberry.Parent[orders.OrderLine]) -> orders.OrderLine:
    return parent


@by_record
def _returnable(parent: strawberry.Parent[orders.OrderLine]) -> Decimal:
    return orders.returnable(parent)


@strawberry.type(description="What became of the quantity of an order line. Each figure counts from the beginning.")
class LineQuantity:
    ordered: Decimal = strawberry.field(description="Ordered.")
    fulfilled: Decimal = strawberry.field(description="Handed over to the customer.")
    canceled: Decimal = strawberry.field(description="Canceled before it was handed over.")
    returned: Decimal = strawberry.field(description="Come back.")
    returnable: Decimal = strawberry.field(
        resolver=_returnable,
        description="Still with the customer. Whether policy lets it come back: `returnableLines`.",
    )


@strawberry.type(description="One product of an order.")
class OrderLine:
    id: strawberry.ID = strawberry.field(description="The line's own id, unique within the order.")
    sku: str = strawberry.field(description="The product's SKU when it was ordered.")
    product: object = batch_field(
        _product,
        graphql_type=Product | None,
        description="The product as it is now.",
        degrades=Degradation.LAST_KNOWN,
        served=ERP_PROJECTED,
    )
    name: str | None = strawberry.field(description="What it was called when it was ordered.")
    unit_price: Money | None = strawberry.field(description="What one costs, discounts and tax included.")
    total: Money | None = strawberry.field(description="What all of them cost, discounts and tax included.")
    quantity: object = strawberry.field(
        resolver=_quantity, graphql_type=LineQuantity, description="What became of its quantity."
    )


@strawberry.type(description="A change of an order's money after it was placed.")
class OrderAdjustment:
    type: AdjustmentType = strawberry.field(description="What changed.")
    status: AdjustmentStatus = strawberry.field(description="How far the change has come.")
    amount: Money | None = strawberry.field(description="How much.")
    reason: str | None = strawberry.field(
        description="Why, in the words of whoever changed it.", directives=[Pii(kind=PiiKind.PROFILE)]
    )
    occurred_at: datetime | None = strawberry.field(description="When.")


@strawberry.type(description="What an order means in points.")
class OrderLoyalty:
    earned: PointsAmount | None = strawberry.field(description="Earned and posted.")
    pending: PointsAmount | None = strawberry.field(description="Earned, and not yet posted.")
    redeemed: PointsAmount | None = strawberry.field(description="Spent on it.")


@by_record
def _status(parent: Parent) -> OrderStatus:
    return orders.status_of(parent.value.facts)


@by_record
def _raw_status(parent: Parent) -> str | None:
    return parent.value.facts.raw


@by_record
def _financial_status(parent: Parent) -> OrderFinancialStatus:
    try:
        return orders.financial_status_of(parent.value.total, parent.value.payment)
    except (CurrencyMismatch, ArithmeticError) as unsound:
        raise UpstreamGarbled(SystemRole.OMS, "orders", str(unsound)) from unsound


async def _customer(parents: Parents, info: Info) -> Sequence[object]:
    return await visible_customers(info, [parent.value.customer_id for parent in parents])


async def _returns(parents: Parents, info: Info) -> Sequence[object]:
    returns = info.context.loaders.of(info.context.retail.returns.of_order)
    found = await returns.settle([parent.value.id for parent in parents])
    return [
        Made(each(reading, reading.value), (reading,)) if isinstance(reading, Reading) else reading for reading in found
    ]


async def _returnable_lines(parents: Parents, info: Info) -> Sequence[object]:
    return await returnable_lines_of(info, [parent.value for parent in parents])


async def _erp_posting(parents: Parents, info: Info) -> Sequence[object]:
    return await postings(info, PostingSubject.ORDER, [parent.value.id for parent in parents])


async def _flow(parents: Parents, info: Info, kind: OfKind = None) -> Sequence[object]:
    return await newest_flows(info, [f"Order:{parent.value.id}" for parent in parents], kind)


async def _financial_summary(parents: Parents, info: Info) -> Sequence[object]:
    return await summaries(info, [parent.value.id for parent in parents])


async def _loyalty(parents: Parents, info: Info) -> Sequence[object]:
    points = info.context.loaders.of(info.context.retail.loyalty.order_points)
    return await points.settle([parent.value.id for parent in parents])


@strawberry.federation.type(keys=["id"], description="What somebody bought, and how far it has come.")
class Order(Node):
    record = orders.Order

    id: strawberry.ID = node_id("Order")
    order_number: str = strawberry.field(description="The number that the customer knows.")
    channel: str | None = strawberry.field(description="Where it was placed.")
    status: OrderStatus = strawberry.field(resolver=_status, description="How far it has come.")
    raw_status: str | None = strawberry.field(
        resolver=_raw_status, description="The order system's own word for how far it has come, for people."
    )
    financial_status: OrderFinancialStatus | None = strawberry.field(
        resolver=_financial_status, description="What became of its payment."
    )
    placed_at: datetime = strawberry.field(description="When it was placed.")
    customer: object = batch_field(
        _customer,
        graphql_type=Customer | None,
        description="Who placed it; null to those who may not see the customer.",
        degrades=Degradation.LAST_KNOWN,
        served=CRM_LIVE,
        marks=tagged("account", "service"),
    )
    lines: list[OrderLine] = strawberry.field(description="What was ordered.")
    fulfillments: list[Fulfillment] | None = strawberry.field(description="How its parts reach the customer.")
    adjustments: list[OrderAdjustment] | None = strawberry.field(description="What changed its money since.")
    total: Money | None = strawberry.field(description="What it costs, discounts, tax and delivery included.")
    returns: object = batch_field(
        _returns,
        graphql_type=GenericAlias(list, (LazyType("ReturnAuthorization", "resolvers.returns"),)) | None,
        description="What came back of it, or is about to.",
        degrades=Degradation.LAST_KNOWN,
        served=OMS_LIVE,
    )
    returnable_lines: object = batch_field(
        _returnable_lines,
        graphql_type=list[ReturnableLine] | None,
        description="What of it may come back now, until when, or why not; one verdict per line.",
        degrades=Degradation.LAST_KNOWN,
        served=(*OMS_LIVE, Cost(oms=2)),  # what was sold, then the policies for it
    )
    erp_posting: object = batch_field(
        _erp_posting,
        graphql_type=ErpPosting | None,
        description="Whether the books have it. An order that waits for its document is told without asking them.",
        degrades=Degradation.LAST_KNOWN,
        served=ERP_LIVE,
        marks=(*tagged("finance"), scopes_needed("finance:read")),
    )
    financial_summary: object = batch_field(
        _financial_summary,
        graphql_type=OrderFinancialSummary | None,
        description="What the books say of its money.",
        degrades=Degradation.LAST_KNOWN,
        served=ERP_LIVE,
        marks=(*tagged("orders", "finance"), scopes_needed("finance:read")),
    )
    loyalty: object = batch_field(
        _loyalty,
        graphql_type=OrderLoyalty | None,
        description="What it means in points.",
        degrades=Degradation.LAST_KNOWN,
        served=LOYALTY_LIVE,
        marks=tagged("account", "service"),
    )
    flow: object = batch_field(
        _flow,
        graphql_type=Flow | None,
        description="The newest slow write about it, with the number under which each system has it; null when the "
        "gateway has written nothing of it in the last weeks.",
        degrades=Degradation.NULL,
        served=JOURNAL,
    )
    external_ids: list[ExternalId] | None = strawberry.field(description="The keys of other systems for this order.")
    freshness: Freshness = freshness_field()


@strawberry.type(description="An order on a page.")
class OrderEdge(Edge):
    node: Order = strawberry.field(description="The order.")


@strawberry.type(description="One page of orders.")
class OrderConnection(Connection):
    edges: list[OrderEdge] = strawberry.field(description="The orders of this page, newest first.")
    nodes: list[Order] = strawberry.field(description="The orders without their cursors.")


async def visible_orders(
    info: Info, ids: Sequence[OrderId | None]
) -> list[Reading[orders.Order] | UpstreamError | None]:
    """The orders of `ids`, None in the place of one that the caller may not see without a proof."""
    found = await info.context.loaders.of(info.context.retail.orders.by_id).settle(ids)
    return [None if isinstance(one, Reading) and not shows(info, one.value) else one for one in found]


def shows(info: Info, order: orders.Order) -> bool:
    """Whether the caller may see an order without a proof."""
    return may_see_order(info.context.caller, order.customer_id, order.channel)


async def _order(
    info: Info, order_id: Annotated[strawberry.ID, strawberry.argument(name="id", description="The order's id.")]
) -> Reading[orders.Order] | Exception | None:
    (found,) = await visible_orders(info, [OrderId(native_id("Order", order_id, "id"))])
    return found


async def _order_by_number(
    info: Info,
    order_number: Annotated[str, strawberry.argument(description="The number that the customer knows.")],
    email: Annotated[
        str | None, strawberry.argument(description="The order's email address, as a proof of whose it is.")
    ] = None,
    postal_code: Annotated[
        str | None, strawberry.argument(description="The order's postal code, as a proof of whose it is.")
    ] = None,
) -> Reading[orders.Order] | None:
    by_number = info.context.loaders.of(info.context.retail.orders.by_number)
    found = await by_number.load(name_of(order_number, "orderNumber"))
    if found is None or shows(info, found.value):
        return found
    if by_channel(info.context.caller):
        return None  # whatever it can prove: it is bound to its channel
    return found if orders.proves(found.value, email, postal_code) else None


@strawberry.type
class OrderQuery:
    order: object = root_field(
        _order,
        graphql_type=Order | None,
        description="One order; null when there is none, or it is not the caller's.",
        degrades=Degradation.LAST_KNOWN,
        served=OMS_LIVE,
        marks=tagged("orders"),
    )
    order_by_number: object = root_field(
        _order_by_number,
        graphql_type=Order | None,
        description="One order by its number. Somebody else's is shown to whoever knows its email or postal code, but "
        "not to partners.",
        degrades=Degradation.LAST_KNOWN,
        served=OMS_LIVE,
        marks=tagged("orders"),
    )
