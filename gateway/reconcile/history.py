"""What the journal remembers of a subject: all its flows, once none of them is under way."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, FromClause, Select, exists, func, select

from domains.durable import FlowState, StepState
from gateway.durable.rows import Kept, load
from gateway.durable.tables import flows
from gateway.reconcile.checking import PAGE

T = TypeVar("T")


class History(NamedTuple):
    """All that is remembered about `subject`, oldest first. `seq` is the place of the newest in the journal."""

    seq: int
    subject: str
    flows: tuple[Kept, ...]


def count(connection: Connection, kinds: Collection[str], since: float) -> int:
    """How many subjects there are to look at."""
    total: int = connection.execute(select(func.count()).select_from(_newest(kinds, since).subquery())).scalar_one()
    return total


def histories(connection: Connection, kinds: Collection[str], since: float, after: int) -> list[History]:
    """A page of the subjects whose newest flow of these kinds was finished since then, behind the place `after`."""
    found = _newest(kinds, since).where(flows.c.seq > after).order_by(flows.c.seq).limit(PAGE)
    return _with_flows(connection, {row.subject: row.seq for row in connection.execute(found)}, kinds)


def histories_of(connection: Connection, kinds: Collection[str], subjects: Collection[str]) -> list[History]:
    """Those of these subjects, without any that is under way."""
    found = _newest(kinds, 0.0).where(flows.c.subject.in_(sorted(subjects)))
    return _with_flows(connection, {row.subject: row.seq for row in connection.execute(found)}, kinds)


def remembered(connection: Connection, subjects: Collection[str]) -> dict[str, tuple[Kept, ...]]:
    """Every flow about these, oldest first, also those under way."""
    about: dict[str, list[Kept]] = {subject: [] for subject in subjects}
    query = select(flows).where(flows.c.subject.in_(sorted(about))).order_by(flows.c.seq)
    for kept in load(connection, query):
        about[kept.subject].append(kept)
    return {subject: tuple(found) for subject, found in about.items()}


def newest_done(history: Sequence[Kept], kind: str) -> Kept | None:
    """The newest flow of a kind that came to its end."""
    done = (kept for kept in reversed(history) if kept.kind == kind and kept.standing.state is FlowState.COMPLETED)
    return next(done, None)


def done(kept: Kept, step: str) -> bool:
    """Whether the flow did a step itself: what a person settled by hand is not compared."""
    return kept.standing.mark(step).state is StepState.DONE


def reference(kept: Kept, step: str) -> str | None:
    """The system's number for what a step did."""
    return kept.standing.mark(step).reference if done(kept, step) else None


def result(kept: Kept, step: str, shape: type[T]) -> T | None:
    """What a step that is done left behind."""
    text = kept.standing.mark(step).result
    return msgspec.json.decode(text, type=shape) if text is not None and done(kept, step) else None


def _newest(kinds: Collection[str], since: float) -> Select[tuple[int, str]]:
    """The newest flow of each subject, where it was finished since then and nothing about the subject is under way."""
    later, under_way = flows.alias("later"), flows.alias("under_way")
    followed = exists().where(_same(later), later.c.kind.in_(sorted(kinds)), later.c.seq > flows.c.seq)
    busy = exists().where(_same(under_way), under_way.c.finished_at.is_(None))
    chosen = flows.c.kind.in_(sorted(kinds)), flows.c.finished_at >= since
    return select(flows.c.seq, flows.c.subject).where(*chosen, ~followed, ~busy)


def _same(other: FromClause) -> ColumnElement[bool]:
    same: ColumnElement[bool] = other.c.subject == flows.c.subject
    return same


def _with_flows(connection: Connection, places: dict[str, int], kinds: Collection[str]) -> list[History]:
    about = remembered(connection, places)
    return [
        History(seq, subject, tuple(kept for kept in about[subject] if kept.kind in kinds))
        for subject, seq in places.items()
    ]
