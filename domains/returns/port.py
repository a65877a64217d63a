"""What the returns slice asks of an outside system."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal

from domains.returns.model import (
    RefundType,
    ReturnAuthorization,
    ReturnDisposition,
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
    """A return to be recorded by the OMS.

    `return_id` is set where the gateway names the return, at a desk; `rma_number` for a provisional one, which the
    customer was already told of.
    """

    return_id: ReturnId | None = None
    rma_number: str | None = None
    order_id: OrderId
    lines: tuple[ReturnDraftLine, ...]
    method: ReturnMethod
    refund_type: RefundType
    estimated_refund: Money | None = None
    fees: tuple[ReturnFee, ...] = ()
    authorized_at: LocationId | None = None


class ReceivedLine(Record, frozen=True, kw_only=True):
    """Pieces of one return line that were taken in, and what becomes of them."""

    line_id: str
    quantity: Decimal
    disposition: ReturnDisposition


@dataclass(frozen=True)
class Returns:
    """Reads and writes of returns.

    The writes answer the return as the OMS now has it: `record` an authorized one, `request` one that waits for
    `approve` or `decline` (with a sentence why), `receive` and `cancel` what their names say. They raise
    UpstreamRejected when the OMS says no; `reason` is then one of ORDER_NOT_FOUND, RETURN_NOT_FOUND, QUANTITY_EXCEEDED,
    RETURN_ID_TAKEN, RMA_NUMBER_TAKEN, ILLEGAL_TRANSITION, IDEMPOTENCY_CONFLICT.
    """

    by_id: Fetch[ReturnId, ReturnAuthorization]
    by_rma: Fetch[str, ReturnAuthorization]
    of_order: Fetch[OrderId, tuple[ReturnAuthorization, ...]]
    of_customer: Fetch[ReturnQuery, Page[ReturnAuthorization]]
    policies: Fetch[Sku, ReturnPolicy]
    sales: Fetch[OrderId, Sale]
    record: Callable[[ReturnDraft, IdempotencyKey], Awaitable[ReturnAuthorization]]
    request: Callable[[ReturnDraft, IdempotencyKey], Awaitable[ReturnAuthorization]]
    approve: Callable[[ReturnId, IdempotencyKey], Awaitable[ReturnAuthorization]]
    decline: Callable[[ReturnId, str, IdempotencyKey], Awaitable[ReturnAuthorization]]
    receive: Callable[[ReturnId, tuple[ReceivedLine, ...], IdempotencyKey], Awaitable[ReturnAuthorization]]
    cancel: Callable[[ReturnId, IdempotencyKey], Awaitable[ReturnAuthorization]]
