"""Calling an order off."""

from typing import Annotated

import strawberry

from domains import flows, orders, returns
from domains.durable import Accepted
from domains.orders import OrderStatus
from domains.vocabulary import (
    FreshnessTier,
    IdempotencyKey,
    OrderId,
    Reading,
    Refusal,
    SystemRole,
    UpstreamError,
    UpstreamUnreachable,
    freshest_within,
)
from resolvers import refusals
from resolvers.context import Info
from resolvers.directives import OMS_LIVE
from resolvers.identity import name_of, native_id
from resolvers.keyed import KEY_DESCRIPTION, as_read, once
from resolvers.marks import AUTHENTICATED, tagged
from resolvers.orders import Order, visible_orders
from resolvers.refusals import BackendUnavailable, IdempotencyConflict, OrderNotFound, RetryLater, not_asked


@strawberry.input(description="Which order to call off.")
class OrderCancelInput:
    order_id: strawberry.ID = strawberry.field(description="The order.")
    reason: str | None = strawberry.field(
        default=None, description="Why, for people: 255 characters at most. It is kept in the customer's history."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.type(description="Returned when part of the order has left, or the order is over.")
class OrderNotCancelable(refusals.Refusal):
    record = orders.OrderNotCancelable

    status: OrderStatus = strawberry.field(description="How far the order has come.")


CancelResult = Annotated[
    Order | OrderNotFound | OrderNotCancelable | IdempotencyConflict | RetryLater | BackendUnavailable,
    strawberry.union(
        "OrderCancelResult",
        description="The order as it stands, now that its cancellation is accepted, or why it cannot be canceled.",
    ),
]

_KEPT = (orders.Order, returns.OrderNotFound, orders.OrderNotCancelable)


async def _cancel(
    info: Info,
    given: Annotated[OrderCancelInput, strawberry.argument(name="input", description="What to call off.")],
) -> Reading[orders.Order] | Refusal:
    order_id = OrderId(native_id("Order", given.order_id, "input", "orderId"))
    reason = name_of(given.reason, "input", "reason") if given.reason else None

    async def work(key: IdempotencyKey) -> Accepted[orders.Order] | Refusal:
        with freshest_within(0):
            (own,) = await visible_orders(info, [order_id])
        if isinstance(own, Reading) and own.tier is FreshnessTier.STALE_DEGRADED:
            own = UpstreamUnreachable(SystemRole.OMS, "orders", "only an older answer is remembered")
        if isinstance(own, UpstreamError):
            return not_asked(own)
        if own is None:
            return returns.OrderNotFound(
                message=f"There is no order {order_id}. Check the id.", path=("input", "orderId")
            )
        return flows.cancel_order(own.value, reason, key, info.context.loaders.now)

    answer = await once(info, "orderCancel", given.idempotency_key, given, _KEPT, work)
    return answer if isinstance(answer, Refusal) else as_read(info, answer, SystemRole.OMS)


@strawberry.type
class CancellationMutation:
    order_cancel: object = strawberry.field(
        resolver=_cancel,
        graphql_type=CancelResult | None,
        description="Call an order off of which nothing has left. The order system has the last word; once it has "
        "canceled, points and books follow.",
        directives=(*OMS_LIVE, *tagged("orders"), AUTHENTICATED),
    )
