"""What comparisons have in common: the sums of a ledger, and the words in which amounts and documents are told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from domains.finance import FinancialDocumentType, OrderLedger, PostingFacts
from domains.vocabulary import Money, Sku

NOTHING = "nothing"

Differences = Iterator[tuple[str, str, str]]
"""What was asked, what is expected, what is found."""


def posted(what: str, document: str | None, facts: PostingFacts | None) -> Differences:
    number = document or "posted"
    if facts is None or facts.document_number is None:
        yield what, number, NOTHING
    elif facts.reversed_at is not None:
        yield what, number, f"{facts.document_number}, reversed"
    elif document is not None and facts.document_number != document:
        yield what, number, facts.document_number


def stands(facts: PostingFacts | None) -> bool:
    return facts is not None and facts.document_number is not None and facts.reversed_at is None


def net_of(ledger: OrderLedger) -> Money | None:
    """Invoices less credit memos; None when nothing is invoiced, or an amount is unknown. A document in a currency that
    is not the ledger's counts for nothing, and so makes the sum wrong."""
    wanted = (FinancialDocumentType.INVOICE, FinancialDocumentType.CREDIT_MEMO)
    documents = [document for document in ledger.documents if document.type in wanted]
    if not any(document.type is FinancialDocumentType.INVOICE for document in documents):
        return None
    net = Money.zero(ledger.currency_code)
    for document in documents:
        if document.amount is None:
            return None
        if document.amount.currency_code != net.currency_code:
            continue
        net = net + document.amount if document.type is FinancialDocumentType.INVOICE else net - document.amount
    return net


def amounts(ledger: OrderLedger, type_: FinancialDocumentType) -> list[Money]:
    return [document.amount for document in ledger.documents if document.type is type_ and document.amount is not None]


def money(money: Money | None) -> str:
    return NOTHING if money is None else f"{money.rounded().amount} {money.currency_code}"


def points_of(points: Decimal) -> str:
    return f"{points:f} points"


def lines_of(lines: Mapping[Sku, Decimal]) -> str:
    return ", ".join(f"{quantity:f} of {sku}" for sku, quantity in sorted(lines.items())) or NOTHING
