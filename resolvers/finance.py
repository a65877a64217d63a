"""What the books say, as orders and returns show it."""

from collections.abc import Sequence
from datetime import datetime

import strawberry

from domains import finance
from domains.finance import ErpPostingState, FinancialDocumentType, PostingKey, PostingSubject
from domains.vocabulary import OrderId, Reading
from resolvers.context import Info
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
    """What the books have of each order or return."""
    loader = info.context.loaders.of(info.context.retail.finance.postings)
    return await loader.settle([PostingKey(subject, id_) for id_ in ids])


async def summaries(info: Info, ids: Sequence[OrderId]) -> Sequence[object]:
    """The books of each order, added up."""
    found = await info.context.loaders.of(info.context.retail.finance.ledgers).settle(ids)
    return [
        instead(ledger, finance.summarise(ledger.value)) if isinstance(ledger, Reading) else ledger for ledger in found
    ]
