"""What is asked to come back, and the verdict of the policies on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import msgspec

from domains.returns.eligibility import refund_of, returnable_lines
from domains.returns.model import (
    NonReturnableReason,
    RefundType,
    ReturnableLine,
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
    positive_quantity,
)

LINES_MAX = 100
_WHY_NOT = {
    NonReturnableReason.FINAL_SALE: "was a final sale",
    NonReturnableReason.ALREADY_RETURNED: "has already been returned, or is about to be",
    NonReturnableReason.UNFULFILLED: "has not left us yet; cancel it instead",
    NonReturnableReason.OTHER: "has no return policy that we know of; ask customer service",
}


class RequestReturn(Record, frozen=True, kw_only=True):
    """Ask that `lines` of an order may come back."""

    order_id: OrderId
    lines: tuple[ReturnDraftLine, ...]
    method: ReturnMethod
    refund_type: RefundType
    idempotency_key: IdempotencyKey


class AuthorizeReturn(RequestReturn, frozen=True, kw_only=True):
    """Authorize the return of `lines` of an order. `authorized_at` is the store where it is done, if it is one.

    `at_desk` when somebody does it who serves customers: they may choose any method, and get a promise while the OMS
    is down. A customer sends goods back by mail.
    """

    authorized_at: LocationId | None = None
    at_desk: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """What the OMS is to record; `refusal` when open returns alone stand in the way, `verdicts` line by line."""

    draft: ReturnDraft
    sale: Sale
    verdicts: tuple[ReturnableLine, ...]
    refusal: Refusal | None


def check(command: RequestReturn) -> None:
    """The bounds that hold without knowing the order. Raises InvalidInput, pointing into the command."""
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


async def judge(returns: Returns, command: RequestReturn, now: datetime) -> Judged | Refusal:
    """Whether the policies allow the return, as of `now`.

    The first refusal wins: line by line in the order of the command (window, item, quantity), then the method. One
    that is owed to open returns alone is no verdict yet: one of them may be this very command, recorded but unheard
    of, and the OMS can tell by its key. Raises InvalidInput for what the order could not allow, and UpstreamError.
    """
    found = await returns.sales(frozenset({command.order_id}))
    if command.order_id not in found:
        return order_not_found(command)
    sale = _asked_for(command, found[command.order_id].value)
    read = await returns.policies(frozenset(line.sku for line in sale.lines))
    policies = {sku: reading.value for sku, reading in read.items()}
    verdicts = returnable_lines(sale, policies, now)
    refusal = _refusal(command, verdicts) or _method_refusal(command, sale, policies)
    if refusal is not None and not _may_be_a_repeat(command, sale, policies, now):
        return refusal
    _check_refund_type(command, sale, policies)
    return Judged(draft=_draft(command, sale, policies), sale=sale, verdicts=verdicts, refusal=refusal)


def order_not_found(command: RequestReturn) -> OrderNotFound:
    """The refusal for an order that the OMS does not know."""
    return OrderNotFound(message=f"There is no order {command.order_id}. Check the id.", path=("input", "orderId"))


def _asked_for(command: RequestReturn, sale: Sale) -> Sale:
    """The sale with the lines that are to come back, in the order of the command."""
    lines = {line.id: line for line in sale.lines}
    for place, asked in enumerate(command.lines):
        if asked.order_line_id not in lines:
            raise InvalidInput(
                f"Order {sale.order_id} has no line {asked.order_line_id}.", ("input", "lines", place, "orderLineId")
            )
    return msgspec.structs.replace(sale, lines=tuple(lines[asked.order_line_id] for asked in command.lines))


def _refusal(command: RequestReturn, verdicts: Sequence[ReturnableLine]) -> Refusal | None:
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


def _may_be_a_repeat(command: RequestReturn, sale: Sale, policies: Mapping[Sku, ReturnPolicy], now: datetime) -> bool:
    """Whether open returns alone stand in the way."""
    lines = tuple(msgspec.structs.replace(line, open_returns=Decimal(0)) for line in sale.lines)
    as_if = msgspec.structs.replace(sale, lines=lines)
    return not (_refusal(command, returnable_lines(as_if, policies, now)) or _method_refusal(command, as_if, policies))


def _method_refusal(
    command: RequestReturn, sale: Sale, policies: Mapping[Sku, ReturnPolicy]
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


def _check_refund_type(command: RequestReturn, sale: Sale, policies: Mapping[Sku, ReturnPolicy]) -> None:
    for line in sale.lines:
        offered = policies[line.sku].refund_types
        if offered and command.refund_type not in offered:
            raise InvalidInput(
                f"{line.sku} is refunded by {' or '.join(type_.value for type_ in offered)}.", ("input", "refundType")
            )


def _draft(command: RequestReturn, sale: Sale, policies: Mapping[Sku, ReturnPolicy]) -> ReturnDraft:
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
    )


def _sum(amounts: Sequence[Money]) -> Money:
    return sum(amounts[1:], start=amounts[0])
