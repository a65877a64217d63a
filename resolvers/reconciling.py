"""What came of comparing the systems' books with each other."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry

from domains import durable
from domains.vocabulary import Reading, UpstreamError
from resolvers.context import Info
from resolvers.directives import JOURNAL, Degradation
from resolvers.freshness import Freshness, freshness_field
from resolvers.identity import Node, maybe_name, node_id
from resolvers.marks import scopes_needed, tagged
from resolvers.ownership import operates
from resolvers.pagination import After, Connection, Edge, First, id_after, page_size, pages_of
from resolvers.reading import first_of
from resolvers.roots import root_field

Found = Reading[durable.Reconciliation] | UpstreamError | None


@strawberry.type(description="Two places that do not say the same of one thing.")
class Mismatch:
    key: str = strawberry.field(description="The thing: its public id, where it has one.")
    what: str = strawberry.field(description="What they were asked of it.")
    expected: str = strawberry.field(description="What follows from what was done.")
    found: str = strawberry.field(description="What the system says.")


@strawberry.type(description="One comparison of the systems' books with each other.")
class Reconciliation(Node):
    record = durable.Reconciliation

    id: strawberry.ID = node_id("Reconciliation")
    subject: str = strawberry.field(description="What was compared: orders, returns, redemptions, cached.")
    checked: int = strawberry.field(description="How many things were looked at.")
    matched: int = strawberry.field(description="How many of them agree everywhere.")
    mismatches: list[Mismatch] = strawberry.field(
        description="What does not agree; the first thousand. Each is a BusinessException too, until it agrees."
    )
    ran_at: datetime = strawberry.field(description="When it began.")
    finished_at: datetime | None = strawberry.field(
        description="When it was through; null while it is not. An interrupted one is taken up again."
    )
    freshness: Freshness = freshness_field()


@strawberry.type(description="A reconciliation on a page.")
class ReconciliationEdge(Edge):
    node: Reconciliation = strawberry.field(description="The reconciliation.")


@strawberry.type(description="One page of reconciliations.")
class ReconciliationConnection(Connection):
    edges: list[ReconciliationEdge] = strawberry.field(description="Those of this page, newest first.")
    nodes: list[Reconciliation] = strawberry.field(description="The reconciliations without their cursors.")


async def visible_reconciliations(info: Info, ids: Sequence[str]) -> list[Found]:
    """The runs of `ids`; None of them for anybody but operations."""
    if not operates(info.context.caller):
        return [None] * len(ids)
    pages = info.context.loaders.of(info.context.retail.durable.reconciliations)
    found = await pages.settle([durable.ReconciliationQuery(first=1, id=id_) for id_ in ids])
    return [first_of(one) for one in found]


async def _reconciliations(
    info: Info,
    subject: Annotated[
        str | None, strawberry.argument(description="Only of this: orders, returns, redemptions or cached.")
    ] = None,
    first: First = 20,
    after: After = None,
) -> object:
    query = durable.ReconciliationQuery(
        first=page_size(first),
        after=id_after("reconciliation", after),
        subject=maybe_name(subject, "subject"),
    )
    page = await info.context.loaders.of(info.context.retail.durable.reconciliations).load(query)
    (shown,) = pages_of("reconciliation", [page], after, lambda run: run.id)
    return shown


@strawberry.type
class ReconciliationQuery:
    reconciliations: object = root_field(
        _reconciliations,
        graphql_type=ReconciliationConnection | None,
        description="Comparisons of the systems' books, newest first. For operations.",
        degrades=Degradation.NULL,
        served=JOURNAL,
        marks=(*tagged("operations"), scopes_needed("operations:read")),
    )
