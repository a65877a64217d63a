"""What is done to a return that there is already: approve, decline, receive, cancel.

The OMS is the judge of each, for it alone knows a repeat by its key. What is read before spares it questions whose
answer is certain by the lifecycle, and gives a refusal its words.
"""

from collections.abc import Awaitable, Mapping
from decimal import Decimal

from domains.returns.authorization import WHO
from domains.returns.lifecycle import may_become, may_have_become
from domains.returns.model import ReturnAuthorization, ReturnDisposition, ReturnLine, ReturnStatus
from domains.returns.port import ReceivedLine, Returns
from domains.returns.refusals import IllegalReturnState, QuantityExceeded, return_not_found
from domains.vocabulary import (
    BackendUnavailable,
    IdempotencyKey,
    InvalidInput,
    LocationId,
    Record,
    Refusal,
    ReturnId,
    Sku,
    SystemRole,
    UpstreamError,
    UpstreamGarbled,
    UpstreamRejected,
    freshest_within,
    key_conflict,
    not_asked,
    not_written,
    positive_quantity,
)

RECEIVED_LINES_MAX = 100
REASON_MAX = 1_000
_UNCHANGED = "The return was not changed."
_DONE = {
    ReturnStatus.AUTHORIZED: "approved",
    ReturnStatus.DECLINED: "declined",
    ReturnStatus.RECEIVED: "received",
    ReturnStatus.CANCELED: "canceled",
}


class ApproveReturn(Record, frozen=True, kw_only=True):
    """Authorize a requested return. Its lines were judged when it was requested."""

    return_id: ReturnId
    idempotency_key: IdempotencyKey


class DeclineReturn(Record, frozen=True, kw_only=True):
    """Say no to a requested return; `reason` is a sentence for the customer."""

    return_id: ReturnId
    reason: str
    idempotency_key: IdempotencyKey


class ReceiveReturn(Record, frozen=True, kw_only=True):
    """Take in what came back of a return, at `received_at` if it is known where."""

    return_id: ReturnId
    lines: tuple[ReceivedLine, ...]
    idempotency_key: IdempotencyKey
    received_at: LocationId | None = None


class CancelReturn(Record, frozen=True, kw_only=True):
    """Call a return off before anything of it came back."""

    return_id: ReturnId
    idempotency_key: IdempotencyKey


class ReturnedGoods(Record, frozen=True, kw_only=True):
    """Pieces that were taken in, or found to be missing."""

    sku: Sku
    quantity: Decimal
    disposition: ReturnDisposition


class ReceivedReturn(Record, frozen=True, kw_only=True):
    """A return as it stands after `goods` of it were taken in."""

    authorization: ReturnAuthorization
    goods: tuple[ReturnedGoods, ...]


async def approve(returns: Returns, command: ApproveReturn) -> ReturnAuthorization | Refusal:
    """Authorize a requested return, or say why not. All four raise UpstreamRejected when the OMS refuses for a reason
    its contract does not name."""
    found = await _open(returns, command.return_id, ReturnStatus.AUTHORIZED)
    if isinstance(found, Refusal):
        return found
    write = returns.approve(command.return_id, command.idempotency_key)
    return await _taken(returns, found, ReturnStatus.AUTHORIZED, write)


async def decline(returns: Returns, command: DeclineReturn) -> ReturnAuthorization | Refusal:
    """Say no to a requested return, or say why that cannot be. Raises InvalidInput for a reason that is none."""
    if not command.reason.strip() or len(command.reason) > REASON_MAX:
        raise InvalidInput(f"A reason has 1 to {REASON_MAX} characters.", ("input", "reason"))
    found = await _open(returns, command.return_id, ReturnStatus.DECLINED)
    if isinstance(found, Refusal):
        return found
    write = returns.decline(command.return_id, command.reason, command.idempotency_key)
    return await _taken(returns, found, ReturnStatus.DECLINED, write)


async def cancel(returns: Returns, command: CancelReturn) -> ReturnAuthorization | Refusal:
    """Call a return off, or say why that cannot be."""
    found = await _open(returns, command.return_id, ReturnStatus.CANCELED)
    if isinstance(found, Refusal):
        return found
    write = returns.cancel(command.return_id, command.idempotency_key)
    return await _taken(returns, found, ReturnStatus.CANCELED, write)


async def receive(returns: Returns, command: ReceiveReturn) -> ReceivedReturn | Refusal:
    """Take goods in, or say why that cannot be. Raises InvalidInput for lines that no receipt could have."""
    if not 1 <= len(command.lines) <= RECEIVED_LINES_MAX:
        raise InvalidInput(f"A receipt has 1 to {RECEIVED_LINES_MAX} lines.", ("input", "lines"))
    for place, line in enumerate(command.lines):
        positive_quantity(line.quantity, "input", "lines", place, "quantity")
    found = await _open(returns, command.return_id, ReturnStatus.RECEIVED)
    if isinstance(found, Refusal):
        return found
    lines = {line.id: line for line in found.lines}
    for place, line in enumerate(command.lines):
        if line.line_id not in lines:
            raise InvalidInput(
                f"Return {found.rma_number} has no line {line.line_id}.", ("input", "lines", place, "lineId")
            )
    try:
        goods = await _goods(returns, found, command, lines)
    except UpstreamRejected:
        raise
    except UpstreamError as error:
        return not_asked(error, WHO, _UNCHANGED)
    write = returns.receive(command.return_id, command.lines, command.idempotency_key)
    answer = await _taken(returns, found, ReturnStatus.RECEIVED, write, command.lines)
    return answer if isinstance(answer, Refusal) else ReceivedReturn(authorization=answer, goods=goods)


async def _open(returns: Returns, return_id: ReturnId, following: ReturnStatus) -> ReturnAuthorization | Refusal:
    """The return, if it may become `following`, or may have been asked to before."""
    try:
        found = await _read(returns, return_id)
    except UpstreamRejected:
        raise
    except UpstreamError as error:
        return not_asked(error, WHO, _UNCHANGED)
    if found is None:
        return return_not_found(return_id)
    if found.provisional:
        return BackendUnavailable(
            message=f"Return {found.rma_number} is not yet in the {WHO}, which did not answer when it was promised. "
            "It is sent there again and again; try again in a minute with the same idempotency key.",
            retryable=True,
            system=SystemRole.OMS,
        )
    if may_become(found.status, following) or may_have_become(found.status, following):
        return found
    return _illegal(found.status, following)


async def _read(returns: Returns, return_id: ReturnId) -> ReturnAuthorization | None:
    with freshest_within(0):
        reading = (await returns.by_id(frozenset({return_id}))).get(return_id)
    return None if reading is None else reading.value


async def _goods(
    returns: Returns, found: ReturnAuthorization, command: ReceiveReturn, lines: Mapping[str, ReturnLine]
) -> tuple[ReturnedGoods, ...]:
    """The products of the lines, which only the sale knows."""
    sale = (await returns.sales(frozenset({found.order_id}))).get(found.order_id)
    skus = {line.id: line.sku for line in sale.value.lines} if sale is not None else {}
    try:
        return tuple(
            ReturnedGoods(
                sku=skus[lines[line.line_id].order_line_id], quantity=line.quantity, disposition=line.disposition
            )
            for line in command.lines
        )
    except KeyError as error:
        raise UpstreamGarbled(SystemRole.OMS, "sales", f"no order line {error} behind {found.id}") from error


async def _taken(
    returns: Returns,
    found: ReturnAuthorization,
    following: ReturnStatus,
    write: Awaitable[ReturnAuthorization],
    received: tuple[ReceivedLine, ...] = (),
) -> ReturnAuthorization | Refusal:
    try:
        return await write
    except UpstreamRejected as error:
        if error.reason == "RETURN_NOT_FOUND":
            return return_not_found(found.id)
        if error.reason == "ILLEGAL_TRANSITION":
            return _illegal(await _state(returns, found.id, following), following)
        if error.reason == "QUANTITY_EXCEEDED":
            return _exceeded(found, received)
        if error.reason == "IDEMPOTENCY_CONFLICT":
            return key_conflict()
        raise
    except UpstreamError as error:
        return not_written(error, WHO, _UNCHANGED)


async def _state(returns: Returns, return_id: ReturnId, following: ReturnStatus) -> ReturnStatus:
    """What the return is, after the OMS would not let it become `following`."""
    try:
        found = await _read(returns, return_id)
    except UpstreamError:
        return ReturnStatus.UNKNOWN  # the refusal stands without it
    # A state that allows the step contradicts the refusal, so this reading is older than it.
    return ReturnStatus.UNKNOWN if found is None or may_become(found.status, following) else found.status


def _illegal(state: ReturnStatus, following: ReturnStatus) -> IllegalReturnState:
    now = "in another state by now" if state is ReturnStatus.UNKNOWN else state.value.lower().replace("_", " ")
    return IllegalReturnState(
        message=f"The return is {now} and cannot be {_DONE[following]}. Read the return again.",
        path=("input", "returnId"),
        state=state,
    )


def _exceeded(found: ReturnAuthorization, received: tuple[ReceivedLine, ...]) -> QuantityExceeded:
    """The OMS does not say which line; the return as it was read before does, unless it is behind."""
    awaited = {line.id: max(line.quantity_authorized - line.quantity_received, Decimal(0)) for line in found.lines}
    for place, line in enumerate(received):
        here = sum((one.quantity for one in received if one.line_id == line.line_id), Decimal(0))
        if here > awaited[line.line_id]:
            return QuantityExceeded(
                message=f"{awaited[line.line_id]} of line {line.line_id} may still come back. Receive no more.",
                path=("input", "lines", str(place), "quantity"),
                available=awaited[line.line_id],
            )
    return QuantityExceeded(
        message="Some of these pieces have just been received. Read the return again.",
        path=("input", "lines"),
        available=min(awaited[line.line_id] for line in received),
    )
