"""What the flows of returns read and write, and the effects that more than one of them has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from domains.customers import CustomerWrites, HistoryNote
from domains.durable import Done, IfRefused, NeedsPerson, Outcome, RetryAfter, Step, Task
from domains.finance import (
    ErpPostingState,
    Finance,
    FinanceWrites,
    PostingFacts,
    PostingKey,
    PostingSubject,
    posting_state_of,
)
from domains.flows.order_systems import explained, noted, one
from domains.loyalty import AccrualReversal, LoyaltyWrites
from domains.returns import ReturnAuthorization, Returns, worth_of
from domains.vocabulary import (
    CustomerId,
    IdempotencyKey,
    Money,
    OrderId,
    Record,
    ReturnId,
    SystemRole,
    UpstreamRejected,
)

C = TypeVar("C", bound=Record)

NOTHING_EARNED = frozenset({"ACCRUAL_NOT_FOUND", "MEMBERSHIP_NOT_FOUND"})
"""The order earned no points, or whoever earned them is no member any more."""


@dataclass(frozen=True)
class ReturnSystems:
    """The reads are the systems' own: what was remembered of a system does not say whether it has done a write."""

    returns: Returns
    loyalty_writes: LoyaltyWrites
    finance: Finance
    finance_writes: FinanceWrites
    customer_writes: CustomerWrites


class ReturnNews(Record, frozen=True, kw_only=True):
    """What the events of returns tell: whose and what, and nothing that anybody wrote in their own words."""

    return_id: ReturnId
    rma_number: str
    order_id: OrderId
    customer_id: CustomerId | None = None
    provisional: bool = False
    estimated_refund: Money | None = None


def news_of(returned: ReturnAuthorization) -> ReturnNews:
    """What is told of a return."""
    return ReturnNews(
        return_id=returned.id,
        rma_number=returned.rma_number,
        order_id=returned.order_id,
        customer_id=returned.customer_id,
        provisional=returned.provisional,
        estimated_refund=returned.estimated_refund,
    )


def subject_of(return_id: ReturnId) -> str:
    """The public id of a return, by which its flows wait for each other."""
    return f"ReturnAuthorization:{return_id}"


def title_of(returned: ReturnAuthorization) -> str:
    """What people call a return."""
    return f"return {returned.rma_number}"


def reversal_of(returned: ReturnAuthorization) -> AccrualReversal | NeedsPerson:
    """Which points a return takes back: those that what was paid for its goods has earned, as the engine counts."""
    worth = worth_of(returned)
    if worth is None:
        return NeedsPerson(
            f"Nobody knows what was paid for the goods of {title_of(returned)}, so neither its points nor its credit "
            "can be worked out."
        )
    return AccrualReversal(order_id=returned.order_id, reference=subject_of(returned.id), basis=worth)


async def points_restored(writes: LoyaltyWrites, returned: ReturnAuthorization, key: IdempotencyKey) -> Outcome:
    """Give back the points that a return took, if it took any: one that was only requested did not."""
    reversal = reversal_of(returned)
    if isinstance(reversal, NeedsPerson):
        return reversal if any(line.quantity_authorized > 0 for line in returned.lines) else Done()
    try:
        entry = await writes.restore(reversal, key)
    except UpstreamRejected as error:
        nothing_taken = error.reason in NOTHING_EARNED or error.reason == "ILLEGAL_TRANSITION"
        return Done() if nothing_taken else explained(error, {})
    return Done(result=entry, reference=entry.id)


async def credit_reversed(systems: ReturnSystems, return_id: ReturnId, key: IdempotencyKey) -> Outcome:
    """Take a credit memo out of the books; nothing when there is none, or it was taken out before."""
    try:
        facts = await systems.finance_writes.reverse_credit(return_id, key)
    except UpstreamRejected as error:
        if error.reason == "POSTING_NOT_FOUND":
            return Done()
        standing = await one(systems.finance.postings, PostingKey(PostingSubject.RETURN, return_id))
        if standing is None or standing.reversed_at is None:
            return explained(error, BOOKS_SAY)
        facts = standing
    return Done(facts, facts.document_number)


BOOKS_SAY = {
    "PERIOD_CLOSED": "The ERP posts nothing of it: its period is closed.",
    "ILLEGAL_TRANSITION": "The ERP has posted something else of it already.",
}
"""The ERP's reasons in our own words."""


def posted(facts: PostingFacts) -> Outcome:
    """What the answer to a posting means: only a document makes it done."""
    state = posting_state_of(facts)
    if state is ErpPostingState.QUEUED:
        return RetryAfter("ERP has taken the document and not posted it yet", unheard=True)
    if state is ErpPostingState.EXCEPTION:
        return NeedsPerson(f"The ERP could not post it: {facts.failure}.")
    return Done(facts, facts.document_number)


async def posting_of(finance: Finance, subject: PostingSubject, id_: str) -> Done | None:
    """The document of a posting, if there is one that stands."""
    facts = await one(finance.postings, PostingKey(subject, id_))
    # A number alone says nothing: ERPs also number documents that they then park.
    outcome = None if facts is None or facts.reversed_at is not None else posted(facts)
    return outcome if isinstance(outcome, Done) else None


def history_step(
    systems: ReturnSystems,
    returned: Callable[[Task[C]], ReturnAuthorization],
    kind: str,
    text: Callable[[Task[C]], str],
    when: Callable[[Task[C]], bool] = lambda _: True,
) -> Step[C]:
    """A line in the history of whose return it is, where that is known and the CRM has them.

    Deliveries of one return are lines of one kind about one thing, so that a line is found again by its words too.
    """
    writes = systems.customer_writes

    def note(task: Task[C], customer_id: CustomerId) -> HistoryNote:
        return HistoryNote(
            customer_id=customer_id,
            kind=kind,
            about=subject_of(returned(task).id),
            text=text(task),
            occurred_at=task.accepted_at,
        )

    async def do(task: Task[C]) -> Outcome:
        customer_id = returned(task).customer_id
        return Done() if customer_id is None else await noted(writes, note(task, customer_id), task.key)

    async def find(task: Task[C]) -> Done | None:
        customer_id = returned(task).customer_id
        if customer_id is None:
            return Done()
        line = note(task, customer_id)
        history = await one(writes.history, customer_id) or ()
        same = (one_ for one_ in history if (one_.kind, one_.about, one_.text) == (line.kind, line.about, line.text))
        entry = next(same, None)
        return None if entry is None else Done(reference=entry.id)

    return Step(
        name="note-history",
        system=SystemRole.CRM,
        wants="its line in the customer's history",
        do=do,
        find=find,
        when=lambda task: when(task) and returned(task).customer_id is not None,
        if_refused=IfRefused.ASK_PERSON,
    )
