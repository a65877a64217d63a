"""What waits for a person, in the words of the business, and what the person does about it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry

from domains import durable
from domains.durable import ExceptionAction, ExceptionSource, FlowState, Severity
from domains.vocabulary import FreshnessTier, IdempotencyKey, InvalidInput, Reading, Refusal, UpstreamError
from resolvers import refusals
from resolvers.batching import batch_field
from resolvers.context import Info
from resolvers.directives import JOURNAL, Degradation
from resolvers.flows import Flow, visible_flows
from resolvers.freshness import Freshness, freshness_field
from resolvers.identity import Node, name_of, native_id, node_id
from resolvers.keyed import KEY_DESCRIPTION, once
from resolvers.marks import scopes_needed, tagged
from resolvers.ownership import operates
from resolvers.pagination import After, Connection, Edge, First, id_after, page_size, pages_of
from resolvers.reading import first_of
from resolvers.refusals import BackendUnavailable, IdempotencyConflict, RetryLater
from resolvers.roots import root_field

NOTE_MAX = 1_000

Parents = list[Reading[durable.BusinessException]]
Found = Reading[durable.BusinessException] | UpstreamError | None


async def _flow(parents: Parents, info: Info) -> Sequence[object]:
    behind = (parent.value for parent in parents)
    return await visible_flows(info, [one.about if one.source is ExceptionSource.FLOW else None for one in behind])


@strawberry.type(description="Something that stands still, or does not agree, until a person has looked at it.")
class BusinessException(Node):
    record = durable.BusinessException

    id: strawberry.ID = node_id("BusinessException")
    source: ExceptionSource = strawberry.field(description="Where it comes from.")
    about: str = strawberry.field(
        description="The flow behind it by its own id, the event as source/id, or the check as subject/id."
    )
    title: str = strawberry.field(description="What is the matter, in a sentence.")
    impact: str = strawberry.field(description="What follows from it.")
    severity: Severity = strawberry.field(description="How much it matters.")
    actions: list[ExceptionAction] = strawberry.field(
        description="What may be done about it; none once it is resolved."
    )
    flow: object = batch_field(
        _flow,
        graphql_type=Flow | None,
        description="The slow write behind it, if it is one.",
        degrades=Degradation.NULL,
        served=JOURNAL,
    )
    owner: str | None = strawberry.field(description="Who looks after it.")
    opened_at: datetime = strawberry.field(description="When it was found.")
    resolved_at: datetime | None = strawberry.field(description="When it ended, by itself or by a person.")
    note: str | None = strawberry.field(description="What was said of it when it ended.")
    freshness: Freshness = freshness_field()


@strawberry.type(description="An exception on a page.")
class BusinessExceptionEdge(Edge):
    node: BusinessException = strawberry.field(description="The exception.")


@strawberry.type(description="One page of exceptions.")
class BusinessExceptionConnection(Connection):
    edges: list[BusinessExceptionEdge] = strawberry.field(description="The exceptions of this page, newest first.")
    nodes: list[BusinessException] = strawberry.field(description="The exceptions without their cursors.")


@strawberry.input(description="Which exceptions are wanted: those that fit everything that is said.")
class ExceptionFilterInput:
    open: bool = strawberry.field(default=True, description="Only those that are not resolved; false: all.")
    source: ExceptionSource | None = strawberry.field(default=None, description="Only those from there.")


@strawberry.input(description="Which exception to try again, and from where.")
class BusinessExceptionRetryInput:
    exception_id: strawberry.ID = strawberry.field(description="The exception.")
    from_step: str | None = strawberry.field(
        default=None,
        description="The name of the step of its flow from which on everything is done again; without it, the step at "
        "which it stands. What was done already is looked for first.",
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="Which exception is settled, and how.")
class BusinessExceptionResolveInput:
    exception_id: strawberry.ID = strawberry.field(description="The exception.")
    note: str = strawberry.field(
        description=f"How it was settled, for whoever reads of it later: 1 to {NOTE_MAX} characters."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.type(description="Returned when there is no such exception, or it is not the caller's to act on.")
class ExceptionNotFound(refusals.Refusal):
    record = durable.ExceptionNotFound


@strawberry.type(description="Returned when that cannot be done about the exception, or it is resolved.")
class ActionNotOffered(refusals.Refusal):
    record = durable.ActionNotOffered

    offered: list[ExceptionAction] = strawberry.field(description="What can be done about it.")


@strawberry.type(description="Returned when the flow is over so long ago that it is forgotten.")
class FlowNotFound(refusals.Refusal):
    record = durable.FlowNotFound


@strawberry.type(description="Returned when the flow has no step of that name; its message names those it has.")
class StepNotFound(refusals.Refusal):
    record = durable.StepNotFound


@strawberry.type(
    description="Returned when the flow has gone on meanwhile, or goes back, so that it cannot be retried."
)
class IllegalFlowState(refusals.Refusal):
    record = durable.IllegalFlowState

    state: FlowState = strawberry.field(description="How far the flow has come.")


RetryResult = Annotated[
    BusinessException
    | ExceptionNotFound
    | ActionNotOffered
    | FlowNotFound
    | StepNotFound
    | IllegalFlowState
    | IdempotencyConflict
    | RetryLater
    | BackendUnavailable,
    strawberry.union(
        "BusinessExceptionRetryResult", description="The exception, now that it is tried again, or why it is not."
    ),
]
ResolveResult = Annotated[
    BusinessException
    | ExceptionNotFound
    | FlowNotFound
    | IllegalFlowState
    | IdempotencyConflict
    | RetryLater
    | BackendUnavailable,
    strawberry.union("BusinessExceptionResolveResult", description="The resolved exception, or why it is not."),
]

_REFUSED = (durable.ExceptionNotFound, durable.FlowNotFound, durable.IllegalFlowState)
_RETRIED = (durable.BusinessException, *_REFUSED, durable.ActionNotOffered, durable.StepNotFound)
_RESOLVED = (durable.BusinessException, *_REFUSED)


async def visible_exceptions(info: Info, ids: Sequence[str]) -> list[Found]:
    """The exceptions of `ids`; None of them for anybody but operations."""
    if not operates(info.context.caller):
        return [None] * len(ids)
    pages = info.context.loaders.of(info.context.retail.durable.exceptions)
    found = await pages.settle([durable.ExceptionQuery(first=1, open_only=False, id=id_) for id_ in ids])
    return [first_of(one) for one in found]


async def _exceptions(
    info: Info,
    wanted: Annotated[
        ExceptionFilterInput | None, strawberry.argument(name="filter", description="Which; without it, the open ones.")
    ] = None,
    first: First = 20,
    after: After = None,
) -> object:
    asked = wanted or ExceptionFilterInput()
    query = durable.ExceptionQuery(
        first=page_size(first), after=id_after("exception", after), open_only=asked.open, source=asked.source
    )
    page = await info.context.loaders.of(info.context.retail.durable.exceptions).load(query)
    (shown,) = pages_of("exception", [page], after, lambda exception: exception.id)
    return shown


async def _retry(
    info: Info,
    given: Annotated[BusinessExceptionRetryInput, strawberry.argument(name="input", description="What to try again.")],
) -> Reading[durable.BusinessException] | Refusal:
    exception_id = _named(given.exception_id)
    step = None if given.from_step is None else name_of(given.from_step, "input", "fromStep")

    async def work(_: IdempotencyKey) -> durable.BusinessException | Refusal:
        return await info.context.retail.durable.retry_exception(exception_id, step)

    return _shown(info, await once(info, "businessExceptionRetry", given.idempotency_key, given, _RETRIED, work))


async def _resolve(
    info: Info,
    given: Annotated[
        BusinessExceptionResolveInput, strawberry.argument(name="input", description="What is settled, and how.")
    ],
) -> Reading[durable.BusinessException] | Refusal:
    exception_id, note = _named(given.exception_id), given.note.strip()
    if not 1 <= len(note) <= NOTE_MAX or "\0" in note:
        raise InvalidInput(f"A note has 1 to {NOTE_MAX} characters, none of them a null.", ("input", "note"))

    async def work(_: IdempotencyKey) -> durable.BusinessException | Refusal:
        return await info.context.retail.durable.resolve(exception_id, note)

    return _shown(info, await once(info, "businessExceptionResolve", given.idempotency_key, given, _RESOLVED, work))


def _shown(info: Info, answer: durable.BusinessException | Refusal) -> Reading[durable.BusinessException] | Refusal:
    if isinstance(answer, Refusal):
        return answer
    return Reading(answer, "journal", FreshnessTier.LIVE, info.context.loaders.now.timestamp(), 0.0)


def _named(given: str) -> str:
    return native_id("BusinessException", given, "input", "exceptionId")


@strawberry.type
class ExceptionQuery:
    business_exceptions: object = root_field(
        _exceptions,
        graphql_type=BusinessExceptionConnection | None,
        description="What waits for a person, newest first. For operations.",
        degrades=Degradation.NULL,
        served=JOURNAL,
        marks=(*tagged("operations"), scopes_needed("operations:read")),
    )


@strawberry.type
class ExceptionMutation:
    business_exception_retry: object = strawberry.field(
        resolver=_retry,
        graphql_type=RetryResult | None,
        description="Try again what stands still: a flow at its step, or from an earlier one, or an event. For "
        "operations.",
        directives=(*JOURNAL, *tagged("operations"), scopes_needed("operations:write")),
    )
    business_exception_resolve: object = strawberry.field(
        resolver=_resolve,
        graphql_type=ResolveResult | None,
        description="Say how it was settled by hand. A flow that stands still goes on without the step that stopped "
        "it. For operations.",
        directives=(*JOURNAL, *tagged("operations"), scopes_needed("operations:write")),
    )
