"""What the books say of an order or a return."""

import enum
from typing import NamedTuple

from domains.vocabulary import (
    Instant,
    Money,
    OrderId,
    Record,
)


class ErpPostingState(enum.Enum):
    NOT_REQUIRED = "NOT_REQUIRED"
    QUEUED = "QUEUED"
    POSTED = "POSTED"
    EXCEPTION = "EXCEPTION"


class PostingSubject(enum.Enum):
    ORDER = "ORDER"
    RETURN = "RETURN"
    RECEIPT = "RECEIPT"


class PostingKey(NamedTuple):
    """Whose posting: an order's sales document, a return's credit memo, or the receipt of returned goods."""

    subject: PostingSubject
    id: str


class PostingFacts(Record, frozen=True, kw_only=True):
    """What the ERP says of one posting. The state is made of these by `posting_state_of`.

    `reversed_at` is when a document of its own took it back.
    """

    subject: PostingSubject
    id: str
    required: bool = True
    document_number: str | None = None
    posted_at: Instant | None = None
    reversed_at: Instant | None = None
    failure: str | None = None


class FinancialDocumentType(enum.Enum):
    INVOICE = "INVOICE"
    CREDIT_MEMO = "CREDIT_MEMO"
    PAYMENT = "PAYMENT"
    REFUND = "REFUND"


class FinancialDocument(Record, frozen=True, kw_only=True):
    """A posted document. `amount` is unsigned; `tax` is the part of it that is tax."""

    type: FinancialDocumentType
    number: str
    amount: Money | None = None
    tax: Money | None = None
    posted_at: Instant | None = None


class OrderLedger(Record, frozen=True, kw_only=True):
    """Every posted document of an order."""

    order_id: OrderId
    currency_code: str
    documents: tuple[FinancialDocument, ...] = ()


class OrderFinancialSummary(Record, frozen=True, kw_only=True):
    """An order's ledger in four sums: made by `summary.summarise`, each None when nothing of the kind is posted."""

    invoiced: Money | None = None
    paid: Money | None = None
    refunded: Money | None = None
    tax: Money | None = None
    invoices: tuple[FinancialDocument, ...] = ()
