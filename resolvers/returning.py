"""What becomes of a return: declined, received, or canceled."""

from decimal import Decimal
from typing import Annotated

import strawberry

from domains import flows, returns
from domains.durable import Accepted
from domains.returns import CancelReturn, DeclineReturn, ReceivedLine, ReceiveReturn, ReturnDisposition
from domains.vocabulary import IdempotencyKey, Reading, Refusal, ReturnId, SystemRole, UpstreamError
from resolvers.context import Info
from resolvers.directives import OMS_LIVE, Cost
from resolvers.identity import name_of, native_id
from resolvers.keyed import KEY_DESCRIPTION, as_read, once
from resolvers.marks import AUTHENTICATED, scopes_needed, tagged
from resolvers.ownership import make_sure_receives, own_store, serves
from resolvers.refusals import (
    BackendUnavailable,
    IdempotencyConflict,
    IllegalReturnState,
    QuantityExceeded,
    RetryLater,
    ReturnNotFound,
    not_asked,
)
from resolvers.returns import ReturnAuthorization, visible_returns

Answer = returns.ReturnAuthorization | Accepted[returns.ReturnAuthorization] | Refusal

_KEPT = (returns.ReturnAuthorization, returns.ReturnNotFound, returns.IllegalReturnState, returns.QuantityExceeded)


@strawberry.input(description="Which requested return is declined, and why.")
class ReturnDeclineInput:
    return_id: strawberry.ID = strawberry.field(description="The return.")
    reason: str = strawberry.field(description="Why, in a sentence for the customer: 1 to 1000 characters.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="Pieces of a return line that came back, or are found to be missing.")
class ReturnReceiveLineInput:
    line_id: strawberry.ID = strawberry.field(description="The return line's own id.")
    quantity: Decimal = strawberry.field(description="How many: more than 0.")
    disposition: ReturnDisposition = strawberry.field(description="What becomes of them.")


@strawberry.input(description="Which goods of a return have come.")
class ReturnReceiveInput:
    return_id: strawberry.ID = strawberry.field(description="The return.")
    lines: list[ReturnReceiveLineInput] = strawberry.field(
        description="What came: 1 to 100 lines. A return line may be named once for each disposition; what is not "
        "named may still come."
    )
    received_at: strawberry.ID | None = strawberry.field(
        default=None,
        description="Where: an associate's own store, and no other; without it that store, or, for operations, where "
        "it was authorized.",
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="Which return to call off.")
class ReturnCancelInput:
    return_id: strawberry.ID = strawberry.field(description="The return.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


DeclineResult = Annotated[
    ReturnAuthorization | ReturnNotFound | IllegalReturnState | IdempotencyConflict | RetryLater | BackendUnavailable,
    strawberry.union("ReturnDeclineResult", description="The declined return, or why it is not declined."),
]
ReceiveResult = Annotated[
    ReturnAuthorization
    | ReturnNotFound
    | IllegalReturnState
    | QuantityExceeded
    | IdempotencyConflict
    | RetryLater
    | BackendUnavailable,
    strawberry.union("ReturnReceiveResult", description="The return with what came back, or why it is not received."),
]
CancelResult = Annotated[
    ReturnAuthorization | ReturnNotFound | IllegalReturnState | IdempotencyConflict | RetryLater | BackendUnavailable,
    strawberry.union("ReturnCancelResult", description="The canceled return, or why it is not canceled."),
]


async def _decline(
    info: Info,
    given: Annotated[ReturnDeclineInput, strawberry.argument(name="input", description="What is declined.")],
) -> Reading[returns.ReturnAuthorization] | Refusal:
    return_id = _named(given.return_id)

    async def work(key: IdempotencyKey) -> Answer:
        if not serves(info.context.caller):
            return returns.return_not_found(return_id)
        command = DeclineReturn(return_id=return_id, reason=given.reason, idempotency_key=key)
        return await returns.decline(info.context.retail.returns, command)

    answer = await once(info, "returnDecline", given.idempotency_key, given, _KEPT, work)
    return answer if isinstance(answer, Refusal) else as_read(info, answer, SystemRole.OMS)


async def _receive(
    info: Info,
    given: Annotated[ReturnReceiveInput, strawberry.argument(name="input", description="What came.")],
) -> Reading[returns.ReturnAuthorization] | Refusal:
    return_id = _named(given.return_id)
    lines = tuple(
        ReceivedLine(
            line_id=name_of(line.line_id, "input", "lines", place, "lineId"),
            quantity=line.quantity,
            disposition=line.disposition,
        )
        for place, line in enumerate(given.lines)
    )
    make_sure_receives(info.context.caller)
    store = own_store(info.context.caller, given.received_at, "input", "receivedAt")

    async def work(key: IdempotencyKey) -> Answer:
        if not serves(info.context.caller):
            return returns.return_not_found(return_id)
        command = ReceiveReturn(return_id=return_id, lines=lines, idempotency_key=key, received_at=store)
        return await flows.receive_return(info.context.retail.returns, command)

    answer = await once(info, "returnReceive", given.idempotency_key, given, _KEPT, work)
    return answer if isinstance(answer, Refusal) else as_read(info, answer, SystemRole.OMS)


async def _cancel(
    info: Info,
    given: Annotated[ReturnCancelInput, strawberry.argument(name="input", description="What is called off.")],
) -> Reading[returns.ReturnAuthorization] | Refusal:
    return_id = _named(given.return_id)

    async def work(key: IdempotencyKey) -> Answer:
        if not serves(info.context.caller):
            (own,) = await visible_returns(info, [return_id])
            if isinstance(own, UpstreamError):
                return not_asked(own)
            if own is None:
                return returns.return_not_found(return_id)
        command = CancelReturn(return_id=return_id, idempotency_key=key)
        return await flows.cancel_return(info.context.retail.returns, command)

    answer = await once(info, "returnCancel", given.idempotency_key, given, _KEPT, work)
    return answer if isinstance(answer, Refusal) else as_read(info, answer, SystemRole.OMS)


def _named(return_id: str) -> ReturnId:
    return ReturnId(native_id("ReturnAuthorization", return_id, "input", "returnId"))


@strawberry.type
class ReturningMutation:
    return_decline: object = strawberry.field(
        resolver=_decline,
        graphql_type=DeclineResult | None,
        description="Say no to a requested return. For those who serve customers.",
        directives=(*OMS_LIVE, Cost(oms=2), *tagged("service"), scopes_needed("returns:authorize")),
    )
    return_receive: object = strawberry.field(
        resolver=_receive,
        graphql_type=ReceiveResult | None,
        description="Take in what came back of a return. For those who serve customers. The stock of the books "
        "follows; what is missing, and was credited all the same, is put before a person.",
        directives=(*OMS_LIVE, Cost(oms=3), *tagged("service"), scopes_needed("returns:authorize")),
    )
    return_cancel: object = strawberry.field(
        resolver=_cancel,
        graphql_type=CancelResult | None,
        description="Call a return off before anything of it came back. Its points come back, and its credit leaves "
        "the books.",
        directives=(*OMS_LIVE, Cost(oms=3), *tagged("orders"), AUTHENTICATED),
    )
