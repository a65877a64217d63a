"""Flows and their steps as rows, read and written inside a transaction of the caller's.

Here and beside, statements stand ready with parameters: to build one costs ten times what it costs to run it again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, bindparam, select, update

from domains.durable import FlowState, StepState, Workflow
from gateway.database import Database
from gateway.durable.progress import Case, Mark, Standing
from gateway.durable.tables import flows, steps

Workflows = Mapping[str, Workflow[Any]]
"""By kind."""


class Fenced(Exception):
    """Somebody else has the flow by now. What this one has in hand is not written."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Who works on a flow, and until when nobody else may, in seconds since the epoch."""

    holder: str
    until: float


@dataclass(frozen=True, slots=True)
class Kept:
    """A flow as it is kept. `epoch` is that of whoever read it: a write with an older one fails."""

    id: str
    kind: str
    subject: str
    title: str
    caller: str
    correlation_id: str
    command: str
    accepted_at: float
    epoch: int
    standing: Standing

    def case(self, workflow: Workflow[Any]) -> Case:
        return Case(workflow, self.id, self.command, self.accepted_at)


_MARK = tuple(member.name for member in fields(Mark))
_STANDING = tuple(member.name for member in fields(Standing) if member.name != "marks")
_KEPT = tuple(member.name for member in fields(Kept) if member.name != "standing")


_FENCED = flows.c.id == bindparam("of_id"), flows.c.epoch == bindparam("of_epoch")
_WRITTEN = (*_STANDING, "queue", "epoch", "holder", "held_until")
_WRITE = update(flows).where(*_FENCED).values({name: bindparam(f"to_{name}") for name in _WRITTEN})
_WRITE_ANY = _WRITE.returning(flows.c.seq)
_WRITE_OURS = _WRITE.where(flows.c.holder == bindparam("of_holder")).returning(flows.c.seq)
_MARKS_OF = select(steps).where(steps.c.flow_id.in_(bindparam("ids", expanding=True)))


@cache
def _put_mark(insert: Callable[[Table], Any]) -> Any:
    row = insert(steps)
    return row.on_conflict_do_update(
        index_elements=["flow_id", "name"], set_={name: row.excluded[name] for name in _MARK}
    )


def load(connection: Connection, query: Select[Any], given: Mapping[str, Any] | None = None) -> list[Kept]:
    """The flows that `query`, a select of whole rows of `flows`, finds under these parameters, in its order."""
    rows = connection.execute(query, given).all()
    marks = _marks(connection, [row.id for row in rows])
    return [_kept(row, marks.get(row.id, {})) for row in rows]


def load_one(connection: Connection, which: ColumnElement[bool], *, lock: bool = False) -> Kept | None:
    """The flow that fits; with `lock` nobody else changes it before the transaction is over."""
    query = select(flows).where(which)
    found = load(connection, query.with_for_update() if lock else query)
    return found[0] if found else None


def write(
    connection: Connection,
    database: Database,
    kept: Kept,
    standing: Standing,
    *,
    system: str | None,
    hold: Hold | None = None,
    holder: str | None = None,
    next_epoch: bool = False,
) -> Kept:
    """Write `standing` over the one of `kept`. `system` is that of its step, `hold` who has it from now on.

    Raises Fenced, with nothing written, when the epoch is another one, or not `holder` has it.
    """
    epoch = kept.epoch + 1 if next_epoch else kept.epoch
    given = {f"to_{name}": getattr(standing, name) for name in _STANDING} | {
        "to_state": standing.state.value,
        "to_queue": system,
        "to_epoch": epoch,
        "to_holder": None if hold is None else hold.holder,
        "to_held_until": None if hold is None else hold.until,
        "to_due_at": standing.due_at if hold is None else hold.until,
        "of_id": kept.id,
        "of_epoch": kept.epoch,
        "of_holder": holder,
    }
    if connection.execute(_WRITE_ANY if holder is None else _WRITE_OURS, given).scalar() is None:
        raise Fenced(f"{kept.id} is not ours any more")
    before = kept.standing.marks
    changed = {name: mark for name, mark in standing.marks.items() if before.get(name) != mark}
    if changed:
        put = _put_mark(database.insert)
        each = [_row(kept.id, name, mark) for name, mark in sorted(changed.items())]
        connection.execute(put, each if len(each) > 1 else each[0])
    return replace(kept, epoch=epoch, standing=standing)


def _row(flow_id: str, name: str, mark: Mark) -> dict[str, Any]:
    known = {member: getattr(mark, member) for member in _MARK}
    return known | {"flow_id": flow_id, "name": name, "state": mark.state.value}


def _marks(connection: Connection, flow_ids: Collection[str]) -> dict[str, dict[str, Mark]]:
    marks: dict[str, dict[str, Mark]] = {}
    if flow_ids:
        for row in connection.execute(_MARKS_OF, {"ids": flow_ids}):
            mark = Mark(**{name: getattr(row, name) for name in _MARK} | {"state": StepState(row.state)})
            marks.setdefault(row.flow_id, {})[row.name] = mark
    return marks


def _kept(row: Row[Any], marks: Mapping[str, Mark]) -> Kept:
    standing = {name: getattr(row, name) for name in _STANDING} | {"state": FlowState(row.state), "marks": marks}
    return Kept(**{name: getattr(row, name) for name in _KEPT}, standing=Standing(**standing))
