"""An order of 40 euros, 10 of them paid with points, and a return of half of it: as done, and as the systems say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from domains.finance import FinancialDocument, FinancialDocumentType, OrderLedger, PostingFacts, PostingSubject
from domains.loyalty import LedgerEntryStatus, LedgerEntryType, LoyaltyLedgerEntry, LoyaltyRedemption, RedemptionState
from domains.orders import Lifecycle, Order, OrderFacts, OrderLine
from domains.returns import RefundType, ReturnAuthorization, ReturnMethod, ReturnStatus
from domains.vocabulary import (
    MembershipId,
    Money,
    OrderId,
    PointsAmount,
    RedemptionId,
    ReturnId,
    RewardCurrency,
    Sku,
)
from gateway.reconcile.order_comparison import OrderExpected, OrderSeen
from gateway.reconcile.return_comparison import ReturnExpected, ReturnSeen

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
INVOICE, CREDIT_MEMO, PAYMENT = (
    FinancialDocumentType.INVOICE,
    FinancialDocumentType.CREDIT_MEMO,
    FinancialDocumentType.PAYMENT,
)
POINTS = RewardCurrency(code="PTS", name="points")


def euros(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency_code="EUR")


def order(**changes: Any) -> Order:
    line = OrderLine(id="1", sku=Sku("SKU-1"), ordered=Decimal(2), total=euros("40.00"))
    given: dict[str, Any] = {
        "facts": OrderFacts(lifecycle=Lifecycle.CREATED),
        "lines": (line,),
        "total": euros("40.00"),
    } | changes
    return Order(id=OrderId("o-1"), order_number="W1", placed_at=NOW, **given)


def ledger(*documents: tuple[FinancialDocumentType, str]) -> OrderLedger:
    posted = tuple(
        FinancialDocument(type=type_, number=f"9{place}", amount=euros(amount))
        for place, (type_, amount) in enumerate(documents)
    )
    return OrderLedger(order_id=OrderId("o-1"), currency_code="EUR", documents=posted)


def in_dollars(of: OrderLedger) -> OrderLedger:
    """The same, its last document in dollars."""
    *others, last = of.documents
    assert last.amount is not None
    dollars = msgspec.structs.replace(last.amount, currency_code="USD")
    return msgspec.structs.replace(of, documents=(*others, msgspec.structs.replace(last, amount=dollars)))


def posting(
    number: str | None = "4500000001", *, reversed_: bool = False, subject: PostingSubject = PostingSubject.ORDER
) -> PostingFacts:
    return PostingFacts(subject=subject, id="1", document_number=number, reversed_at=NOW if reversed_ else None)


def entry(
    points: int,
    type_: LedgerEntryType = LedgerEntryType.ACCRUAL,
    status: LedgerEntryStatus = LedgerEntryStatus.PENDING,
    order_id: str = "o-1",
) -> LoyaltyLedgerEntry:
    amount = PointsAmount(value=Decimal(points), currency=POINTS)
    return LoyaltyLedgerEntry(
        id="e-1", type=type_, status=status, points=amount, order_id=OrderId(order_id), occurred_at=NOW
    )


def redemption(
    state: RedemptionState = RedemptionState.CAPTURED, value: str = "10.00", expires_at: datetime | None = None
) -> LoyaltyRedemption:
    return LoyaltyRedemption(
        id=RedemptionId("red-1"),
        membership_id=MembershipId("mem-1"),
        state=state,
        points=PointsAmount(value=Decimal(100), currency=POINTS),
        value=euros(value),
        expires_at=expires_at,
    )


def returned(**changes: Any) -> ReturnAuthorization:
    given: dict[str, Any] = {"status": ReturnStatus.AUTHORIZED, "estimated_refund": euros("20.00")} | changes
    return ReturnAuthorization(
        id=ReturnId("r-1"),
        rma_number="RMA-1",
        order_id=OrderId("o-1"),
        lines=(),
        method=ReturnMethod.RETURN_IN_STORE,
        refund_type=RefundType.FULL_REFUND,
        **given,
    )


STANDS = OrderExpected(
    key="Order:o-1",
    stands=True,
    taken=True,
    lines={Sku("SKU-1"): Decimal(2)},
    total=euros("40.00"),
    redeemed=euros("10.00"),
    redemption_id=RedemptionId("red-1"),
    document="4500000001",
    accrued=True,
    captured=True,
)
CALLED_OFF = replace(STANDS, stands=False)
AGREES = OrderSeen(
    order=order(),
    posting=posting(),
    ledger=ledger((INVOICE, "40.00"), (PAYMENT, "10.00")),
    accrual=entry(30),
    points=Decimal(30),
    capture=entry(-100, LedgerEntryType.REDEMPTION, LedgerEntryStatus.POSTED),
    redemption=redemption(),
)
GONE = OrderSeen(
    order=order(facts=OrderFacts(rejected=True)),
    posting=posting(reversed_=True),
    ledger=ledger((INVOICE, "40.00"), (CREDIT_MEMO, "40.00")),
    accrual=entry(0, status=LedgerEntryStatus.REVERSED),
    capture=AGREES.capture,
    redemption=redemption(RedemptionState.REVERSED),
)
RETURN = ReturnExpected(
    key="ReturnAuthorization:r-1",
    stands=True,
    document="6000000001",
    refund=euros("20.00"),
    points=entry(-15, LedgerEntryType.REVERSAL, LedgerEntryStatus.POSTED),
    receipts={"receipt-1": "5000000001"},
)
RETURN_OFF = ReturnExpected(key="ReturnAuthorization:r-1", stands=False, restored=True)
RETURN_AGREES = ReturnSeen(
    authorization=returned(),
    posting=posting("6000000001", subject=PostingSubject.RETURN),
    ledger=ledger((INVOICE, "40.00"), (CREDIT_MEMO, "20.00")),
    reversal=RETURN.points,
    receipts={"receipt-1": posting("5000000001", subject=PostingSubject.RECEIPT)},
)
RETURN_GONE = ReturnSeen(
    authorization=returned(status=ReturnStatus.CANCELED),
    posting=posting("6000000001", reversed_=True, subject=PostingSubject.RETURN),
    restored=entry(15, LedgerEntryType.REVERSAL, LedgerEntryStatus.POSTED),
)
