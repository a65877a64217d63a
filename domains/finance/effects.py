"""What slow writes post to the books. Only flows call these: nobody waits for the ERP in a request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from domains.finance.model import PostingFacts
from domains.vocabulary import CustomerId, IdempotencyKey, LocationId, Money, OrderId, Record, ReturnId, Sku


class SalesLine(Record, frozen=True, kw_only=True):
    """`amount` is what all of `quantity` costs, discounts and tax included."""

    sku: Sku
    quantity: Decimal
    amount: Money


class SalesDocument(Record, frozen=True, kw_only=True):
    """A sales order for the books. `redeemed` is the part of `total` that was paid with points."""

    order_id: OrderId
    order_number: str
    customer_id: CustomerId | None = None
    channel: str | None = None
    lines: Annotated[tuple[SalesLine, ...], Meta(min_length=1, max_length=100)]
    total: Money
    redeemed: Money | None = None


class CreditMemo(Record, frozen=True, kw_only=True):
    """What the customer gets back for a return."""

    return_id: ReturnId
    rma_number: str
    order_id: OrderId
    amount: Money


class GoodsLine(Record, frozen=True, kw_only=True):
    """`disposition` is one of RESTOCKED, NOT_RESTOCKED, PROCESSING_REQUIRED, MISSING."""

    sku: Sku
    quantity: Decimal
    disposition: str


class GoodsReceipt(Record, frozen=True, kw_only=True):
    """Returned goods taken in: one delivery of a return, under an id of its own."""

    id: str
    return_id: ReturnId
    location_id: LocationId | None = None
    lines: Annotated[tuple[GoodsLine, ...], Meta(min_length=1, max_length=100)]


@dataclass(frozen=True)
class FinanceWrites:
    """All answer how the posting now stands (`document_number` once it is posted), and raise UpstreamRejected when the
    ERP says no; `reason` is then one of CREDIT_HOLD, PERIOD_CLOSED, POSTING_NOT_FOUND, ILLEGAL_TRANSITION,
    IDEMPOTENCY_CONFLICT. `Finance.postings` finds what an unheard one did: subject ORDER, RETURN or RECEIPT."""

    post_order: Callable[[SalesDocument, IdempotencyKey], Awaitable[PostingFacts]]
    reverse_order: Callable[[OrderId, IdempotencyKey], Awaitable[PostingFacts]]
    post_credit: Callable[[CreditMemo, IdempotencyKey], Awaitable[PostingFacts]]
    reverse_credit: Callable[[ReturnId, IdempotencyKey], Awaitable[PostingFacts]]
    post_goods: Callable[[GoodsReceipt, IdempotencyKey], Awaitable[PostingFacts]]
