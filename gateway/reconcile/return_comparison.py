"""The same of a return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from domains.durable import Mismatch
from domains.finance import FinancialDocumentType, OrderLedger, PostingFacts
from domains.loyalty import LedgerEntryType, LoyaltyLedgerEntry
from domains.returns import ReturnAuthorization, ReturnStatus
from domains.vocabulary import Money
from gateway.reconcile.books import NOTHING, Differences, amounts, money, points_of, posted, stands

_OFF = frozenset({ReturnStatus.CANCELED, ReturnStatus.DECLINED})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnExpected:
    """What the flows of a return have done. `refund` is what its credit memo was posted over, `points` what the engine
    answered when it took points back, `receipts` the documents of its goods by their ids."""

    key: str
    stands: bool
    document: str | None = None
    refund: Money | None = None
    points: LoyaltyLedgerEntry | None = None
    restored: bool = False
    receipts: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnSeen:
    """What the systems say of a return. `reversal` and `restored` are entries of the engine's ledger."""

    authorization: ReturnAuthorization | None = None
    posting: PostingFacts | None = None
    ledger: OrderLedger | None = None
    reversal: LoyaltyLedgerEntry | None = None
    restored: LoyaltyLedgerEntry | None = None
    receipts: Mapping[str, PostingFacts] = field(default_factory=dict)


def compare_return(expected: ReturnExpected, seen: ReturnSeen) -> tuple[Mismatch, ...]:
    """The same for a return."""
    found = _standing_return(expected, seen) if expected.stands else _canceled_return(expected, seen)
    return tuple(Mismatch(key=expected.key, what=what, expected=should, found=does) for what, should, does in found)


def _standing_return(expected: ReturnExpected, seen: ReturnSeen) -> Differences:
    returned = seen.authorization
    if returned is None:
        yield "the return in the order system", "there", NOTHING
    elif returned.status in _OFF:
        yield "its status in the order system", "not canceled", returned.status.value
    elif expected.refund is not None and returned.estimated_refund != expected.refund:
        yield "its refund in the order system", money(expected.refund), money(returned.estimated_refund)
    if expected.document is not None:
        yield from posted("its credit memo", expected.document, seen.posting)
        yield from _credited(expected, seen)
    if expected.points is not None:
        yield from _taken_back(expected.points, seen)
    for id_, document in expected.receipts.items():
        yield from posted(f"goods receipt {id_}", document, seen.receipts.get(id_))


def _credited(expected: ReturnExpected, seen: ReturnSeen) -> Differences:
    """To the cent: the ledger of its order has a credit memo over the refund."""
    if expected.refund is None or seen.ledger is None or not stands(seen.posting):
        return
    memos = amounts(seen.ledger, FinancialDocumentType.CREDIT_MEMO)
    if expected.refund not in memos:
        shown = ", ".join(money(memo) for memo in memos) or NOTHING
        yield "the amount of its credit memo", money(expected.refund), shown


def _taken_back(heard: LoyaltyLedgerEntry, seen: ReturnSeen) -> Differences:
    """To the point. A pending accrual is lessened instead, and goes on changing: the order's own check adds that up."""
    entry, what = seen.reversal, "the points that it takes back"
    if entry is None:
        yield what, points_of(heard.points.value), NOTHING
        return
    if heard.type is LedgerEntryType.REVERSAL and entry.points.value != heard.points.value:
        yield what, points_of(heard.points.value), points_of(entry.points.value)
    told = None if seen.authorization is None else seen.authorization.points_reversed
    if told is not None and heard.type is LedgerEntryType.REVERSAL and abs(told.value) != abs(heard.points.value):
        yield f"{what}, by the order system", points_of(abs(heard.points.value)), points_of(abs(told.value))


def _canceled_return(expected: ReturnExpected, seen: ReturnSeen) -> Differences:
    returned = seen.authorization
    if returned is not None and returned.status not in _OFF:
        yield "its status in the order system", ReturnStatus.CANCELED.value, returned.status.value
    if stands(seen.posting):
        yield "its credit memo", "reversed", seen.posting.document_number or "" if seen.posting else ""
    if expected.restored and seen.restored is None:
        yield "the points that it took", "given back", NOTHING
