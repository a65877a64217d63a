"""What the books say, as orders and returns show it."""

from collections.abc import Sequence
from datetime import datetime

import strawberry

from domains import finance
from domains.durable import OVER, JournalUnavailable, StepState
from domains.finance import ErpPostingState, FinancialDocumentType, PostingKey, PostingSubject
from domains.flows import is_ours
from domains.vocabulary import CurrencyMismatch, OrderId, Reading, SystemRole, UpstreamError, UpstreamGarbled
from resolvers.context import Info
from resolvers.flows import newest_flows
from resolvers.reading import instead
from resolvers.vocabulary import Money


def _state(parent: strawberry.Parent[Reading[finance.PostingFacts]]) -> ErpPostingState:
    return finance.posting_state_of(parent.value)


@strawberry.type(description="Whether the books have an order or a return, and under which number.")
class ErpPosting:
    state: ErpPostingState = strawberry.field(resolver=_state, description="How far the posting has come.")
    document_number: str | None = strawberry.field(description="The number of the posted document.")
    posted_at: datetime | None = strawberry.field(description="When it was posted.")


@strawberry.type(description="One posted document.")
class FinancialDocument:
    type: FinancialDocumentType = strawberry.field(description="What kind of document it is.")
    number: str = strawberry.field(description="Its number in the books.")
    amount: Money | None = strawberry.field(description="Its amount, tax included and never negative.")
    posted_at: datetime | None = strawberry.field(description="When it was posted.")


@strawberry.type(description="An order's posted documents in a few sums; each null when nothing of the kind is posted.")
class OrderFinancialSummary:
    invoiced: Money | None = strawberry.field(description="The sum of its invoices, tax included.")
    paid: Money | None = strawberry.field(description="The sum of its payments.")
    refunded: Money | None = strawberry.field(description="The sum of its refunds.")
    tax: Money | None = strawberry.field(description="The tax within its invoices.")
    invoices: list[FinancialDocument] = strawberry.field(description="Its invoices.")


async def postings(info: Info, subject: PostingSubject, ids: Sequence[str]) -> Sequence[object]:
    """What the books have of each order or return, or, while a flow is yet to post it, how far that has come."""
    awaited = await _awaited(info, subject, ids)
    loader = info.context.loaders.of(info.context.retail.finance.postings)
    booked = await loader.settle([None if id_ in awaited else PostingKey(subject, id_) for id_ in ids])
    return [awaited.get(id_, facts) for id_, facts in zip(ids, booked, strict=True)]


_POSTED_BY = {
    PostingSubject.ORDER: ("Order", "order.submit", "post-sales-order"),
    PostingSubject.RETURN: ("ReturnAuthorization", "return.authorize", "post-credit-memo"),
}
"""Whose posting it is, and which step of which kind of flow posts it."""

_AHEAD = frozenset({StepState.PENDING, StepState.RUNNING, StepState.WAITING})
_STUCK = frozenset({StepState.REFUSED, StepState.NEEDS_PERSON})


async def _awaited(info: Info, subject: PostingSubject, ids: Sequence[str]) -> dict[str, Reading[finance.PostingFacts]]:
    """What a flow under way says of the posting it has yet to make. Without the journal the books are asked alone."""
    type_name, kind, posts = _POSTED_BY[subject]
    wanted = [id_ for id_ in ids if subject is not PostingSubject.ORDER or is_ours(OrderId(id_))]
    if not wanted:
        return {}
    try:
        flows = await newest_flows(info, [f"{type_name}:{id_}" for id_ in wanted], kind)
    except JournalUnavailable:
        return {}
    awaited: dict[str, Reading[finance.PostingFacts]] = {}
    for id_, flow in zip(wanted, flows, strict=True):
        if not isinstance(flow, Reading) or flow.value.state in OVER:
            continue
        step = next((one for one in flow.value.steps if one.name == posts), None)
        if step is None or step.state not in _AHEAD | _STUCK:
            continue
        stuck = (step.why or "a person looks after it") if step.state in _STUCK else None
        awaited[id_] = instead(flow, finance.PostingFacts(subject=subject, id=id_, failure=stuck))
    return awaited


async def summaries(info: Info, ids: Sequence[OrderId]) -> Sequence[object]:
    """The books of each order, added up."""
    found = await info.context.loaders.of(info.context.retail.finance.ledgers).settle(ids)
    return [_summary(ledger) if isinstance(ledger, Reading) else ledger for ledger in found]


def _summary(ledger: Reading[finance.OrderLedger]) -> Reading[finance.OrderFinancialSummary] | UpstreamError:
    try:
        return instead(ledger, finance.summarise(ledger.value))
    except (CurrencyMismatch, ArithmeticError) as unsound:
        return UpstreamGarbled(SystemRole.ERP, "ledgers", str(unsound))
