"""Runs as rows, written page by page: one process at a time does one, and whoever comes after a crash goes on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import msgspec
from sqlalchemy import Connection, Row, insert, select, text, update

from domains.durable import ExceptionSource, Mismatch, Severity
from gateway.database import Database
from gateway.durable import close_exceptions, open_exception
from gateway.durable.tables import chores, exceptions, reconciliations
from gateway.reconcile.checking import Checked

MISMATCHES_MAX = 1_000  # named in a row; each is an exception too
RECHECKED_MAX = 500
LEASE_S = 120.0
"""Longer than a page takes whose systems are slow, and how long a run that was killed waits for the next."""

AGREES = "A later check found that they agree."
CHANGED = "A later check found something else."
SHOWN_MAX = 3  # mismatches in the text of one exception

_CHORE = "reconciliation"
_LOCK = 7_281_993_460_117_025_005  # any number that no other program takes for its own advisory lock
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[Mismatch, ...]).decode


class RunLost(Exception):
    """Another process goes on with the run. What this one has in hand is not written."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run over a subject. `cursor` None: what is open is still to be looked at again; "" : the walk begins."""

    id: str
    subject: str
    since: float
    ran_at: float
    cursor: str | None = None
    checked: int = 0
    matched: int = 0
    mismatches: tuple[Mismatch, ...] = ()


def prepare_turn(connection: Connection, database: Database, first_at: float) -> None:
    """Nobody's turn comes before `first_at`, on a database that knows of none yet."""
    row = database.insert(chores).values(name=_CHORE, due_at=first_at)
    connection.execute(row.on_conflict_do_nothing(index_elements=["name"]))


def take_turn(connection: Connection, now: float, every_s: float) -> bool:
    """Whether it is time, and this process's turn: nobody else is asked for the next `every_s`."""
    ours = update(chores).where(chores.c.name == _CHORE, chores.c.due_at <= now)
    return connection.execute(ours.values(due_at=now + every_s).returning(chores.c.name)).scalar() is not None


def come_back(connection: Connection, at: float) -> None:
    """The next turn is at `at`, if it is not before."""
    connection.execute(update(chores).where(chores.c.name == _CHORE, chores.c.due_at > at).values(due_at=at))


def begin(connection: Connection, subject: str, since: float, *, holder: str, now: float) -> Run | None:
    """A new run, or the one that was interrupted if it looks as far back; None while somebody else does it."""
    if connection.dialect.name == "postgresql":
        # Where there is no row yet there is none to be locked, and two would begin in the same moment.
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    query = (
        select(reconciliations)
        .where(reconciliations.c.subject == subject, reconciliations.c.finished_at.is_(None))
        .order_by(reconciliations.c.seq.desc())
        .limit(1)
        .with_for_update()
    )
    row = connection.execute(query).one_or_none()
    if row is not None:
        if row.held_until is not None and row.held_until > now:
            return None
        if row.since <= since < row.ran_at:
            _hold(connection, row.id, holder, now)
            return _run(row)
        connection.execute(_of(row.id).values(finished_at=now, holder=None, held_until=None))
    run = Run(f"reconciliation-{uuid4().hex[:24]}", subject, since, now)
    values = {"id": run.id, "subject": subject, "checked": 0, "matched": 0, "mismatches": "[]", "since": since}
    connection.execute(insert(reconciliations), values | {"ran_at": now, "cursor": None})
    _hold(connection, run.id, holder, now)
    return run


def go_on(
    connection: Connection,
    run: Run,
    checked: Sequence[Checked],
    cursor: str | None,
    *,
    holder: str,
    now: float,
    over: bool,
) -> Run:
    """Write a page, with the exceptions that it opens and closes. Raises RunLost, with nothing written."""
    found = tuple(mismatch for one in checked for mismatch in one.mismatches)
    on = replace(
        run,
        cursor=cursor,
        checked=run.checked + len(checked),
        matched=run.matched + sum(not one.mismatches for one in checked),
        mismatches=(*run.mismatches, *found)[:MISMATCHES_MAX],
    )
    values = {
        "cursor": cursor,
        "checked": on.checked,
        "matched": on.matched,
        "mismatches": _encode(on.mismatches).decode(),
        "held_until": None if over else now + LEASE_S,
        "finished_at": now if over else None,
    }
    ours = _of(run.id).where(reconciliations.c.holder == holder).values(values).returning(reconciliations.c.seq)
    if connection.execute(ours).scalar() is None:
        raise RunLost(f"somebody else goes on with {run.id}")
    _tell(connection, run.subject, checked, now)
    return on


def stay(connection: Connection, run: Run, *, holder: str, now: float) -> None:
    """Keep the run, while nothing of it is written. Raises RunLost."""
    ours = _of(run.id).where(reconciliations.c.holder == holder, reconciliations.c.finished_at.is_(None))
    if connection.execute(ours.values(held_until=now + LEASE_S).returning(reconciliations.c.seq)).scalar() is None:
        raise RunLost(f"somebody else goes on with {run.id}")


def let_go(connection: Connection, run: Run, holder: str) -> None:
    """Somebody else may go on at once."""
    connection.execute(_of(run.id).where(reconciliations.c.holder == holder).values(held_until=None))


def open_keys(connection: Connection, subject: str) -> list[str]:
    """The keys of what did not agree when it was looked at last, oldest first."""
    prefix = f"{subject}/"
    query = (
        select(exceptions.c.about)
        .where(
            exceptions.c.source == ExceptionSource.RECONCILIATION.value,
            exceptions.c.resolved_at.is_(None),
            exceptions.c.about.startswith(prefix, autoescape=True),
        )
        .order_by(exceptions.c.seq)
        .limit(RECHECKED_MAX)
    )
    return [about.removeprefix(prefix) for about in connection.execute(query).scalars()]


def _tell(connection: Connection, subject: str, checked: Collection[Checked], now: float) -> None:
    """Open an exception for each thing that does not agree, unless it is open already, or a person has resolved the
    very same; close those of what agrees."""
    abouts = {f"{subject}/{one.key}": one for one in checked}
    known = _known(connection, abouts)
    for about, one in abouts.items():
        last = known.get(about)
        is_open = last is not None and last.resolved_at is None
        if not one.mismatches:
            if is_open:
                close_exceptions(connection, ExceptionSource.RECONCILIATION, about, AGREES, now=now)
            continue
        title, impact = _words(one)
        if last is not None and last.title == title and (is_open or last.note not in (AGREES, CHANGED)):
            continue
        if is_open:
            close_exceptions(connection, ExceptionSource.RECONCILIATION, about, CHANGED, now=now)
        open_exception(
            connection,
            ExceptionSource.RECONCILIATION,
            about,
            title=title,
            impact=impact,
            severity=Severity.WARNING,
            now=now,
        )


def _known(connection: Connection, abouts: Collection[str]) -> dict[str, Any]:
    """The newest exception about each."""
    query = (
        select(exceptions.c.about, exceptions.c.title, exceptions.c.resolved_at, exceptions.c.note)
        .where(exceptions.c.source == ExceptionSource.RECONCILIATION.value, exceptions.c.about.in_(sorted(abouts)))
        .order_by(exceptions.c.seq)
    )
    return {row.about: row for row in connection.execute(query).all()}


def _words(one: Checked) -> tuple[str, str]:
    said = [f"{mismatch.what}: {mismatch.found} instead of {mismatch.expected}" for mismatch in one.mismatches]
    more = f", and {len(said) - SHOWN_MAX} more" if len(said) > SHOWN_MAX else ""
    title = f"{one.title} does not agree everywhere: {'; '.join(said[:SHOWN_MAX])}{more}"
    return title, "The systems tell different things to customers and to the books until one of them is put right."


def _hold(connection: Connection, run_id: str, holder: str, now: float) -> None:
    connection.execute(_of(run_id).values(holder=holder, held_until=now + LEASE_S))


def _of(run_id: str) -> Any:
    return update(reconciliations).where(reconciliations.c.id == run_id)


def _run(row: Row[Any]) -> Run:
    return Run(
        id=row.id,
        subject=row.subject,
        since=row.since,
        ran_at=row.ran_at,
        cursor=row.cursor,
        checked=row.checked,
        matched=row.matched,
        mismatches=_decode(row.mismatches),
    )
