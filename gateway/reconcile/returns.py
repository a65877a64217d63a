"""Returns: the order system, the books and the ledger of points, against what was done."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from domains.durable import FlowState
from domains.finance import Finance, OrderLedger, PostingFacts, PostingKey, PostingSubject
from domains.flows import RECORD_RETURN, RETURN_AUTHORIZE, AuthorizedReturn, ReturnReceived
from domains.loyalty import LoyaltyLedgerEntry, LoyaltyWrites
from domains.returns import ReturnAuthorization
from domains.returns import Returns as ReturnReads
from domains.vocabulary import OrderId, ReturnId, SystemRole
from gateway.durable import Journal
from gateway.durable.rows import Kept
from gateway.reconcile.checking import PAGE, Checked, Leaf
from gateway.reconcile.history import History, count, done, histories, histories_of, newest_done, reference, result
from gateway.reconcile.return_comparison import ReturnExpected, ReturnSeen, compare_return
from gateway.reconcile.turns import Turns

RECEIVE, CANCEL = "return.receive", "return.cancel"
KINDS = (RETURN_AUTHORIZE, RECEIVE, CANCEL)

_PREFIX = "ReturnAuthorization:"
_GIVEN_UP = frozenset({FlowState.COMPENSATED, FlowState.CANCELED})


@dataclass(frozen=True)
class _Found:
    """What the systems say of the returns of a page."""

    returns: Mapping[ReturnId, ReturnAuthorization]
    ledgers: Mapping[OrderId, OrderLedger]
    postings: Mapping[PostingKey, PostingFacts]
    entries: Mapping[str, LoyaltyLedgerEntry]


class Returns:
    """Every return that was authorized, received or canceled here."""

    name = "returns"
    second_look_s = 2.0

    def __init__(
        self, journal: Journal, turns: Turns, returns: ReturnReads, finance: Finance, loyalty_writes: LoyaltyWrites
    ) -> None:
        self._journal = journal
        self._turns = turns
        self._returns = returns
        self._finance = finance
        self._entries = loyalty_writes.entries

    async def total(self, since: float) -> int | None:
        return await self._journal.read(lambda connection: count(connection, KINDS, since))

    async def page(self, since: float, cursor: str | None) -> Leaf:
        after = int(cursor or 0)
        found = await self._journal.read(lambda connection: histories(connection, KINDS, since, after))
        behind = str(found[-1].seq) if len(found) == PAGE else None
        return Leaf(await self._compared(found), behind)

    async def again(self, keys: Collection[str]) -> tuple[Checked, ...]:
        found = await self._journal.read(lambda connection: histories_of(connection, KINDS, keys))
        return await self._compared(found)

    async def _compared(self, found: Sequence[History]) -> tuple[Checked, ...]:
        wanted = [(one, expected) for one in found if (expected := expected_of(one.subject, one.flows)) is not None]
        if not wanted:
            return ()
        said = await self._found(wanted)
        return tuple(
            Checked(one.subject, one.flows[-1].title, compare_return(expected, _seen(one, expected, said)))
            for one, expected in wanted
        )

    async def _found(self, wanted: Sequence[tuple[History, ReturnExpected]]) -> _Found:
        ids = [_id(one) for one, _ in wanted]
        receipts = [receipt for _, expected in wanted for receipt in expected.receipts]
        keys = [key for one, _ in wanted for key in _keys(one.flows).values()]
        returns = await self._turns.ask(SystemRole.OMS, self._returns.by_id, ids)
        orders = {returned.order_id for returned in returns.values()}
        return _Found(
            returns=returns,
            ledgers=await self._turns.ask(SystemRole.ERP, self._finance.ledgers, orders),
            postings=await self._turns.ask(
                SystemRole.ERP,
                self._finance.postings,
                [
                    *(PostingKey(PostingSubject.RETURN, id_) for id_ in ids),
                    *(PostingKey(PostingSubject.RECEIPT, receipt) for receipt in receipts),
                ],
            ),
            entries=await self._turns.ask(SystemRole.LOYALTY, self._entries, keys),
        )


def expected_of(subject: str, history: Sequence[Kept]) -> ReturnExpected | None:
    """What must be found of the return `subject`; None when nothing follows from what is remembered."""
    if any(kept.kind == CANCEL and kept.standing.state is FlowState.CANCELED for kept in history):
        return None  # a person broke the cancellation off, and put the rest right by hand
    authorized = next((kept for kept in history if kept.kind == RETURN_AUTHORIZE), None)
    canceled = newest_done(history, CANCEL)
    if canceled is not None:
        restored = reference(canceled, "restore-points") is not None
        return ReturnExpected(key=subject, stands=False, restored=restored)
    received = _receipts(history)
    if authorized is None:
        return ReturnExpected(key=subject, stands=True, receipts=received) if received else None
    command = msgspec.json.decode(authorized.command, type=AuthorizedReturn)
    kept_promise = command.promised is None or done(authorized, RECORD_RETURN)
    if authorized.standing.state in _GIVEN_UP or not kept_promise:
        return ReturnExpected(key=subject, stands=False)
    returned = result(authorized, RECORD_RETURN, ReturnAuthorization) or command.authorization
    document = reference(authorized, "post-credit-memo")
    return ReturnExpected(
        key=subject,
        stands=True,
        document=document,
        refund=None if document is None else returned.estimated_refund,
        points=result(authorized, "reverse-points", LoyaltyLedgerEntry),
        receipts=received,
    )


def _receipts(history: Sequence[Kept]) -> dict[str, str | None]:
    """The goods receipts that were posted, with their documents."""
    taken_in = (kept for kept in history if kept.kind == RECEIVE and done(kept, "post-goods"))
    return {
        msgspec.json.decode(kept.command, type=ReturnReceived).receipt_id: reference(kept, "post-goods")
        for kept in taken_in
    }


def _keys(history: Sequence[Kept]) -> dict[str, str]:
    """Under which keys the engine's ledger has the points that were taken back and restored."""
    steps = {RETURN_AUTHORIZE: "reverse-points", CANCEL: "restore-points"}
    return {steps[kept.kind]: f"{kept.id}:{steps[kept.kind]}" for kept in history if kept.kind in steps}


def _seen(history: History, expected: ReturnExpected, said: _Found) -> ReturnSeen:
    id_, keys = _id(history), _keys(history.flows)
    returned = said.returns.get(id_)
    receipts = {
        receipt: said.postings.get(PostingKey(PostingSubject.RECEIPT, receipt)) for receipt in expected.receipts
    }
    return ReturnSeen(
        authorization=returned,
        posting=said.postings.get(PostingKey(PostingSubject.RETURN, id_)),
        ledger=None if returned is None else said.ledgers.get(returned.order_id),
        reversal=said.entries.get(keys.get("reverse-points", "")),
        restored=said.entries.get(keys.get("restore-points", "")),
        receipts={receipt: facts for receipt, facts in receipts.items() if facts is not None},
    )


def _id(history: History) -> ReturnId:
    return ReturnId(history.subject.removeprefix(_PREFIX))
