"""An order's sales document in the ERP: posted, and taken back."""

from __future__ import annotations

from domains.durable import Done, IfRefused, NeedsPerson, Outcome, RetryAfter, Step, Task
from domains.finance import (
    ErpPostingState,
    PostingFacts,
    PostingKey,
    PostingSubject,
    SalesDocument,
    SalesLine,
    posting_state_of,
)
from domains.flows.order_checkout import line_total
from domains.flows.order_submission import SubmitOrder
from domains.flows.order_systems import OrderSystems, explained, one
from domains.vocabulary import IdempotencyKey, OrderId, SystemRole, UpstreamRejected

Ordering = Task[SubmitOrder]

_POSTED = {
    "CREDIT_HOLD": "The ERP does not post the order: the customer's credit is blocked. The order itself stands.",
    "PERIOD_CLOSED": "The ERP does not post the order: its period is closed. The order itself stands.",
}


def post_sales_order(systems: OrderSystems) -> Step[SubmitOrder]:
    async def do(task: Ordering) -> Outcome:
        try:
            facts = await systems.finance_writes.post_order(_document(task.command), task.key)
        except UpstreamRejected as error:
            return explained(error, _POSTED)
        return _posted(facts)

    async def find(task: Ordering) -> Done | None:
        facts = await posting_of(systems, task.command.order_id)
        stands = facts is not None and facts.reversed_at is None
        outcome = _posted(facts) if facts is not None and stands else None
        return outcome if isinstance(outcome, Done) else None

    async def undo(task: Ordering) -> Outcome:
        return await reverse_posting(systems, task.command.order_id, task.key)

    return Step(
        name="post-sales-order",
        system=SystemRole.ERP,
        wants="its ERP document",
        do=do,
        find=find,
        undo=undo,
        if_refused=IfRefused.ASK_PERSON,
    )


async def reverse_posting(systems: OrderSystems, order_id: OrderId, key: IdempotencyKey) -> Done:
    """Take the document back; nothing when there is none, or it was taken back before. Raises UpstreamError."""
    try:
        facts = await systems.finance_writes.reverse_order(order_id, key)
    except UpstreamRejected as error:
        if error.reason == "POSTING_NOT_FOUND":
            return Done()
        standing = await posting_of(systems, order_id)
        if standing is None or standing.reversed_at is None:
            raise
        facts = standing
    return Done(reference=facts.document_number)


async def posting_of(systems: OrderSystems, order_id: OrderId) -> PostingFacts | None:
    """What the books have of the order now. Raises UpstreamError."""
    return await one(systems.finance.postings, PostingKey(PostingSubject.ORDER, order_id))


def _document(command: SubmitOrder) -> SalesDocument:
    return SalesDocument(
        order_id=command.order_id,
        order_number=command.order_number,
        customer_id=command.customer_id,
        channel=command.channel,
        lines=tuple(SalesLine(sku=line.sku, quantity=line.quantity, amount=line_total(line)) for line in command.lines),
        total=command.total,
        redeemed=command.redeemed,
    )


def _posted(facts: PostingFacts) -> Outcome:
    state = posting_state_of(facts)
    if state is ErpPostingState.QUEUED:
        return RetryAfter("ERP has taken the document and not posted it yet", unheard=True)
    if state is ErpPostingState.EXCEPTION:
        return NeedsPerson(f"The ERP could not post the order: {facts.failure}. The order itself stands.")
    return Done(reference=facts.document_number)
