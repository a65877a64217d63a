"""An order's ledger in a few sums."""

from collections.abc import Iterable

from domains.finance.model import FinancialDocument, FinancialDocumentType, OrderFinancialSummary, OrderLedger
from domains.vocabulary import Money


def summarise(ledger: OrderLedger) -> OrderFinancialSummary:
    """Add the documents up by type: `invoiced` and its `tax` by invoices, `paid` by payments, `refunded` by refunds.

    Gross, as they were posted: a credit memo lessens what is owed, shows in no sum, and is seen once it is refunded.
    A sum is None when there is no such document, or when the amount of one is unknown. Raises CurrencyMismatch when a
    document is in another currency than its ledger.
    """
    invoices = _of(ledger, FinancialDocumentType.INVOICE)
    payments = _of(ledger, FinancialDocumentType.PAYMENT)
    refunds = _of(ledger, FinancialDocumentType.REFUND)
    currency_code = ledger.currency_code
    return OrderFinancialSummary(
        invoiced=_sum(currency_code, (document.amount for document in invoices)),
        paid=_sum(currency_code, (document.amount for document in payments)),
        refunded=_sum(currency_code, (document.amount for document in refunds)),
        tax=_sum(currency_code, (document.tax for document in invoices)),
        invoices=invoices,
    )


def _of(ledger: OrderLedger, type_: FinancialDocumentType) -> tuple[FinancialDocument, ...]:
    return tuple(document for document in ledger.documents if document.type is type_)


def _sum(currency_code: str, amounts: Iterable[Money | None]) -> Money | None:
    total: Money | None = None
    for amount in amounts:
        if amount is None:
            return None
        total = (total or Money.zero(currency_code)) + amount
    return total
