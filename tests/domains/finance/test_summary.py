"""An order's books in four sums."""

from decimal import Decimal

import pytest

from domains.finance import (
    FinancialDocument,
    FinancialDocumentType,
    OrderFinancialSummary,
    OrderLedger,
    summarise,
)
from domains.vocabulary import CurrencyMismatch, Money, OrderId


def money(amount: str | None, currency_code: str = "EUR") -> Money | None:
    return None if amount is None else Money(amount=Decimal(amount), currency_code=currency_code)


def document(type_: str, amount: str | None, tax: str | None = None) -> FinancialDocument:
    return FinancialDocument(
        type=FinancialDocumentType(type_), number=f"{type_}-1", amount=money(amount), tax=money(tax)
    )


def summary(*documents: FinancialDocument) -> OrderFinancialSummary:
    return summarise(OrderLedger(order_id=OrderId("ord-000001"), currency_code="EUR", documents=documents))


def test_documents_are_added_up_by_type() -> None:
    """Invoices, payments and refunds each have their sum, gross; a credit memo shows in none of them."""
    first, second = document("INVOICE", "119.00", "19.00"), document("INVOICE", "11.90", "1.90")
    answer = summary(
        first,
        document("PAYMENT", "100.00"),
        second,
        document("PAYMENT", "30.90"),
        document("CREDIT_MEMO", "11.90", "1.90"),
        document("REFUND", "11.90"),
    )
    assert answer == OrderFinancialSummary(
        invoiced=money("130.90"),
        paid=money("130.90"),
        refunded=money("11.90"),
        tax=money("20.90"),
        invoices=(first, second),
    )


def test_nothing_posted_is_no_sum() -> None:
    """An empty ledger has no sums, not sums of zero; a posted zero is one."""
    assert summary() == OrderFinancialSummary()
    assert summary(document("INVOICE", "0.00", "0.00")).invoiced == money("0.00")


def test_an_unknown_amount_leaves_its_sum_unknown() -> None:
    """A sum of some of the documents would be wrong, so there is none; the other sums stay."""
    answer = summary(document("INVOICE", "10.00", "1.60"), document("INVOICE", "5.00"), document("PAYMENT", None))
    assert (answer.invoiced, answer.tax, answer.paid) == (money("15.00"), None, None)


def test_currencies_are_not_added() -> None:
    """A document in another currency than its ledger raises."""
    yen = FinancialDocument(type=FinancialDocumentType.INVOICE, number="1", amount=money("100", "JPY"))
    with pytest.raises(CurrencyMismatch):
        summary(yen)
