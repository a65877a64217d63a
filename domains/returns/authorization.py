"""Requesting and authorizing a return: the policy is judged here, the pieces are counted by the OMS."""

from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec

from domains.returns.asking import AuthorizeReturn, Judged, RequestReturn, check, judge, order_not_found
from domains.returns.model import ReturnAuthorization, ReturnLine, ReturnMethod, ReturnStatus
from domains.returns.naming import name_of_return
from domains.returns.port import ReturnDraft, Returns
from domains.returns.refusals import MethodNotOffered, QuantityExceeded
from domains.vocabulary import (
    BackendUnavailable,
    IdempotencyKey,
    Refusal,
    UpstreamError,
    UpstreamRejected,
    key_conflict,
    not_asked,
    not_written,
)

WHO = "order system"
_NOTHING = "No return was recorded."
_Write = Callable[[ReturnDraft, IdempotencyKey], Awaitable[ReturnAuthorization]]


async def request(returns: Returns, command: RequestReturn, now: datetime) -> ReturnAuthorization | Refusal:
    """Have the OMS note that somebody wants to return goods and that the policies allow it, or say why not.

    Refuses and raises as `authorize` does.
    """
    check(command)
    judged = await _judged(returns, command, now)
    return judged if isinstance(judged, Refusal) else await _written(returns.request, judged.draft, command, judged)


async def authorize(returns: Returns, command: AuthorizeReturn, now: datetime) -> ReturnAuthorization | Refusal:
    """Have the OMS record a return that the policies allow, or say why not.

    At a desk, a return that the OMS cannot be asked about, or did not confirm, is promised: it is provisional, judged
    by what is still known of the sale and its policies or, where that is not both, by its bounds alone; `confirm` is
    due. Nothing is promised of pieces that are known to be on their way back already.
    Raises InvalidInput, pointing into the command, for input that no order could allow, and UpstreamRejected when the
    OMS refuses for a reason its contract does not name.
    """
    check(command)
    if not command.at_desk and command.method is not ReturnMethod.RETURN_BY_MAIL:
        return _by_mail_only()
    judged = await _judged(returns, command, now)
    known = judged if isinstance(judged, Judged) else None
    answer = (
        await _written(returns.record, _drafted(command, judged), command, judged)
        if isinstance(judged, Judged)
        else judged
    )
    if not command.at_desk or not isinstance(answer, BackendUnavailable) or (known and known.refusal):
        return answer
    return _promised(command, known, now)


async def confirm(
    returns: Returns, command: AuthorizeReturn, key: IdempotencyKey, promised_at: datetime
) -> ReturnAuthorization | Refusal:
    """Have the OMS record, under `key`, the return that `command` promised; it is judged as of the moment of the
    promise. Raises UpstreamError, and InvalidInput when the sale could never have allowed it."""
    judged = await judge(returns, command, promised_at)
    if isinstance(judged, Refusal):
        return judged
    name = name_of_return(command.idempotency_key)
    draft = msgspec.structs.replace(_drafted(command, judged), rma_number=name.rma_number)
    return await returns.record(draft, key)


async def _judged(returns: Returns, command: RequestReturn, now: datetime) -> Judged | Refusal:
    try:
        return await judge(returns, command, now)
    except UpstreamRejected:
        raise
    except UpstreamError as error:
        return not_asked(error, WHO, _NOTHING)


async def _written(
    write: _Write, draft: ReturnDraft, command: RequestReturn, judged: Judged
) -> ReturnAuthorization | Refusal:
    try:
        return await write(draft, command.idempotency_key)
    except UpstreamRejected as error:
        return _refused(error, command, judged)
    except UpstreamError as error:
        return not_written(error, WHO, _NOTHING)


def _drafted(command: AuthorizeReturn, judged: Judged) -> ReturnDraft:
    """The draft with its store and, at a desk, under the id that a promise of the same return would have."""
    return msgspec.structs.replace(
        judged.draft,
        return_id=name_of_return(command.idempotency_key).id if command.at_desk else None,
        authorized_at=command.authorized_at,
    )


def _promised(command: AuthorizeReturn, judged: Judged | None, now: datetime) -> ReturnAuthorization:
    name = name_of_return(command.idempotency_key)
    lines = tuple(
        ReturnLine(
            id=str(number),
            order_line_id=line.order_line_id,
            quantity_requested=line.quantity,
            quantity_authorized=line.quantity,
            reason=line.reason,
            note=line.note,
        )
        for number, line in enumerate(command.lines, start=1)
    )
    return ReturnAuthorization(
        id=name.id,
        rma_number=name.rma_number,
        status=ReturnStatus.AUTHORIZED,
        provisional=True,
        order_id=command.order_id,
        customer_id=judged.sale.customer_id if judged else None,
        lines=lines,
        method=command.method,
        refund_type=command.refund_type,
        estimated_refund=judged.draft.estimated_refund if judged else None,
        fees=judged.draft.fees if judged else (),
        authorized_at=command.authorized_at,
        created_at=now,
    )


def _refused(error: UpstreamRejected, command: RequestReturn, judged: Judged) -> Refusal:
    if error.reason == "ORDER_NOT_FOUND":
        return order_not_found(command)
    # A name that is taken was made of the same key: it came before, so long ago that the OMS no longer knows the key.
    if error.reason in ("IDEMPOTENCY_CONFLICT", "RETURN_ID_TAKEN"):
        return key_conflict()
    if error.reason == "QUANTITY_EXCEEDED":
        # The OMS does not say which line. What was read of the sale is the best there is, and it is behind.
        return judged.refusal or QuantityExceeded(
            message="Some of these items have just been returned otherwise. Read the order again, then ask for less.",
            path=("input", "lines"),
            available=min(verdict.quantity for verdict in judged.verdicts),
        )
    raise error


def _by_mail_only() -> MethodNotOffered:
    return MethodNotOffered(
        message="Customers send goods back by mail. Choose RETURN_BY_MAIL, or bring them to a store.",
        path=("input", "method"),
        offered=(ReturnMethod.RETURN_BY_MAIL,),
    )
