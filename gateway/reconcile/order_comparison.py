"""What must agree about an order, and what it is called when it does not. Pure: facts in, words out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from domains.durable import Mismatch
from domains.finance import FinancialDocumentType, OrderLedger, PostingFacts
from domains.loyalty import LedgerEntryStatus, LoyaltyLedgerEntry, LoyaltyRedemption, RedemptionState
from domains.orders import DeliveryProgress, Order, OrderStatus, status_of
from domains.returns import ReturnAuthorization
from domains.vocabulary import Money, RedemptionId, ReturnId, Sku
from gateway.reconcile.books import NOTHING, Differences, amounts, lines_of, money, net_of, points_of, posted, stands

_GONE = frozenset({LedgerEntryStatus.REVERSED, LedgerEntryStatus.REJECTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderExpected:
    """What the flows of an order have done. None, or False, stands for what they did not do or nobody remembers.

    `stands` False: it was given up or called off. `remembered` False: the flow that submitted it is forgotten, or there
    was none. `document` is the number of its sales document, `accrued` whether its
    points were noted, `shipped` whether they were posted, `captured` whether this order spent the redemption's.
    """

    key: str
    stands: bool
    remembered: bool = True
    taken: bool = False
    lines: Mapping[Sku, Decimal] = field(default_factory=dict)
    total: Money | None = None
    redeemed: Money | None = None
    redemption_id: RedemptionId | None = None
    document: str | None = None
    accrued: bool = False
    shipped: bool = False
    captured: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSeen:
    """What the systems say of an order, each None when there is no such thing.

    `accrual` is what it earned, `taken_back` the entry that takes all of it back; `points` what the engine answered
    when the accrual was last changed, None when nobody remembers. `credits` are the postings of its `returns`.
    """

    order: Order | None = None
    posting: PostingFacts | None = None
    ledger: OrderLedger | None = None
    accrual: LoyaltyLedgerEntry | None = None
    taken_back: LoyaltyLedgerEntry | None = None
    points: Decimal | None = None
    capture: LoyaltyLedgerEntry | None = None
    redemption: LoyaltyRedemption | None = None
    returns: tuple[ReturnAuthorization, ...] = ()
    credits: Mapping[ReturnId, PostingFacts] = field(default_factory=dict)


def compare_order(expected: OrderExpected, seen: OrderSeen) -> tuple[Mismatch, ...]:
    """Where order system, books and points do not agree with what was done about an order."""
    found = _standing_order(expected, seen) if expected.stands else _canceled_order(expected, seen)
    return tuple(Mismatch(key=expected.key, what=what, expected=should, found=does) for what, should, does in found)


def _standing_order(expected: OrderExpected, seen: OrderSeen) -> Differences:
    if expected.taken:
        yield from _taken(expected, seen.order)
    if expected.document is not None:
        yield from posted("its ERP document", expected.document, seen.posting)
        yield from _invoiced(expected, seen)
        yield from _paid_with_points(expected, seen.ledger)
    if expected.accrued:
        yield from _earned(expected, seen)
    if expected.captured:
        yield from _spent(expected, seen)


def _canceled_order(expected: OrderExpected, seen: OrderSeen) -> Differences:
    if seen.order is not None and (status := status_of(seen.order.facts)) is not OrderStatus.CANCELED:
        yield "its status in the order system", OrderStatus.CANCELED.value, status.value
    if stands(seen.posting):
        yield "its ERP document", "reversed", seen.posting.document_number or "" if seen.posting else ""
    if seen.ledger is not None and (net := net_of(seen.ledger)) is not None and net.amount != 0:
        yield "what the books have invoiced", money(Money.zero(net.currency_code)), money(net)
    if seen.accrual is not None and not _cleared(seen.accrual, seen.taken_back):
        yield "what it earned", "taken back", points_of(seen.accrual.points.value)
    state = None if seen.redemption is None else seen.redemption.state
    if state is RedemptionState.CAPTURED and (seen.capture is not None or not expected.remembered):
        yield "the points that it spent", "given back", "CAPTURED"


def _taken(expected: OrderExpected, order: Order | None) -> Differences:
    if order is None:
        yield "the order in the order system", "there", NOTHING
        return
    if status_of(order.facts) is OrderStatus.CANCELED:
        yield "its status in the order system", "not canceled", OrderStatus.CANCELED.value
        return
    lines: dict[Sku, Decimal] = {}
    for line in order.lines:
        lines[line.sku] = lines.get(line.sku, Decimal(0)) + line.ordered
    if lines != expected.lines:
        yield "its lines in the order system", lines_of(expected.lines), lines_of(lines)
    if None not in (order.total, expected.total) and order.total != expected.total:
        yield "its total in the order system", money(expected.total), money(order.total)


def _invoiced(expected: OrderExpected, seen: OrderSeen) -> Differences:
    """To the cent: what was ordered, less the credit of what came back. Before anything has left, some ERPs have not
    invoiced yet."""
    if expected.total is None or not stands(seen.posting):
        return
    refunds = [one.estimated_refund for one in seen.returns if stands(seen.credits.get(one.id))]
    invoiced = None if seen.ledger is None else net_of(seen.ledger)
    if invoiced is None:
        if seen.order is not None and seen.order.facts.delivery is DeliveryProgress.FULL:
            yield "what the books have invoiced", money(expected.total), NOTHING
        return
    if None in refunds:
        return
    due = sum((refund.amount for refund in refunds if refund is not None), Decimal(0))
    owed = Money(amount=expected.total.amount - due, currency_code=expected.total.currency_code)
    if invoiced != owed:
        yield "what the books have invoiced", money(owed), money(invoiced)


def _paid_with_points(expected: OrderExpected, ledger: OrderLedger | None) -> Differences:
    """Where the books show payments at all, one is over what was paid with points."""
    payments = [] if ledger is None else amounts(ledger, FinancialDocumentType.PAYMENT)
    redeemed = expected.redeemed
    if redeemed is not None and redeemed.amount > 0 and payments and redeemed not in payments:
        shown = ", ".join(money(payment) for payment in payments)
        yield "its payment with points in the books", money(redeemed), shown


def _earned(expected: OrderExpected, seen: OrderSeen) -> Differences:
    entry, what = seen.accrual, "what it earned"
    if entry is None:
        yield what, "there" if seen.points is None else points_of(seen.points), NOTHING
        return
    if f"Order:{entry.order_id}" != expected.key:
        yield "the order that earned its points", expected.key, f"Order:{entry.order_id}"
    points = entry.points.value
    if seen.points is not None and points != seen.points:
        yield what, points_of(seen.points), points_of(points)
    elif entry.status in _GONE and points != 0:
        yield what, "pending or posted", entry.status.value
    elif expected.shipped and entry.status is LedgerEntryStatus.PENDING:
        yield what, LedgerEntryStatus.POSTED.value, LedgerEntryStatus.PENDING.value


def _spent(expected: OrderExpected, seen: OrderSeen) -> Differences:
    redemption, what = seen.redemption, "the points that it spent"
    if redemption is None:
        yield what, RedemptionState.CAPTURED.value, NOTHING
    elif redemption.state is not RedemptionState.CAPTURED:
        yield what, RedemptionState.CAPTURED.value, redemption.state.value
    elif redemption.value is not None and expected.redeemed is not None and redemption.value != expected.redeemed:
        yield "what its points are worth", money(expected.redeemed), money(redemption.value)


def _cleared(accrual: LoyaltyLedgerEntry, taken_back: LoyaltyLedgerEntry | None) -> bool:
    if accrual.status in _GONE or accrual.points.value == 0:
        return True
    return taken_back is not None and taken_back.points.value == -accrual.points.value
