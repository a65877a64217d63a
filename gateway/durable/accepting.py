"""Taking a flow into the journal."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, bindparam, func, select, text

from domains.durable import FlowState, JournalFull, Submission, Workflow
from gateway.database import Database
from gateway.durable.outcomes import announce, system_of
from gateway.durable.progress import Standing
from gateway.durable.rows import Kept
from gateway.durable.tables import flows

_SUBJECTS = 7_281_993  # any number that no other program takes for its own advisory locks of two


# Both in one message: what stands in a target list is worked out from left to right, and a lock of one's own is not
# waited for.
_ALONE = text(
    "SELECT pg_advisory_xact_lock(:space, hashtext(:first)), pg_advisory_xact_lock(:space, hashtext(:second))"
)
_UNFINISHED = select(func.count()).select_from(
    select(flows.c.seq).where(flows.c.finished_at.is_(None)).limit(bindparam("most")).subquery()
)


@cache
def _take(insert: Callable[[Table], Any]) -> Any:
    return insert(flows).on_conflict_do_nothing(index_elements=["id"]).returning(flows.c.seq)


def accept(
    connection: Connection,
    database: Database,
    workflow: Workflow[Any],
    submission: Submission,
    *,
    caller: str,
    answer: bytes | None,
    now: float,
) -> bool:
    """Take the flow, unless it was taken before; answers whether it was news. The caller makes sure of the room.

    `answer` is what whoever asked for it is told; None for one that nobody asked for."""
    command = submission.command
    first = workflow.steps[0].name
    kept = Kept(
        id=submission.flow_id,
        kind=workflow.kind,
        subject=workflow.subject(command),
        title=workflow.title(command),
        caller=caller,
        correlation_id=submission.correlation_id,
        command=msgspec.json.encode(command).decode(),
        accepted_at=now,
        epoch=0,
        standing=Standing(FlowState.ACCEPTED, first, due_at=now, waits_since=now),
    )
    behind = None if workflow.behind is None else workflow.behind(command)
    lock_subjects(connection, kept.subject, behind or kept.subject)
    row = _row(kept, answer, system_of(workflow, first)) | {"behind": behind}
    if connection.execute(_take(database.insert), row).scalar() is None:
        return False
    announce(connection, workflow, kept, now)
    return True


def lock_subjects(connection: Connection, *subjects: str) -> None:
    """Nobody else takes a flow about these, one or two, before the transaction is over: numbers are given before a
    transaction commits, and the second of two flows must not be seen, and begun, while the first is not there yet."""
    if connection.dialect.name == "postgresql":
        first, *_, second = sorted((*subjects, subjects[0]))  # in one order, so that nobody waits crosswise
        connection.execute(_ALONE, {"space": _SUBJECTS, "first": first, "second": second})


def make_sure_of_room(connection: Connection, flows_max: int, retry_after_s: float) -> None:
    """Raises JournalFull when as many flows are unfinished as may be.

    Counts as far as the limit, over an index of unfinished flows alone. On Postgres flows that are being taken at the
    same moment are not counted: there may be as many more as there are connections.
    """
    if connection.execute(_UNFINISHED, {"most": flows_max}).scalar_one() >= flows_max:
        raise JournalFull(retry_after_s)


def _row(kept: Kept, answer: bytes | None, system: str | None) -> dict[str, Any]:
    return {
        "id": kept.id,
        "kind": kept.kind,
        "state": kept.standing.state.value,
        "subject": kept.subject,
        "title": kept.title,
        "caller": kept.caller,
        "correlation_id": kept.correlation_id,
        "command": kept.command,
        "answer": None if answer is None else answer.decode(),
        "back": False,
        "canceled": False,
        "step": kept.standing.step,
        "queue": system,
        "due_at": kept.standing.due_at,
        "tries": 0,
        "waits_since": kept.standing.waits_since,
        "epoch": 0,
        "accepted_at": kept.accepted_at,
    }
