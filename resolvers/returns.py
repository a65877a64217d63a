"""Returns that were asked for, and how far they have come."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated

import strawberry

from domains import returns
from domains.finance import PostingSubject
from domains.returns import RefundType, ReturnDisposition, ReturnMethod, ReturnReason, ReturnStatus
from domains.vocabulary import InvalidInput, Reading, ReturnId, UpstreamError
from resolvers.batching import batch_field
from resolvers.context import Info
from resolvers.directives import ERP_LIVE, JOURNAL, OMS_LIVE, OMS_OR_BOOKS, Degradation
from resolvers.finance import ErpPosting, postings
from resolvers.flows import Flow, OfKind, newest_flows
from resolvers.freshness import Freshness, freshness_field
from resolvers.identity import Node, name_of, native_id, node_id
from resolvers.inventory import Location
from resolvers.marks import Pii, PiiKind, scopes_needed, tagged
from resolvers.orders import Order, visible_orders
from resolvers.ownership import by_channel, may_see
from resolvers.pagination import Connection, Edge
from resolvers.roots import root_field
from resolvers.vocabulary import Money, PointsAmount

Parents = list[Reading[returns.ReturnAuthorization]]
Found = Reading[returns.ReturnAuthorization] | UpstreamError | None


@strawberry.type(description="One product of a return.")
class ReturnLine:
    id: strawberry.ID = strawberry.field(description="The line's own id, unique within the return.")
    order_line_id: strawberry.ID = strawberry.field(description="The order line's own id.")
    quantity_requested: Decimal = strawberry.field(description="How much the customer wants to return.")
    quantity_authorized: Decimal = strawberry.field(description="How much of it may come back.")
    quantity_received: Decimal = strawberry.field(description="How much of it has come back.")
    reason: ReturnReason = strawberry.field(description="Why.")
    note: str | None = strawberry.field(
        description="Why, in the customer's own words.", directives=[Pii(kind=PiiKind.PROFILE)]
    )
    disposition: ReturnDisposition | None = strawberry.field(description="What became of what came back.")


@strawberry.type(description="What is kept of a refund.")
class ReturnFee:
    reason: str = strawberry.field(description="What for, such as RESTOCKING.")
    amount: Money = strawberry.field(description="How much.")


async def _order(parents: Parents, info: Info) -> Sequence[object]:
    if by_channel(info.context.caller):
        return await visible_orders(info, [parent.value.order_id for parent in parents])
    orders = info.context.loaders.of(info.context.retail.orders.by_id)
    return await orders.settle([parent.value.order_id for parent in parents])


async def _authorized_at(parents: Parents, info: Info) -> Sequence[object]:
    locations = info.context.loaders.of(info.context.retail.inventory.locations)
    return await locations.settle([parent.value.authorized_at for parent in parents])


async def _erp_posting(parents: Parents, info: Info) -> Sequence[object]:
    return await postings(info, PostingSubject.RETURN, [parent.value.id for parent in parents])


async def _flow(parents: Parents, info: Info, kind: OfKind = None) -> Sequence[object]:
    return await newest_flows(info, [f"ReturnAuthorization:{parent.value.id}" for parent in parents], kind)


@strawberry.federation.type(keys=["id"], description="Goods that a customer may send or bring back (RMA).")
class ReturnAuthorization(Node):
    record = returns.ReturnAuthorization

    id: strawberry.ID = node_id("ReturnAuthorization")
    rma_number: str = strawberry.field(description="The number that the customer knows.")
    status: ReturnStatus = strawberry.field(description="How far it has come.")
    provisional: bool = strawberry.field(description="Whether the order system has yet to confirm it.")
    order: object = batch_field(
        _order,
        graphql_type=Order | None,
        description="The order that the goods are of.",
        degrades=Degradation.LAST_KNOWN,
        served=OMS_LIVE,
    )
    lines: list[ReturnLine] = strawberry.field(description="What comes back.")
    method: ReturnMethod = strawberry.field(description="How it comes back.")
    refund_type: RefundType = strawberry.field(description="What is given for it.")
    estimated_refund: Money | None = strawberry.field(description="What it should refund, fees taken off.")
    points_reversed: PointsAmount | None = strawberry.field(description="Points taken back because of it.")
    fees: list[ReturnFee] | None = strawberry.field(description="What is kept of the refund.")
    expires_at: datetime | None = strawberry.field(description="Until when the goods must have come back.")
    authorized_at: object = batch_field(
        _authorized_at,
        graphql_type=Location | None,
        description="The store that authorized it, if one did.",
        degrades=Degradation.LAST_KNOWN,
        served=OMS_OR_BOOKS,
    )
    erp_posting: object = batch_field(
        _erp_posting,
        graphql_type=ErpPosting | None,
        description="Whether the books have its credit memo. A return that waits for it is told without asking them.",
        degrades=Degradation.LAST_KNOWN,
        served=ERP_LIVE,
        marks=(*tagged("finance"), scopes_needed("finance:read")),
    )
    flow: object = batch_field(
        _flow,
        graphql_type=Flow | None,
        description="The newest slow write about it, with the number under which each system has it; null when the "
        "gateway has written nothing of it in the last weeks.",
        degrades=Degradation.NULL,
        served=JOURNAL,
    )
    freshness: Freshness = freshness_field()


@strawberry.type(description="A return on a page.")
class ReturnAuthorizationEdge(Edge):
    node: ReturnAuthorization = strawberry.field(description="The return.")


@strawberry.type(description="One page of returns.")
class ReturnAuthorizationConnection(Connection):
    edges: list[ReturnAuthorizationEdge] = strawberry.field(description="The returns of this page, newest first.")
    nodes: list[ReturnAuthorization] = strawberry.field(description="The returns without their cursors.")


async def visible_returns(info: Info, ids: Sequence[ReturnId]) -> list[Found]:
    """The returns of `ids`, None in the place of one that the caller may not see."""
    found = await info.context.loaders.of(info.context.retail.returns.by_id).settle(ids)
    return await if_visible(info, found)


async def if_visible(info: Info, found: Sequence[Found]) -> list[Found]:
    """The returns that were found, None in the place of one that the caller may not see.

    A partner sees what came back of the orders that it sees, and not at all while nobody can say whose they are.
    """
    caller = info.context.caller
    if not by_channel(caller):
        return [
            None if isinstance(one, Reading) and not may_see(caller, one.value.customer_id) else one for one in found
        ]
    of = [one.value.order_id if isinstance(one, Reading) else None for one in found]
    seen = await visible_orders(info, of)
    return [
        order if isinstance(one, Reading) and not isinstance(order, Reading) else one
        for one, order in zip(found, seen, strict=True)
    ]


async def _return_authorization(
    info: Info,
    return_id: Annotated[strawberry.ID | None, strawberry.argument(name="id", description="By id.")] = None,
    rma_number: Annotated[str | None, strawberry.argument(description="By the number that the customer knows.")] = None,
) -> Reading[returns.ReturnAuthorization] | Exception | None:
    if (return_id is None) == (rma_number is None):
        raise InvalidInput("Name the return by exactly one of id and rmaNumber.", ("id",))
    if return_id is not None:
        (found,) = await visible_returns(info, [ReturnId(native_id("ReturnAuthorization", return_id, "id"))])
        return found
    by_rma = info.context.loaders.of(info.context.retail.returns.by_rma)
    (shown,) = await if_visible(info, [await by_rma.load(name_of(rma_number or "", "rmaNumber"))])
    return shown


@strawberry.type
class ReturnQuery:
    return_authorization: object = root_field(
        _return_authorization,
        graphql_type=ReturnAuthorization | None,
        description="One return, named in exactly one way; null when there is none, or it is not the caller's.",
        degrades=Degradation.LAST_KNOWN,
        served=OMS_LIVE,
        marks=tagged("orders"),
    )
