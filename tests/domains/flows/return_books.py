"""The systems behind a return in memory: an OMS, points, books and histories, each write once for its key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from typing import Any, TypeVar

import msgspec
from hypothesis import strategies as st

from domains.customers import CustomerWrites, HistoryEntry, HistoryNote
from domains.durable import Accepted, FlowState, Workflow
from domains.finance import CreditMemo, Finance, FinanceWrites, GoodsReceipt, PostingFacts, PostingKey, PostingSubject
from domains.flows import AuthorizedReturn, ReturnSystems, authorize_return, return_authorization_workflow
from domains.loyalty import (
    AccrualReversal,
    LedgerEntryStatus,
    LedgerEntryType,
    LoyaltyLedgerEntry,
    LoyaltyWrites,
)
from domains.returns import AuthorizeReturn, ReturnAuthorization
from domains.vocabulary import (
    CustomerId,
    IdempotencyKey,
    Money,
    PointsAmount,
    Reading,
    ReturnId,
    RewardCurrency,
    SystemRole,
    UpstreamUnreachable,
)
from tests.domains.flows.runner import Fault, Ran, run
from tests.domains.returns.desk import NOW, at_desk, back
from tests.domains.returns.oms import Oms, no, read

T = TypeVar("T")

POINTS = RewardCurrency(code="PTS", name="points")
BASIS = Decimal("20.00")
EARNED = Decimal(41)
KEY = IdempotencyKey("a" * 64)
HARM = st.sampled_from([Fault.NOT_SENT, Fault.UNHEARD, Fault.ANSWER_LOST, Fault.DIED_BEFORE, Fault.DIED_AFTER])
"""What may go wrong at a call without anybody refusing."""


@dataclass
class ReturnBooks:
    """The order of the OMS earned 41 points on 20 euros, or none at all. Its credit memos and stock are counted here.

    `memos` are the credit memos that stand, `reversed_` what points were taken back for which reference, `restocked`
    how many pieces came into the books, `notes` the lines of the customer's history.
    """

    oms: Oms = field(default_factory=Oms)
    earned: bool = True
    known: bool = True
    memos: dict[str, Money] = field(default_factory=dict)
    postings: dict[PostingKey, PostingFacts] = field(default_factory=dict)
    reversed_: dict[str, Decimal] = field(default_factory=dict)
    bases: dict[str, Decimal] = field(default_factory=dict)
    restocked: Decimal = Decimal(0)
    notes: list[HistoryEntry] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    _answers: dict[str, Any] = field(default_factory=dict)
    _entries: dict[str, LoyaltyLedgerEntry] = field(default_factory=dict)

    def systems(self) -> ReturnSystems:
        return ReturnSystems(
            returns=self.oms.port(),
            loyalty_writes=LoyaltyWrites(
                capture=self._unoffered,
                reverse=self._unoffered,
                accrue=self._unoffered,
                finalise=self._unoffered,
                take_back=lambda reversal, key: self._once("take_back", key, lambda: self._take_back(reversal, key)),
                restore=lambda reversal, key: self._once("restore", key, lambda: self._restore(reversal, key)),
                entries=self._written,
            ),
            finance=Finance(ledgers=self._unoffered, postings=self._postings),
            finance_writes=FinanceWrites(
                post_order=self._unoffered,
                reverse_order=self._unoffered,
                post_credit=lambda memo, key: self._once("post_credit", key, lambda: self._credit(memo)),
                reverse_credit=lambda id_, key: self._once("reverse_credit", key, lambda: self._uncredit(id_)),
                post_goods=lambda receipt, key: self._once("post_goods", key, lambda: self._goods(receipt)),
            ),
            customer_writes=CustomerWrites(
                note=lambda note, key: self._once("note", key, lambda: self._note(note)), history=self._history
            ),
        )

    def points_back(self) -> Decimal:
        return sum(self.reversed_.values(), Decimal(0))

    def _once(self, name: str, key: IdempotencyKey, write: Callable[[], T]) -> Awaitable[T]:
        async def written() -> T:
            if name in self.refuse:
                raise no(self.refuse[name], SystemRole.ERP)
            if key not in self._answers:
                self._answers[key] = write()
            answer: T = self._answers[key]
            return answer

        return written()

    def _take_back(self, reversal: AccrualReversal, key: IdempotencyKey) -> LoyaltyLedgerEntry:
        if not self.earned:
            raise no("ACCRUAL_NOT_FOUND", SystemRole.LOYALTY)
        if reversal.reference in self.reversed_:
            raise no("ILLEGAL_TRANSITION", SystemRole.LOYALTY)
        self.bases[reversal.reference] = reversal.basis.amount
        back = min(sum(self.bases.values(), Decimal(0)) / BASIS, Decimal(1))
        share = (EARNED * back).quantize(Decimal(1), ROUND_DOWN) - self.points_back()
        self.reversed_[reversal.reference] = share
        return self._entry(reversal, -share, key)

    def _restore(self, reversal: AccrualReversal, key: IdempotencyKey) -> LoyaltyLedgerEntry:
        if not self.earned:
            raise no("ACCRUAL_NOT_FOUND", SystemRole.LOYALTY)
        if reversal.reference not in self.reversed_:
            raise no("ILLEGAL_TRANSITION", SystemRole.LOYALTY)
        del self.bases[reversal.reference]
        return self._entry(reversal, self.reversed_.pop(reversal.reference), key)

    def _entry(self, reversal: AccrualReversal, points: Decimal, key: IdempotencyKey) -> LoyaltyLedgerEntry:
        entry = LoyaltyLedgerEntry(
            id=f"entry-{len(self._entries) + 1}",
            type=LedgerEntryType.REVERSAL,
            status=LedgerEntryStatus.POSTED,
            points=PointsAmount(value=points, currency=POINTS),
            order_id=reversal.order_id,
            reference=key,
            occurred_at=NOW,
        )
        self._entries[key] = entry
        return entry

    def _credit(self, memo: CreditMemo) -> PostingFacts:
        if memo.return_id in self.memos:
            raise no("ILLEGAL_TRANSITION", SystemRole.ERP)
        self.memos[memo.return_id] = memo.amount
        return self._post(PostingSubject.RETURN, memo.return_id)

    def _uncredit(self, return_id: ReturnId) -> PostingFacts:
        if return_id not in self.memos:
            known = PostingKey(PostingSubject.RETURN, return_id) in self.postings
            raise no("ILLEGAL_TRANSITION" if known else "POSTING_NOT_FOUND", SystemRole.ERP)
        del self.memos[return_id]
        return self._post(PostingSubject.RETURN, return_id, gone=True)

    def _goods(self, receipt: GoodsReceipt) -> PostingFacts:
        self.restocked += sum((line.quantity for line in receipt.lines if line.disposition == "RESTOCKED"), Decimal(0))
        return self._post(PostingSubject.RECEIPT, receipt.id)

    def _post(self, subject: PostingSubject, id_: str, *, gone: bool = False) -> PostingFacts:
        facts = PostingFacts(
            subject=subject,
            id=id_,
            document_number=f"60{len(self.postings):08}",
            posted_at=NOW,
            reversed_at=NOW if gone else None,
        )
        self.postings[PostingKey(subject, id_)] = facts
        return facts

    def _note(self, note: HistoryNote) -> HistoryEntry:
        if not self.known:
            raise no("CUSTOMER_NOT_FOUND", SystemRole.CRM)
        entry = HistoryEntry(
            id=f"note-{len(self.notes) + 1}",
            customer_id=note.customer_id,
            kind=note.kind,
            about=note.about,
            text=note.text,
            occurred_at=note.occurred_at,
        )
        self.notes.append(entry)
        return entry

    async def _written(self, keys: frozenset[str], /) -> Mapping[str, Reading[LoyaltyLedgerEntry]]:
        return {key: read(self._entries[key]) for key in keys if key in self._entries}

    async def _postings(self, keys: frozenset[PostingKey], /) -> Mapping[PostingKey, Reading[PostingFacts]]:
        return {key: read(self.postings[key]) for key in keys if key in self.postings}

    async def _history(self, keys: frozenset[CustomerId], /) -> Mapping[CustomerId, Reading[tuple[HistoryEntry, ...]]]:
        return {key: read(tuple(self.notes)) for key in keys}

    async def _unoffered(self, *_: Any) -> Any:
        raise AssertionError("no return needs this")


def asked(quantity: str = "1") -> AuthorizeReturn:
    return at_desk(back("1", quantity), idempotency_key=KEY)


async def authorized(books: ReturnBooks, command: AuthorizeReturn | None = None) -> Accepted[ReturnAuthorization]:
    accepted = await authorize_return(books.oms.port(), command or asked(), NOW)
    assert isinstance(accepted, Accepted), accepted
    return accepted


async def promised(books: ReturnBooks) -> Accepted[ReturnAuthorization]:
    """A return authorized while the OMS is down, which then comes back."""
    books.oms.error = UpstreamUnreachable(SystemRole.OMS, "returns")
    accepted = await authorized(books)
    books.oms.error = None
    assert accepted.answer.provisional
    return accepted


def authorization(books: ReturnBooks) -> Workflow[AuthorizedReturn]:
    return return_authorization_workflow(books.systems())


def command_of(accepted: Accepted[Any], shape: type[Any]) -> Any:
    """The command as the journal keeps it."""
    return msgspec.json.decode(msgspec.json.encode(accepted.command), type=shape)


async def settled(books: ReturnBooks, accepted: Accepted[ReturnAuthorization]) -> Ran[AuthorizedReturn]:
    ran = await run(authorization(books), command_of(accepted, AuthorizedReturn), flow_id=accepted.flow_id)
    assert ran.state is FlowState.COMPLETED, ran.why
    return ran
