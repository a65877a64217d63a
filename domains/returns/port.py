"""What the returns slice asks of an outside system."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal

from domains.returns.model import (
    RefundType,
    ReturnAuthorization,
    ReturnFee,
    ReturnMethod,
    ReturnPolicy,
    ReturnQuery,
    ReturnReason,
    Sale,
)
from domains.vocabulary import Fetch, IdempotencyKey, LocationId, Money, OrderId, Page, Record, ReturnId, Sku


class ReturnDraftLine(Record, frozen=True, kw_only=True):
    order_line_id: str
    quantity: Decimal
    reason: ReturnReason
    note: str | None = None


class ReturnDraft(Record, frozen=True, kw_only=True):
    """An authorized return, to be recorded by the OMS."""

    order_id: OrderId
    lines: tuple[ReturnDraftLine, ...]
    method: ReturnMethod
    refund_type: RefundType
    estimated_refund: Money | None = None
    fees: tuple[ReturnFee, ...] = ()
    authorized_at: LocationId | None = None


@dataclass(frozen=True)
class Returns:
    """Reads and writes of returns.

    `record` answers the authorization as the OMS now has it. It raises UpstreamRejected when the OMS says no;
    `reason` is then one of ORDER_NOT_FOUND, QUANTITY_EXCEEDED, IDEMPOTENCY_CONFLICT.
    """

    by_id: Fetch[ReturnId, ReturnAuthorization]
    by_rma: Fetch[str, ReturnAuthorization]
    of_order: Fetch[OrderId, tuple[ReturnAuthorization, ...]]
    of_customer: Fetch[ReturnQuery, Page[ReturnAuthorization]]
    policies: Fetch[Sku, ReturnPolicy]
    sales: Fetch[OrderId, Sale]
    record: Callable[[ReturnDraft, IdempotencyKey], Awaitable[ReturnAuthorization]]
