"""Authorizing a return."""

from decimal import Decimal
from typing import Annotated

import strawberry

from domains import returns
from domains.returns import AuthorizeReturn, RefundType, ReturnDraftLine, ReturnMethod, ReturnReason
from domains.vocabulary import (
    FreshnessTier,
    IdempotencyKey,
    InvalidInput,
    LocationId,
    OrderId,
    Reading,
    Refusal,
    SystemRole,
    UpstreamError,
)
from resolvers.context import Info
from resolvers.directives import OMS_LIVE
from resolvers.identity import name_of, native_id, scoped_key
from resolvers.orders import visible_orders
from resolvers.ownership import serves
from resolvers.refusals import (
    BackendUnavailable,
    IdempotencyConflict,
    ItemNotReturnable,
    MethodNotOffered,
    OrderNotFound,
    QuantityExceeded,
    ReturnWindowExpired,
    not_asked,
)
from resolvers.returns import ReturnAuthorization

NOTE_MAX = 1_000


@strawberry.input(description="How much of an order line is to come back, and why.")
class ReturnLineInput:
    order_line_id: strawberry.ID = strawberry.field(description="The order line's own id.")
    quantity: Decimal = strawberry.field(description="How much of it: more than 0.")
    reason: ReturnReason = strawberry.field(description="Why.")
    note: str | None = strawberry.field(
        default=None, description=f"Why, in the customer's own words: {NOTE_MAX} characters at most."
    )


@strawberry.input(description="Which goods may be sent or brought back.")
class ReturnAuthorizeInput:
    order_id: strawberry.ID = strawberry.field(description="The order that they are of.")
    lines: list[ReturnLineInput] = strawberry.field(description="What comes back: 1 to 100 lines of the order.")
    method: ReturnMethod = strawberry.field(description="How it comes back.")
    refund_type: RefundType = strawberry.field(description="What is given for it.")
    authorized_at: strawberry.ID | None = strawberry.field(
        default=None, description="The store that authorizes it; without one, the associate's own."
    )
    idempotency_key: str = strawberry.field(
        description="Names this request, 1 to 255 characters: a repeat with the same key changes nothing more."
    )


ReturnAuthorizeResult = Annotated[
    ReturnAuthorization
    | OrderNotFound
    | ReturnWindowExpired
    | ItemNotReturnable
    | QuantityExceeded
    | MethodNotOffered
    | IdempotencyConflict
    | BackendUnavailable,
    strawberry.union("ReturnAuthorizeResult", description="The authorized return, or why it is not authorized."),
]


async def _authorize(
    info: Info,
    given: Annotated[ReturnAuthorizeInput, strawberry.argument(name="input", description="What comes back.")],
) -> Reading[returns.ReturnAuthorization] | Refusal:
    context = info.context
    command = _command(info, given)
    if not serves(context.caller):
        (own,) = await visible_orders(info, [command.order_id])
        if isinstance(own, UpstreamError):
            return not_asked(own)
        if own is None:
            return returns.OrderNotFound(
                message=f"There is no order {command.order_id}. Check the id.", path=("input", "orderId")
            )
    answer = await returns.authorize(context.retail.returns, command, context.loaders.now)
    context.loaders.forget()
    if isinstance(answer, Refusal):
        return answer
    return Reading(
        value=answer,
        source=SystemRole.OMS.value.lower(),
        tier=FreshnessTier.LIVE,
        observed_at=context.loaders.now.timestamp(),
        max_age_s=0.0,
    )


def _command(info: Info, given: ReturnAuthorizeInput) -> AuthorizeReturn:
    caller = info.context.caller
    key: IdempotencyKey = scoped_key(caller, "returnAuthorize", given.idempotency_key, "input", "idempotencyKey")
    store = caller.store_id
    if given.authorized_at is not None:
        store = LocationId(native_id("Location", given.authorized_at, "input", "authorizedAt"))
        if caller.store_id is not None and store != caller.store_id:
            raise InvalidInput("An associate authorizes returns for their own store.", ("input", "authorizedAt"))
    return AuthorizeReturn(
        order_id=OrderId(native_id("Order", given.order_id, "input", "orderId")),
        lines=tuple(_line(line, "input", "lines", place) for place, line in enumerate(given.lines)),
        method=given.method,
        refund_type=given.refund_type,
        idempotency_key=key,
        authorized_at=store,
    )


def _line(line: ReturnLineInput, *path: str | int) -> ReturnDraftLine:
    if line.note is not None and len(line.note) > NOTE_MAX:
        raise InvalidInput(f"A note has at most {NOTE_MAX} characters.", (*path, "note"))
    return ReturnDraftLine(
        order_line_id=name_of(line.order_line_id, *path, "orderLineId"),
        quantity=line.quantity,
        reason=line.reason,
        note=line.note,
    )


@strawberry.type
class ReturnMutation:
    return_authorize: object = strawberry.field(
        resolver=_authorize,
        graphql_type=ReturnAuthorizeResult | None,
        description="Let goods come back, if the policies allow it and the order system records it.",
        directives=OMS_LIVE,
    )
