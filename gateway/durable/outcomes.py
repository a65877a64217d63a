"""Writing where a flow stands, with all that follows from it: news, and exceptions opened and closed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from sqlalchemy import Connection

from domains.durable import Event, ExceptionSource, FlowState, Severity, Workflow
from gateway.database import Database
from gateway.durable import rows
from gateway.durable.exceptions import close_exceptions, tell_stuck
from gateway.durable.news import SOURCE, tell
from gateway.durable.progress import Standing
from gateway.durable.rows import Hold, Kept

_log = structlog.get_logger(__name__)


def record(
    connection: Connection,
    database: Database,
    workflow: Workflow[Any],
    kept: Kept,
    standing: Standing,
    *,
    now: float,
    hold: Hold | None = None,
    holder: str | None = None,
    next_epoch: bool = False,
    note: str = "It went on.",
) -> Kept:
    """Write `standing` over the one of `kept`; `note` is what is said of the exceptions that this closes.

    `hold` is who has it from now on, `holder` who must have it now. Raises Fenced; the caller's transaction then
    writes nothing at all.
    """
    before = kept.standing
    system = None if standing.step is None else system_of(workflow, standing.step)
    written = rows.write(
        connection, database, kept, standing, system=system, hold=hold, holder=holder, next_epoch=next_epoch
    )
    if before.state is FlowState.NEEDS_PERSON:
        close_exceptions(connection, ExceptionSource.FLOW, kept.id, note, now=now)
    elif before.waits_since is not None and standing.waits_since != before.waits_since:
        close_exceptions(connection, ExceptionSource.FLOW, kept.id, note, now=now, severity=Severity.WARNING)
    if standing.state is FlowState.NEEDS_PERSON:
        why = standing.mark(standing.at).why or standing.why or "nobody knows why"
        tell_stuck(connection, written, wants_of(workflow, standing.at), why, now)
    if standing.state is not before.state:
        announce(connection, workflow, written, now)
    return written


def announce(connection: Connection, workflow: Workflow[Any], kept: Kept, now: float) -> None:
    """Tell that the flow is in its state, if its workflow wants that told."""
    state = kept.standing.state
    type_ = workflow.announces.get(state)
    if type_ is None:
        return
    event = Event(
        id=f"{kept.id}:{state.value.lower()}:{kept.epoch}",
        type=type_,
        source=SOURCE,
        time=datetime.fromtimestamp(now, UTC),
        subject=kept.subject,
        correlation_id=kept.correlation_id,
        data=_data(workflow, kept),
    )
    tell(connection, event, now)


def system_of(workflow: Workflow[Any], step: str) -> str:
    """The system of `step`. A step that the workflow has no longer is dealt with on the time of its first."""
    return next((each.system.value for each in workflow.steps if each.name == step), workflow.steps[0].system.value)


def wants_of(workflow: Workflow[Any], step: str) -> str:
    """What the flow waits for at `step`."""
    return next((each.wants for each in workflow.steps if each.name == step), "its next step")


def _data(workflow: Workflow[Any], kept: Kept) -> msgspec.Raw:
    if workflow.tells is None:
        return msgspec.Raw(kept.command.encode())
    try:
        return msgspec.Raw(msgspec.json.encode(workflow.tells(kept.case(workflow).asked())))
    except Exception:  # noqa: BLE001 - a bug in how a flow is told must not undo what it did, or it is done without end
        _log.exception("a flow cannot be told as its workflow wants", flow=kept.id, kind=kept.kind)
        return msgspec.Raw(kept.command.encode())
