"""Authorizing a return."""

from typing import Annotated

import msgspec
import strawberry

from domains import flows, returns
from domains.durable import Accepted
from domains.returns import ApproveReturn, AuthorizeReturn, RefundType, ReturnDraftLine, ReturnMethod
from domains.vocabulary import (
    IdempotencyKey,
    InvalidInput,
    LocationId,
    OrderId,
    Reading,
    Record,
    Refusal,
    ReturnId,
    SystemRole,
)
from resolvers.context import Caller, Info
from resolvers.directives import OMS_LIVE, Cost
from resolvers.identity import native_id
from resolvers.keyed import KEY_DESCRIPTION, as_read, once
from resolvers.marks import AUTHENTICATED, tagged
from resolvers.ownership import own_store, serves
from resolvers.refusals import (
    BackendUnavailable,
    IdempotencyConflict,
    IllegalReturnState,
    ItemNotReturnable,
    MethodNotOffered,
    OrderNotFound,
    QuantityExceeded,
    RetryLater,
    ReturnNotFound,
    ReturnWindowExpired,
)
from resolvers.requesting import KEPT, LINES, METHOD, REFUND_TYPE, ReturnLineInput, draft_lines, named_order, own_order
from resolvers.returns import ReturnAuthorization

Answer = Accepted[returns.ReturnAuthorization] | Refusal


@strawberry.input(
    description="Which goods may be sent or brought back: lines of an order that is named by its id or its number, or "
    "a requested return, which has its lines already."
)
class ReturnAuthorizeInput:
    order_id: strawberry.ID | None = strawberry.field(
        default=None, description="The order that they are of, as on the receipt."
    )
    order_number: str | None = strawberry.field(
        default=None, description="The order's number. The order system must be asked whose it is."
    )
    return_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The requested return to approve, by somebody who serves customers; nothing else goes with it.",
    )
    lines: list[ReturnLineInput] | None = strawberry.field(default=None, description=LINES)
    method: ReturnMethod | None = strawberry.field(
        default=None, description=f"{METHOD} A customer sends goods back by mail."
    )
    refund_type: RefundType | None = strawberry.field(default=None, description=REFUND_TYPE)
    authorized_at: strawberry.ID | None = strawberry.field(
        default=None,
        description="The store in whose name it is authorized: an associate's own, and no other; without one, that "
        "store. The goods may have been bought anywhere.",
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


ReturnAuthorizeResult = Annotated[
    ReturnAuthorization
    | OrderNotFound
    | ReturnNotFound
    | ReturnWindowExpired
    | ItemNotReturnable
    | QuantityExceeded
    | MethodNotOffered
    | IllegalReturnState
    | IdempotencyConflict
    | RetryLater
    | BackendUnavailable,
    strawberry.union("ReturnAuthorizeResult", description="The authorized return, or why it is not authorized."),
]

_KEPT: tuple[type[Record], ...] = (*KEPT, returns.ReturnNotFound, returns.IllegalReturnState)


class _Asked(Record, frozen=True, kw_only=True):
    """What an input without a return says, once it is seen to be whole."""

    order_id: OrderId | None
    order_number: str | None
    lines: tuple[ReturnDraftLine, ...]
    method: ReturnMethod
    refund_type: RefundType
    store: LocationId | None


async def _authorize(
    info: Info,
    given: Annotated[ReturnAuthorizeInput, strawberry.argument(name="input", description="What comes back.")],
) -> Reading[returns.ReturnAuthorization] | Refusal:
    asked = _requested(given) if given.return_id is not None else _asked(info.context.caller, given)

    async def work(key: IdempotencyKey) -> Answer:
        return await (_approved(info, asked, key) if isinstance(asked, str) else _authorized(info, asked, key))

    answer = await once(info, "returnAuthorize", given.idempotency_key, given, _KEPT, work)
    if isinstance(answer, Refusal):
        return answer
    read = as_read(info, answer, SystemRole.OMS)
    return msgspec.structs.replace(read, source="journal") if answer.provisional else read  # no system has it yet


async def _authorized(info: Info, asked: _Asked, key: IdempotencyKey) -> Answer:
    context = info.context
    order_id = await own_order(info, asked.order_id, asked.order_number)
    if isinstance(order_id, Refusal):
        return order_id
    command = AuthorizeReturn(
        order_id=order_id,
        lines=asked.lines,
        method=asked.method,
        refund_type=asked.refund_type,
        idempotency_key=key,
        authorized_at=asked.store,
        at_desk=serves(context.caller),
    )
    return await flows.authorize_return(context.retail.returns, command, context.loaders.now)


async def _approved(info: Info, return_id: ReturnId, key: IdempotencyKey) -> Answer:
    if not serves(info.context.caller):
        return returns.return_not_found(return_id)
    command = ApproveReturn(return_id=return_id, idempotency_key=key)
    return await flows.approve_return(info.context.retail.returns, command)


def _requested(given: ReturnAuthorizeInput) -> ReturnId:
    """The requested return. Raises InvalidInput for anything that goes with it."""
    others = ("order_id", "order_number", "lines", "method", "refund_type", "authorized_at")
    if any(getattr(given, other) is not None for other in others):
        raise InvalidInput("A requested return has its order, lines and method already.", ("input", "returnId"))
    return ReturnId(native_id("ReturnAuthorization", given.return_id or "", "input", "returnId"))


def _asked(caller: Caller, given: ReturnAuthorizeInput) -> _Asked:
    order_id, order_number = named_order(given.order_id, given.order_number)
    if given.lines is None or given.method is None or given.refund_type is None:
        raise InvalidInput("Say what comes back, how, and what is given for it: lines, method, refundType.", ("input",))
    return _Asked(
        order_id=order_id,
        order_number=order_number,
        lines=draft_lines(given.lines),
        method=given.method,
        refund_type=given.refund_type,
        store=own_store(caller, given.authorized_at, "input", "authorizedAt"),
    )


@strawberry.type
class ReturnMutation:
    return_authorize: object = strawberry.field(
        resolver=_authorize,
        graphql_type=ReturnAuthorizeResult | None,
        description="Let goods come back, if the policies allow it and the order system records it. While the order "
        "system cannot be asked, those who serve customers get a provisional return: it is judged by what is known, "
        "and recorded as soon as it can be. Points, books and history follow.",
        directives=(*OMS_LIVE, Cost(oms=4), *tagged("account", "service"), AUTHENTICATED),
    )
