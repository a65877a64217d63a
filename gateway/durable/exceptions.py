"""What waits for a person, in the words of the business."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import Connection, bindparam, exists, insert, or_, select, update

from domains.durable import ExceptionSource, FlowState, Severity
from gateway.durable.rows import Kept, Workflows, load
from gateway.durable.tables import exceptions, flows

ALARMS_AT_ONCE = 100
"""The others are raised in the next rounds: a round is one transaction, and holds what it looks at."""

_MOVES_BY_ITSELF = [FlowState.ACCEPTED.value, FlowState.RUNNING.value, FlowState.WAITING.value]


def open_exception(
    connection: Connection,
    source: ExceptionSource,
    about: str,
    *,
    title: str,
    impact: str,
    severity: Severity,
    now: float,
) -> str:
    """Open an exception about a flow, an event or a check. Answers its id."""
    id_ = f"exception-{uuid4().hex[:24]}"
    row = {"id": id_, "source": source.value, "about": about, "title": title, "impact": impact}
    connection.execute(insert(exceptions), row | {"severity": severity.value, "opened_at": now})
    return id_


_CLOSE = (
    update(exceptions)
    .where(
        exceptions.c.source == bindparam("of_source"),
        exceptions.c.about == bindparam("of_about"),
        exceptions.c.severity.in_(bindparam("severities", expanding=True)),
        exceptions.c.resolved_at.is_(None),
    )
    .values(resolved_at=bindparam("at"), note=bindparam("said"))
)


def close_exceptions(
    connection: Connection,
    source: ExceptionSource,
    about: str,
    note: str,
    *,
    now: float,
    severity: Severity | None = None,
) -> None:
    """Close what is open about a flow, an event or a check; of one severity, or all."""
    severities = [each.value for each in Severity if severity in (None, each)]
    given = {"of_source": source.value, "of_about": about, "severities": severities, "at": now, "said": note}
    connection.execute(_CLOSE, given)


def tell_stuck(connection: Connection, kept: Kept, wants: str, why: str, now: float) -> None:
    """Open an exception for a flow that needs a person."""
    doing = "is being taken back" if kept.standing.back else f"has not got {wants}"
    open_exception(
        connection,
        ExceptionSource.FLOW,
        kept.id,
        title=f"{kept.title} needs a person: {why.rstrip('.')}",
        impact=f"{kept.title} {doing}, and stands still. So does everything accepted later about {kept.subject}.",
        severity=Severity.URGENT,
        now=now,
    )


def raise_alarms(connection: Connection, workflows: Workflows, now: float, alarm_after_s: float) -> int:
    """Open an exception for each flow that has not got on for `alarm_after_s`; one that a person resolved counts as
    known for as long again. Answers how many were opened."""
    known = exists().where(
        exceptions.c.source == ExceptionSource.FLOW.value,
        exceptions.c.about == flows.c.id,
        or_(exceptions.c.resolved_at.is_(None), exceptions.c.resolved_at > now - alarm_after_s),
    )
    query = (
        select(flows)
        .where(flows.c.waits_since <= now - alarm_after_s, flows.c.state.in_(_MOVES_BY_ITSELF), ~known)
        .order_by(flows.c.waits_since)
        .limit(ALARMS_AT_ONCE)
        # Whoever writes that a flow got on waits for this, and then closes what was opened here.
        .with_for_update(skip_locked=True)
    )
    late = load(connection, query)
    for kept in late:
        _alarm(connection, kept, workflows, now)
    return len(late)


def _alarm(connection: Connection, kept: Kept, workflows: Workflows, now: float) -> None:
    standing = kept.standing
    workflow = workflows.get(kept.kind)
    known = () if workflow is None else workflow.steps
    wants = next((step.wants for step in known if step.name == standing.step), "its next step")
    why = standing.mark(standing.at).why or "its turn has not come"
    since = _clock_time(standing.waits_since or kept.accepted_at, now)
    goal = f"for {wants}" if not standing.back else "to be taken back"
    open_exception(
        connection,
        ExceptionSource.FLOW,
        kept.id,
        title=f"{kept.title} has been waiting {goal} since {since}: {why.rstrip('.')}",
        impact="It is tried again by itself. Until then everything accepted later about it waits too.",
        severity=Severity.WARNING,
        now=now,
    )


def _clock_time(at: float, now: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    same_day = moment.date() == datetime.fromtimestamp(now, UTC).date()
    return moment.strftime("%H:%M UTC" if same_day else "%d %b %H:%M UTC")
