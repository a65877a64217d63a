"""What all workers share and one does at a time: alarms, and forgetting what is old enough, a little at a time."""

from __future__ import annotations

from sqlalchemy import Column, ColumnElement, Connection, Table, delete, select, update

from gateway.database import Database
from gateway.durable import ledger
from gateway.durable.policy import JournalPolicy
from gateway.durable.tables import chores, exceptions, flows, inbox, news, reconciliations, steps

BATCH = 500
"""Rows of one transaction: it takes 20 ms, and who accepts a write at that moment waits no longer."""

BATCHES = 20
"""Of one round: more than is accepted between two, and never so much that it delays the claims of its worker."""

_CHORE = "housekeeping"


def prepare_chores(connection: Connection, database: Database) -> None:
    row = database.insert(chores).values(name=_CHORE, due_at=0.0)
    connection.execute(row.on_conflict_do_nothing(index_elements=["name"]))


def take_turn(connection: Connection, now: float, every_s: float) -> bool:
    """Whether it is time, and this worker's turn: nobody else is asked for the next `every_s`."""
    ours = update(chores).where(chores.c.name == _CHORE, chores.c.due_at <= now)
    turn = ours.values(due_at=now + every_s).returning(chores.c.name)
    return connection.execute(turn).scalar() is not None


def prune(connection: Connection, policy: JournalPolicy, now: float, limit: int = BATCH) -> bool:
    """Forget up to `limit` rows of each kind. Answers whether there may be more."""
    told = now - policy.news_keep_s
    gone = [
        _finished_flows(connection, now - policy.keep_s, limit),
        ledger.prune(connection, now, limit),
        _older(connection, exceptions, exceptions.c.seq, exceptions.c.resolved_at <= now - policy.keep_s, limit),
        _older(connection, news, news.c.seq, news.c.told_at <= told, limit),
        _older(
            connection, reconciliations, reconciliations.c.seq, reconciliations.c.ran_at <= now - policy.keep_s, limit
        ),
        _older(connection, inbox, inbox.c.seq, (inbox.c.received_at <= told) & inbox.c.due_at.is_(None), limit),
    ]
    return max(gone) >= limit


def _finished_flows(connection: Connection, before: float, limit: int) -> int:
    old = select(flows.c.id).where(flows.c.finished_at <= before).order_by(flows.c.finished_at).limit(limit)
    ids = connection.execute(old.with_for_update(skip_locked=True)).scalars().all()
    if ids:
        connection.execute(delete(steps).where(steps.c.flow_id.in_(ids)))
        connection.execute(delete(flows).where(flows.c.id.in_(ids)))
    return len(ids)


def _older(connection: Connection, table: Table, key: Column[int], old: ColumnElement[bool], limit: int) -> int:
    some = select(key).where(old).limit(limit)
    return len(connection.execute(delete(table).where(key.in_(some)).returning(key)).all())
