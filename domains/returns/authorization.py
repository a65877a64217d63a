"""Authorizing a return: the policy is judged here, the pieces are counted by the OMS."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from domains.returns.eligibility import refund_of, returnable_lines
from domains.returns.model import (
    NonReturnableReason,
    RefundType,
    ReturnableLine,
    ReturnAuthorization,
    ReturnFee,
    ReturnMethod,
    ReturnPolicy,
    Sale,
)
from domains.returns.port import ReturnDraft, ReturnDraftLine, Returns
from domains.returns.refusals import (
    ItemNotReturnable,
    MethodNotOffered,
    OrderNotFound,
    QuantityExceeded,
    ReturnWindowExpired,
)
from domains.vocabulary import (
    IdempotencyKey,
    InvalidInput,
    LocationId,
    Money,
    OrderId,
    Record,
    Refusal,
    Sku,
    UpstreamError,
    UpstreamRejected,
    key_conflict,
    not_asked,
    not_written,
    positive_quantity,
)

LINES_MAX = 100
_WHO = "order system"
_WHY_NOT = {
    NonReturnableReason.FINAL_SALE: "was a final sale",
    NonReturnableReason.ALREADY_RETURNED: "has already been returned, or is about to be",
    NonReturnableReason.UNFULFILLED: "has not left us yet; cancel it instead",
    NonReturnableReason.OTHER: "has no return policy that we know of; ask customer service",
}


class AuthorizeReturn(Record, frozen=True, kw_only=True):
    """Authorize the return of `lines` of an order. `authorized_at` is the store of the associate who does, if any."""

    order_id: OrderId
    lines: tuple[ReturnDraftLine, ...]
    method: ReturnMethod
    refund_type: RefundType
    idempotency_key: IdempotencyKey
    authorized_at: LocationId | None = None


async def authorize(returns: Returns, command: AuthorizeReturn, now: datetime) -> ReturnAuthorization | Refusal:
    """Have the OMS record a return that the policies allow, or say why not.

    The first refusal wins: line by line in the order of the command (window, item, quantity), then the method. Raises
    InvalidInput, pointing into the command, for input that no order could allow, and UpstreamRejected when the OMS
    refuses for a reason its contract does not name.
    """
    _check(command)
    try:
        found = await returns.sales(frozenset({command.order_id}))
        if command.order_id not in found:
            return _order_not_found(command)
        sale = _asked_for(command, found[command.order_id].value)
        policies = {
            sku: reading.value
            for sku, reading in (await returns.policies(frozenset(line.sku for line in sale.lines))).items()
        }
    except UpstreamRejected:
        raise
    except UpstreamError as error:
        return not_asked(error, _WHO, "No return was recorded.")
    refusal = _refusal(command, returnable_lines(sale, policies, now)) or _method_refusal(command, sale, policies)
    if refusal is not None and not _may_be_a_repeat(command, sale, policies, now):
        return refusal
    _check_refund_type(command, sale, policies)
    try:
        return await returns.record(_draft(command, sale, policies), command.idempotency_key)
    except UpstreamRejected as error:
        return _record_refused(error, command, refusal, returnable_lines(sale, policies, now))
    except UpstreamError as error:
        return not_written(error, _WHO, "No return was recorded.")


def _check(command: AuthorizeReturn) -> None:
    if not 1 <= len(command.lines) <= LINES_MAX:
        raise InvalidInput(f"A return has 1 to {LINES_MAX} lines.", ("input", "lines"))
    seen: set[str] = set()
    for place, line in enumerate(command.lines):
        if line.order_line_id in seen:
            raise InvalidInput(
                f"Order line {line.order_line_id} is named twice. Add the quantities up.",
                ("input", "lines", place, "orderLineId"),
            )
        seen.add(line.order_line_id)
        positive_quantity(line.quantity, "input", "lines", place, "quantity")


def _asked_for(command: AuthorizeReturn, sale: Sale) -> Sale:
    """The sale with the lines that are to come back, in the order of the command."""
    lines = {line.id: line for line in sale.lines}
    for place, asked in enumerate(command.lines):
        if asked.order_line_id not in lines:
            raise InvalidInput(
                f"Order {sale.order_id} has no line {asked.order_line_id}.", ("input", "lines", place, "orderLineId")
            )
    return msgspec.structs.replace(sale, lines=tuple(lines[asked.order_line_id] for asked in command.lines))


def _refusal(command: AuthorizeReturn, verdicts: Sequence[ReturnableLine]) -> Refusal | None:
    for place, (asked, verdict) in enumerate(zip(command.lines, verdicts, strict=True)):
        path = ("input", "lines", str(place))
        reason, until = verdict.not_returnable, verdict.until
        if reason is NonReturnableReason.RETURN_WINDOW_EXPIRED and until is not None:
            return ReturnWindowExpired(
                message=f"{verdict.sku} could be returned until {until:%Y-%m-%d %H:%M %Z}. Leave this line out.",
                path=(*path, "orderLineId"),
                expired_at=until,
            )
        if reason is not None:
            return ItemNotReturnable(
                message=f"{verdict.sku} {_WHY_NOT[reason]}.", path=(*path, "orderLineId"), reason=reason
            )
        if asked.quantity > verdict.quantity:
            return QuantityExceeded(
                message=f"{verdict.quantity} of {verdict.sku} may be returned. Ask for no more.",
                path=(*path, "quantity"),
                available=verdict.quantity,
            )
    return None


def _may_be_a_repeat(command: AuthorizeReturn, sale: Sale, policies: Mapping[Sku, ReturnPolicy], now: datetime) -> bool:
    """Whether open returns alone stand in the way: one of them may be this very command, recorded but unheard of.

    The OMS can tell: it repeats its first answer to a key it knows, and refuses a new one.
    """
    lines = tuple(msgspec.structs.replace(line, open_returns=Decimal(0)) for line in sale.lines)
    as_if = msgspec.structs.replace(sale, lines=lines)
    return not (_refusal(command, returnable_lines(as_if, policies, now)) or _method_refusal(command, as_if, policies))


def _method_refusal(
    command: AuthorizeReturn, sale: Sale, policies: Mapping[Sku, ReturnPolicy]
) -> MethodNotOffered | None:
    """A policy that names no method does not limit them."""
    limits = [set(policies[line.sku].methods) for line in sale.lines if policies[line.sku].methods]
    if all(command.method in limit for limit in limits):
        return None
    offered = tuple(method for method in ReturnMethod if all(method in limit for limit in limits))
    choice = f"Choose {' or '.join(method.value for method in offered)}" if offered else "Return them separately"
    return MethodNotOffered(
        message=f"These items cannot all be returned by {command.method.value}. {choice}.",
        path=("input", "method"),
        offered=offered,
    )


def _check_refund_type(command: AuthorizeReturn, sale: Sale, policies: Mapping[Sku, ReturnPolicy]) -> None:
    for line in sale.lines:
        offered = policies[line.sku].refund_types
        if offered and command.refund_type not in offered:
            raise InvalidInput(
                f"{line.sku} is refunded by {' or '.join(type_.value for type_ in offered)}.", ("input", "refundType")
            )


def _draft(command: AuthorizeReturn, sale: Sale, policies: Mapping[Sku, ReturnPolicy]) -> ReturnDraft:
    refunds = [
        refund_of(line, policies[line.sku], asked.quantity)
        for asked, line in zip(command.lines, sale.lines, strict=True)
    ]
    amounts = [refund.amount for refund in refunds if refund is not None]
    fees = [refund.fee for refund in refunds if refund is not None and refund.fee.amount > 0]
    return ReturnDraft(
        order_id=command.order_id,
        lines=command.lines,
        method=command.method,
        refund_type=command.refund_type,
        estimated_refund=_sum(amounts) if len(amounts) == len(refunds) else None,
        fees=(ReturnFee(reason="RESTOCKING", amount=_sum(fees)),) if fees else (),
        authorized_at=command.authorized_at,
    )


def _sum(amounts: Sequence[Money]) -> Money:
    return sum(amounts[1:], start=amounts[0])


def _record_refused(
    error: UpstreamRejected, command: AuthorizeReturn, refusal: Refusal | None, verdicts: Sequence[ReturnableLine]
) -> Refusal:
    if error.reason == "ORDER_NOT_FOUND":
        return _order_not_found(command)
    if error.reason == "IDEMPOTENCY_CONFLICT":
        return key_conflict()
    if error.reason == "QUANTITY_EXCEEDED":
        # The OMS does not say which line. What was read of the sale is the best there is, and it is behind.
        return refusal or QuantityExceeded(
            message="Some of these items have just been returned otherwise. Read the order again, then ask for less.",
            path=("input", "lines"),
            available=min(verdict.quantity for verdict in verdicts),
        )
    raise error


def _order_not_found(command: AuthorizeReturn) -> OrderNotFound:
    return OrderNotFound(message=f"There is no order {command.order_id}. Check the id.", path=("input", "orderId"))
