"""What the books say of an order or a return.

Deliberately does not know what was sold, or why."""

from domains.finance.effects import CreditMemo, FinanceWrites, GoodsLine, GoodsReceipt, SalesDocument, SalesLine
from domains.finance.model import (
    ErpPostingState,
    FinancialDocument,
    FinancialDocumentType,
    OrderFinancialSummary,
    OrderLedger,
    PostingFacts,
    PostingKey,
    PostingSubject,
)
from domains.finance.port import (
    Finance,
)
from domains.finance.posting import posting_state_of
from domains.finance.summary import summarise

__all__ = [
    "CreditMemo",
    "ErpPostingState",
    "Finance",
    "FinanceWrites",
    "FinancialDocument",
    "FinancialDocumentType",
    "GoodsLine",
    "GoodsReceipt",
    "OrderFinancialSummary",
    "OrderLedger",
    "PostingFacts",
    "PostingKey",
    "PostingSubject",
    "SalesDocument",
    "SalesLine",
    "posting_state_of",
    "summarise",
]
