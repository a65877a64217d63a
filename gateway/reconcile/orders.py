"""Orders: the order system, the books and the ledger of points, against what was done."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from domains.finance import Finance, OrderLedger, PostingFacts, PostingKey, PostingSubject
from domains.loyalty import Loyalty, LoyaltyLedgerEntry, LoyaltyRedemption, LoyaltyWrites
from domains.orders import Order
from domains.orders import Orders as OrderReads
from domains.returns import ReturnAuthorization, Returns
from domains.vocabulary import OrderId, RedemptionId, SystemRole
from gateway.durable import Journal
from gateway.durable.rows import Kept
from gateway.reconcile.checking import PAGE, Checked, Leaf
from gateway.reconcile.history import History, count, histories, histories_of, remembered
from gateway.reconcile.order_comparison import OrderExpected, OrderSeen, compare_order
from gateway.reconcile.order_expectation import KINDS, expected_of, points_heard, submission_of, written_keys
from gateway.reconcile.turns import Turns

_PREFIX = "Order:"


@dataclass(frozen=True)
class _Found:
    """What the systems say of the orders of a page, and what the journal says of their returns."""

    orders: Mapping[OrderId, Order]
    returns: Mapping[OrderId, tuple[ReturnAuthorization, ...]]
    ledgers: Mapping[OrderId, OrderLedger]
    postings: Mapping[PostingKey, PostingFacts]
    entries: Mapping[str, LoyaltyLedgerEntry]
    redemptions: Mapping[RedemptionId, LoyaltyRedemption]
    returning: Mapping[str, tuple[Kept, ...]]


class Orders:
    """Every order that was submitted or canceled here. The reads are the systems' own: nothing remembered is asked."""

    name = "orders"
    second_look_s = 2.0

    def __init__(  # noqa: PLR0917 - one port of each system
        self,
        journal: Journal,
        turns: Turns,
        orders: OrderReads,
        returns: Returns,
        finance: Finance,
        loyalty: Loyalty,
        loyalty_writes: LoyaltyWrites,
    ) -> None:
        self._journal = journal
        self._turns = turns
        self._orders = orders
        self._returns = returns
        self._finance = finance
        self._loyalty = loyalty
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
            Checked(one.subject, _title(one), compare_order(expected, _seen(one, expected, said)))
            for one, expected in wanted
        )

    async def _found(self, wanted: Sequence[tuple[History, OrderExpected]]) -> _Found:
        ids = [_id(one) for one, _ in wanted]
        keys = [key for one, _ in wanted for key in written_keys(one.flows).values()]
        spent = [expected.redemption_id for _, expected in wanted if expected.redemption_id is not None]
        returns = await self._turns.ask(SystemRole.OMS, self._returns.of_order, ids)
        orders = await self._turns.ask(SystemRole.OMS, self._orders.by_id, ids)
        back = [returned.id for some in returns.values() for returned in some]
        subjects = [f"ReturnAuthorization:{id_}" for id_ in back]
        return _Found(
            orders=orders,
            returns=returns,
            ledgers=await self._turns.ask(SystemRole.ERP, self._finance.ledgers, ids),
            postings=await self._turns.ask(
                SystemRole.ERP,
                self._finance.postings,
                [
                    *(PostingKey(PostingSubject.ORDER, id_) for id_ in ids),
                    *(PostingKey(PostingSubject.RETURN, id_) for id_ in back),
                ],
            ),
            entries=await self._turns.ask(SystemRole.LOYALTY, self._entries, keys),
            redemptions=await self._turns.ask(SystemRole.LOYALTY, self._loyalty.redemptions, spent),
            returning=await self._journal.read(lambda connection: remembered(connection, subjects)),
        )


def _seen(history: History, expected: OrderExpected, said: _Found) -> OrderSeen:
    id_, keys = _id(history), written_keys(history.flows)
    returns = said.returns.get(id_, ())
    credits_ = {one.id: said.postings.get(PostingKey(PostingSubject.RETURN, one.id)) for one in returns}
    submission = submission_of(history.flows)
    redemption_id = expected.redemption_id
    return OrderSeen(
        order=said.orders.get(id_),
        posting=said.postings.get(PostingKey(PostingSubject.ORDER, id_)),
        ledger=said.ledgers.get(id_),
        accrual=said.entries.get(keys.get("accrual", "")),
        taken_back=said.entries.get(keys.get("back", "")),
        points=None if submission is None else points_heard(submission, _returning(returns, said)),
        capture=said.entries.get(keys.get("capture", "")),
        redemption=None if redemption_id is None else said.redemptions.get(redemption_id),
        returns=returns,
        credits={return_id: facts for return_id, facts in credits_.items() if facts is not None},
    )


def _returning(returns: Iterable[ReturnAuthorization], said: _Found) -> Iterable[Kept]:
    return (kept for one in returns for kept in said.returning.get(f"ReturnAuthorization:{one.id}", ()))


def _id(history: History) -> OrderId:
    return OrderId(history.subject.removeprefix(_PREFIX))


def _title(history: History) -> str:
    submission = submission_of(history.flows)
    return history.flows[-1].title if submission is None else submission.title
