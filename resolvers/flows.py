"""Slow writes under way: how far each has come, and under which number each system has it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry

from domains import durable
from domains.durable import FlowState, StepState
from domains.vocabulary import InvalidInput, Reading, SystemRole, UpstreamError
from resolvers.context import Caller, Info
from resolvers.directives import JOURNAL, Degradation
from resolvers.freshness import Freshness, freshness_field
from resolvers.identity import Node, maybe_name, name_of, native_id, node_id
from resolvers.marks import scopes_needed, tagged
from resolvers.ownership import serves
from resolvers.pagination import After, Connection, Edge, First, id_after, page_size, pages_of
from resolvers.reading import first_of
from resolvers.roots import root_field

Found = Reading[durable.Flow] | UpstreamError | None

OfKind = Annotated[
    str | None,
    strawberry.argument(description="The newest of this kind, such as order.submit; without one, the newest of all."),
]


def _step_why(parent: strawberry.Parent[durable.FlowStep], info: Info) -> str | None:
    return parent.why if serves(info.context.caller) else None


def _why(parent: strawberry.Parent[Reading[durable.Flow]], info: Info) -> str | None:
    return parent.value.why if serves(info.context.caller) else None


def _accepted_at(parent: strawberry.Parent[Reading[durable.Flow]]) -> datetime:
    return parent.value.accepted_at


@strawberry.type(description="One step of a slow write: one effect in one outside system.")
class FlowStep:
    name: str = strawberry.field(description="Its name, unique within its kind of flow.")
    system: SystemRole = strawberry.field(description="The system in which it does something.")
    state: StepState = strawberry.field(description="How far it has come.")
    attempts: int = strawberry.field(description="How often it was tried.")
    started_at: datetime | None = strawberry.field(description="When it was tried first.")
    finished_at: datetime | None = strawberry.field(description="When it ended.")
    why: str | None = strawberry.field(
        resolver=_step_why, description="Why it waits or did not work, for those who serve customers; else null."
    )
    reference: str | None = strawberry.field(
        description="The system's own number for it, such as that of the ERP document; null before it is done."
    )


@strawberry.type(description="A slow write: accepted at once, and brought to every system step by step.")
class Flow(Node):
    record = durable.Flow

    id: strawberry.ID = node_id("Flow")
    kind: str = strawberry.field(description="What is done, such as order.submit.")
    state: FlowState = strawberry.field(description="How far it has come.")
    subject: strawberry.ID = strawberry.field(description="The public id of what it is about, such as Order:web-17.")
    title: str = strawberry.field(description="What people call it, such as: order W0ABCD1234EFG.")
    correlation_id: str = strawberry.field(
        description="The X-Correlation-Id of the request with which it began: logs and outside systems have it too."
    )
    started_at: datetime = strawberry.field(resolver=_accepted_at, description="When it was accepted.")
    finished_at: datetime | None = strawberry.field(description="When it was over; null while it is not.")
    next_at: datetime | None = strawberry.field(description="When it is tried again, while it waits.")
    why: str | None = strawberry.field(
        resolver=_why, description="Why it waits or went back, for those who serve customers; else null."
    )
    steps: list[FlowStep] = strawberry.field(description="Its steps, in their order, also those that have not begun.")
    freshness: Freshness = freshness_field()


@strawberry.type(description="A flow on a page.")
class FlowEdge(Edge):
    node: Flow = strawberry.field(description="The flow.")


@strawberry.type(description="One page of flows.")
class FlowConnection(Connection):
    edges: list[FlowEdge] = strawberry.field(description="The flows of this page, newest first.")
    nodes: list[Flow] = strawberry.field(description="The flows without their cursors.")


@strawberry.input(description="Which flows are wanted: those that fit everything that is said.")
class FlowFilterInput:
    kind: str | None = strawberry.field(default=None, description="Of this kind, such as order.submit.")
    state: FlowState | None = strawberry.field(default=None, description="Only those that have come so far.")
    subject: strawberry.ID | None = strawberry.field(
        default=None, description="About this, by its public id, such as Order:web-17."
    )
    correlation_id: str | None = strawberry.field(
        default=None, description="Begun by the requests of this X-Correlation-Id."
    )


def may_follow(caller: Caller, flow: durable.Flow) -> bool:
    """Whether `caller` may see a flow by its own id. Callers without an account share their name, and see none."""
    return serves(caller) or (caller.customer_id is not None and flow.caller == caller.subject)


async def visible_flows(info: Info, ids: Sequence[str | None]) -> list[Found]:
    """The flows of `ids`, None in the place of one that the caller may not see."""
    found = await info.context.loaders.of(info.context.retail.durable.flows).settle(ids)
    return [_if_visible(info, one) for one in found]


async def newest_flows(info: Info, subjects: Sequence[str], kind: str | None) -> list[Found]:
    """The newest flow about each subject, for whoever may see the subject."""
    pages = info.context.loaders.of(info.context.retail.durable.flows_about)
    asked = maybe_name(kind, "kind")
    found = await pages.settle([durable.FlowQuery(first=1, subject=subject, kind=asked) for subject in subjects])
    return [first_of(one) for one in found]


def _if_visible(info: Info, found: Found) -> Found:
    hidden = isinstance(found, Reading) and not may_follow(info.context.caller, found.value)
    return None if hidden else found


async def _flow(
    info: Info,
    flow_id: Annotated[strawberry.ID | None, strawberry.argument(name="id", description="By its id.")] = None,
    correlation_id: Annotated[
        str | None,
        strawberry.argument(description="The newest that a request of this X-Correlation-Id began."),
    ] = None,
) -> Found:
    if (flow_id is None) == (correlation_id is None):
        raise InvalidInput("Name the flow by exactly one of id and correlationId.", ("id",))
    if flow_id is not None:
        (found,) = await visible_flows(info, [native_id("Flow", flow_id, "id")])
        return found
    query = durable.FlowQuery(first=1, correlation_id=name_of(correlation_id or "", "correlationId"))
    page = await info.context.loaders.of(info.context.retail.durable.flows_about).load(query)
    return _if_visible(info, first_of(page))


async def _flows(
    info: Info,
    wanted: Annotated[
        FlowFilterInput | None, strawberry.argument(name="filter", description="Which; without it, all.")
    ] = None,
    first: First = 20,
    after: After = None,
) -> object:
    asked = wanted or FlowFilterInput()
    query = durable.FlowQuery(
        first=page_size(first),
        after=id_after("flow", after),
        subject=maybe_name(asked.subject, "filter", "subject"),
        correlation_id=maybe_name(asked.correlation_id, "filter", "correlationId"),
        kind=maybe_name(asked.kind, "filter", "kind"),
        state=asked.state,
    )
    page = await info.context.loaders.of(info.context.retail.durable.flows_about).load(query)
    (shown,) = pages_of("flow", [page], after, lambda flow: flow.id)
    return shown


@strawberry.type
class FlowQuery:
    flow: object = root_field(
        _flow,
        graphql_type=Flow | None,
        description="One slow write, named in exactly one way; null when there is none, or the caller neither serves "
        "customers nor began it. An order's and a return's own are there too.",
        degrades=Degradation.NULL,
        served=JOURNAL,
        marks=tagged("orders"),
    )
    flows: object = root_field(
        _flows,
        graphql_type=FlowConnection | None,
        description="Slow writes, newest first. For operations.",
        degrades=Degradation.NULL,
        served=JOURNAL,
        marks=(*tagged("operations"), scopes_needed("operations:read")),
    )
