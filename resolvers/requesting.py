"""Asking that goods may come back."""

from decimal import Decimal
from typing import Annotated

import strawberry

from domains import orders, returns
from domains.returns import RefundType, RequestReturn, ReturnDraftLine, ReturnMethod, ReturnReason
from domains.vocabulary import IdempotencyKey, InvalidInput, OrderId, Reading, Refusal, SystemRole, UpstreamError
from resolvers.context import Info
from resolvers.directives import OMS_LIVE, Cost
from resolvers.identity import name_of, native_id
from resolvers.keyed import KEY_DESCRIPTION, as_read, once
from resolvers.marks import AUTHENTICATED, tagged
from resolvers.orders import shows, visible_orders
from resolvers.ownership import serves
from resolvers.refusals import (
    BackendUnavailable,
    IdempotencyConflict,
    ItemNotReturnable,
    MethodNotOffered,
    OrderNotFound,
    QuantityExceeded,
    RetryLater,
    ReturnWindowExpired,
    not_asked,
)
from resolvers.returns import ReturnAuthorization

NOTE_MAX = 1_000

LINES = "What comes back: 1 to 100 lines of the order."
METHOD = "How it comes back."
REFUND_TYPE = "What is given for it."

KEPT = (
    returns.ReturnAuthorization,
    returns.OrderNotFound,
    returns.ReturnWindowExpired,
    returns.ItemNotReturnable,
    returns.QuantityExceeded,
    returns.MethodNotOffered,
)
"""What a return that is asked for may be answered with, for good."""


@strawberry.input(description="How much of an order line is to come back, and why.")
class ReturnLineInput:
    order_line_id: strawberry.ID = strawberry.field(description="The order line's own id.")
    quantity: Decimal = strawberry.field(description="How much of it: more than 0.")
    reason: ReturnReason = strawberry.field(description="Why.")
    note: str | None = strawberry.field(
        default=None, description=f"Why, in the customer's own words: {NOTE_MAX} characters at most."
    )


@strawberry.input(description="Which goods somebody wants to return. The order is named in exactly one way.")
class ReturnRequestInput:
    order_id: strawberry.ID | None = strawberry.field(default=None, description="The order that they are of.")
    order_number: str | None = strawberry.field(default=None, description="The order's number.")
    lines: list[ReturnLineInput] = strawberry.field(description=LINES)
    method: ReturnMethod = strawberry.field(description=METHOD)
    refund_type: RefundType = strawberry.field(description=REFUND_TYPE)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


ReturnRequestResult = Annotated[
    ReturnAuthorization
    | OrderNotFound
    | ReturnWindowExpired
    | ItemNotReturnable
    | QuantityExceeded
    | MethodNotOffered
    | IdempotencyConflict
    | RetryLater
    | BackendUnavailable,
    strawberry.union("ReturnRequestResult", description="The return that waits to be approved, or why there is none."),
]


async def _request(
    info: Info,
    given: Annotated[ReturnRequestInput, strawberry.argument(name="input", description="What is to come back.")],
) -> Reading[returns.ReturnAuthorization] | Refusal:
    context = info.context
    named = named_order(given.order_id, given.order_number)
    lines = draft_lines(given.lines)

    async def work(key: IdempotencyKey) -> returns.ReturnAuthorization | Refusal:
        order_id = await own_order(info, *named)
        if isinstance(order_id, Refusal):
            return order_id
        command = RequestReturn(
            order_id=order_id,
            lines=lines,
            method=given.method,
            refund_type=given.refund_type,
            idempotency_key=key,
        )
        return await returns.request(context.retail.returns, command, context.loaders.now)

    answer = await once(info, "returnRequest", given.idempotency_key, given, KEPT, work)
    return answer if isinstance(answer, Refusal) else as_read(info, answer, SystemRole.OMS)


def draft_lines(given: list[ReturnLineInput]) -> tuple[ReturnDraftLine, ...]:
    """The lines of an input. Raises InvalidInput, pointing at the place."""
    return tuple(_line(line, "input", "lines", place) for place, line in enumerate(given))


def _line(line: ReturnLineInput, *path: str | int) -> ReturnDraftLine:
    if line.note is not None and (len(line.note) > NOTE_MAX or "\0" in line.note):
        raise InvalidInput(f"A note has at most {NOTE_MAX} characters, none of them a null.", (*path, "note"))
    return ReturnDraftLine(
        order_line_id=name_of(line.order_line_id, *path, "orderLineId"),
        quantity=line.quantity,
        reason=line.reason,
        note=line.note,
    )


def named_order(order_id: str | None, order_number: str | None) -> tuple[OrderId | None, str | None]:
    """The one name that an input gives the order. Raises InvalidInput unless it is exactly one."""
    if order_id is not None and order_number is None:
        return OrderId(native_id("Order", order_id, "input", "orderId")), None
    if order_number is not None and order_id is None:
        return None, name_of(order_number, "input", "orderNumber")
    raise InvalidInput("Name the order by exactly one of orderId and orderNumber.", ("input", "orderId"))


async def own_order(info: Info, order_id: OrderId | None, order_number: str | None) -> OrderId | Refusal:
    """The id of the order, if the caller may return goods of it: their own, or anybody's for those who serve.

    Those who serve are not kept by an order system that is down from naming an order by its id, as the receipt does.
    """
    if order_id is not None and serves(info.context.caller):
        return order_id
    member = "orderId" if order_number is None else "orderNumber"
    found = await (_by_number(info, order_number) if order_number is not None else _by_id(info, order_id))
    if isinstance(found, UpstreamError):
        return not_asked(found)
    if found is None:
        return returns.OrderNotFound(
            message=f"There is no order {order_number or order_id}. Check the {'number' if order_number else 'id'}.",
            path=("input", member),
        )
    return found.value.id


async def _by_id(info: Info, order_id: OrderId | None) -> Reading[orders.Order] | UpstreamError | None:
    (own,) = await visible_orders(info, [order_id])
    return own


async def _by_number(info: Info, order_number: str) -> Reading[orders.Order] | UpstreamError | None:
    by_number = info.context.loaders.of(info.context.retail.orders.by_number)
    (found,) = await by_number.settle([order_number])
    if isinstance(found, Reading) and not shows(info, found.value):
        return None
    return found


@strawberry.type
class ReturnRequestMutation:
    return_request: object = strawberry.field(
        resolver=_request,
        graphql_type=ReturnRequestResult | None,
        description="Ask that goods may come back. The policies are judged at once; somebody who serves customers then "
        "approves or declines it.",
        directives=(*OMS_LIVE, Cost(oms=4), *tagged("orders"), AUTHENTICATED),
    )
