"""Flows, exceptions and answers as people and the schema see them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, select

from domains.durable import (
    BusinessException,
    ExceptionAction,
    ExceptionQuery,
    ExceptionSource,
    Flow,
    FlowQuery,
    FlowState,
    FlowStep,
    Mismatch,
    Reconciliation,
    ReconciliationQuery,
    Severity,
)
from domains.vocabulary import Page
from gateway.durable.rows import Kept, Workflows, load
from gateway.durable.tables import exceptions, flows, reconciliations

_mismatches = msgspec.json.Decoder(tuple[Mismatch, ...]).decode

_ACTIONS = {
    ExceptionSource.FLOW: (ExceptionAction.RETRY, ExceptionAction.RETRY_FROM_STEP, ExceptionAction.RESOLVE),
    ExceptionSource.EVENT: (ExceptionAction.RETRY, ExceptionAction.RESOLVE),
    ExceptionSource.RECONCILIATION: (ExceptionAction.RESOLVE,),
}


def flow_of(kept: Kept, workflows: Workflows) -> Flow:
    """A flow with all the steps of its workflow, also those that have not begun; none for a kind nobody knows here."""
    standing = kept.standing
    workflow = workflows.get(kept.kind)
    return Flow(
        id=kept.id,
        kind=kept.kind,
        state=standing.state,
        subject=kept.subject,
        title=kept.title,
        caller=kept.caller,
        correlation_id=kept.correlation_id,
        accepted_at=_instant(kept.accepted_at),
        finished_at=_when(standing.finished_at),
        next_at=_when(standing.due_at) if standing.state is FlowState.WAITING else None,
        why=standing.why,
        step=standing.step,
        steps=() if workflow is None else tuple(_step(kept, step.name, step.system) for step in workflow.steps),
    )


def flows_by_id(connection: Connection, ids: Collection[str], workflows: Workflows) -> dict[str, Flow]:
    found = load(connection, select(flows).where(flows.c.id.in_(sorted(ids))))
    return {kept.id: flow_of(kept, workflows) for kept in found}


def page_of_flows(connection: Connection, query: FlowQuery, workflows: Workflows) -> Page[Flow]:
    """Newest first. A page after a flow that is forgotten is empty."""
    found = select(flows).order_by(flows.c.seq.desc()).limit(query.first + 1)
    if query.after is not None:
        found = found.where(flows.c.seq < select(flows.c.seq).where(flows.c.id == query.after).scalar_subquery())
    if query.subject is not None:
        found = found.where(flows.c.subject == query.subject)
    if query.correlation_id is not None:
        found = found.where(flows.c.correlation_id == query.correlation_id)
    if query.kind is not None:
        found = found.where(flows.c.kind == query.kind)
    if query.state is not None:
        found = found.where(flows.c.state == query.state.value)
    page = load(connection, found)
    items = tuple(flow_of(kept, workflows) for kept in page[: query.first])
    return Page[Flow](items=items, has_next=len(page) > query.first)


def pages_of_flows(
    connection: Connection, queries: Collection[FlowQuery], workflows: Workflows
) -> dict[FlowQuery, Page[Flow]]:
    """A page for each query. Those for the newest flow about a subject are one question for each kind."""
    newest: dict[str | None, list[FlowQuery]] = {}
    pages: dict[FlowQuery, Page[Flow]] = {}
    for query in queries:
        if query == FlowQuery(first=1, subject=query.subject, kind=query.kind) and query.subject is not None:
            newest.setdefault(query.kind, []).append(query)
        else:
            pages[query] = page_of_flows(connection, query, workflows)
    for kind, wanted in newest.items():
        pages |= _newest(connection, kind, wanted, workflows)
    return pages


def _newest(
    connection: Connection, kind: str | None, queries: Collection[FlowQuery], workflows: Workflows
) -> dict[FlowQuery, Page[Flow]]:
    subjects = sorted({query.subject for query in queries if query.subject is not None})
    grouped = select(func.max(flows.c.seq).label("seq"), flows.c.subject, func.count().label("times"))
    grouped = grouped.where(flows.c.subject.in_(subjects)).group_by(flows.c.subject)
    places = connection.execute(grouped if kind is None else grouped.where(flows.c.kind == kind)).all()
    times = {row.subject: row.times for row in places}
    found = load(connection, select(flows).where(flows.c.seq.in_([row.seq for row in places])))
    about = {kept.subject: flow_of(kept, workflows) for kept in found}
    return {
        query: Page[Flow](
            items=(about[query.subject],) if query.subject in about else (), has_next=times.get(query.subject, 0) > 1
        )
        for query in queries
    }


def answers(connection: Connection, subjects: Collection[str]) -> dict[str, bytes]:
    """What was answered last when a flow about each subject was accepted; those that an event began answered nobody."""
    answered = flows.c.subject.in_(sorted(subjects)), flows.c.answer.is_not(None)
    newest = select(func.max(flows.c.seq)).where(*answered).group_by(flows.c.subject)
    found = connection.execute(select(flows.c.subject, flows.c.answer).where(flows.c.seq.in_(newest)))
    return {row.subject: row.answer.encode() for row in found}


def page_of_exceptions(connection: Connection, query: ExceptionQuery) -> Page[BusinessException]:
    """Newest first. A page after an exception that is forgotten is empty."""
    found = select(exceptions).order_by(exceptions.c.seq.desc()).limit(query.first + 1)
    if query.after is not None:
        after = select(exceptions.c.seq).where(exceptions.c.id == query.after).scalar_subquery()
        found = found.where(exceptions.c.seq < after)
    if query.id is not None:
        found = found.where(exceptions.c.id == query.id)
    if query.open_only:
        found = found.where(exceptions.c.resolved_at.is_(None))
    if query.source is not None:
        found = found.where(exceptions.c.source == query.source.value)
    rows = connection.execute(found).all()
    items = tuple(exception_of(row) for row in rows[: query.first])
    return Page[BusinessException](items=items, has_next=len(rows) > query.first)


def page_of_reconciliations(connection: Connection, query: ReconciliationQuery) -> Page[Reconciliation]:
    """Newest first. A page after a run that is forgotten is empty."""
    found = select(reconciliations).order_by(reconciliations.c.seq.desc()).limit(query.first + 1)
    if query.after is not None:
        after = select(reconciliations.c.seq).where(reconciliations.c.id == query.after).scalar_subquery()
        found = found.where(reconciliations.c.seq < after)
    if query.id is not None:
        found = found.where(reconciliations.c.id == query.id)
    if query.subject is not None:
        found = found.where(reconciliations.c.subject == query.subject)
    rows = connection.execute(found).all()
    items = tuple(reconciliation_of(row) for row in rows[: query.first])
    return Page[Reconciliation](items=items, has_next=len(rows) > query.first)


def reconciliation_of(row: Row[Any]) -> Reconciliation:
    """A row of `reconciliations`."""
    return Reconciliation(
        id=row.id,
        subject=row.subject,
        checked=row.checked,
        matched=row.matched,
        mismatches=_mismatches(row.mismatches),
        ran_at=_instant(row.ran_at),
        finished_at=_when(row.finished_at),
    )


def exception_of(row: Row[Any]) -> BusinessException:
    """A row of `exceptions`, with what may still be done about it."""
    source = ExceptionSource(row.source)
    return BusinessException(
        id=row.id,
        source=source,
        about=row.about,
        title=row.title,
        impact=row.impact,
        severity=Severity(row.severity),
        opened_at=_instant(row.opened_at),
        actions=_ACTIONS[source] if row.resolved_at is None else (),
        owner=row.owner,
        resolved_at=_when(row.resolved_at),
        note=row.note,
    )


def _step(kept: Kept, name: str, system: Any) -> FlowStep:
    mark = kept.standing.mark(name)
    return FlowStep(
        name=name,
        system=system,
        state=mark.state,
        attempts=mark.attempts,
        started_at=_when(mark.started_at),
        finished_at=_when(mark.finished_at),
        why=mark.why,
        reference=mark.reference,
    )


def _instant(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _when(at: float | None) -> datetime | None:
    return None if at is None else _instant(at)
