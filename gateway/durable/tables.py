"""The journal's tables: never dropped, for unlike the projection's, what stands here can be read from nowhere else."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    insert,
    inspect,
    select,
    text,
    update,
)

from gateway.database import TROUBLE, Database, DatabaseUnusable
from gateway.durable.upgrading import from_1

VERSION = 2
"""Raised with every change of the tables, together with a way from the version before."""

_LOCK = 7_281_993_460_117_025_002  # any number that no other program takes for its own advisory lock

METADATA = MetaData()

_COUNTED = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only what is called INTEGER


def _count() -> Column[Any]:
    return Column("seq", _COUNTED, primary_key=True, autoincrement=True)


def _partly(name: str, column: str, where: str) -> Index:
    """An index of the few rows that are looked for all the time, however many others there are."""
    return Index(name, column, postgresql_where=text(where), sqlite_where=text(where))


schema = Table("journal_schema", METADATA, Column("version", Integer, nullable=False))

flows = Table(
    "flows",
    METADATA,
    _count(),
    Column("id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("behind", Text),  # another subject, whose earlier flows come first
    Column("title", Text, nullable=False),
    Column("caller", Text, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("answer", Text),
    Column("back", Boolean, nullable=False),  # whether it goes back over what was done
    Column("canceled", Boolean, nullable=False),  # a person sent it back, and no system
    Column("step", Text),  # the one to do or undo next
    Column("queue", Text),  # the system of that step
    Column("due_at", Double),  # while it is held, when it no longer is; None: nothing is to be done by itself
    Column("tries", Integer, nullable=False),  # of that step, since a person last said retry
    Column("waits_since", Double),
    Column("holder", Text),
    Column("held_until", Double),
    Column("epoch", Integer, nullable=False),  # raised with every claim: a holder of an older one writes nothing
    Column("why", Text),
    Column("accepted_at", Double, nullable=False),
    Column("finished_at", Double),  # None exactly while it is not over
    Index("flows_due", "queue", "due_at"),
    Index("flows_subject", "subject", "seq"),
    Index("flows_correlation", "correlation_id"),
    Index("flows_finished", "finished_at"),
    _partly("flows_held", "queue", "holder IS NOT NULL"),
    _partly("flows_unfinished", "subject", "finished_at IS NULL"),
    _partly("flows_waiting", "waits_since", "waits_since IS NOT NULL"),
)
"""Times are seconds since the epoch, here and below."""

steps = Table(
    "flow_steps",
    METADATA,
    Column("flow_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("unheard", Boolean, nullable=False),  # the last attempt may have been done all the same
    Column("result", Text),
    Column("reference", Text),
    Column("why", Text),
    Column("started_at", Double),
    Column("finished_at", Double),
)
"""Steps that have begun; the others have no row."""

ledger = Table(
    "ledger",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("caller", Text, nullable=False),
    Column("answer", Text),  # None while somebody carries it out
    Column("flow_id", Text),
    Column("began_at", Double, nullable=False),
    Column("held_until", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Index("ledger_expires", "expires_at"),
)
"""Keyed writes and what was answered to them."""

exceptions = Table(
    "exceptions",
    METADATA,
    _count(),
    Column("id", Text, nullable=False, unique=True),
    Column("source", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("impact", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("opened_at", Double, nullable=False),
    Column("owner", Text),
    Column("resolved_at", Double),
    Column("note", Text),
    Index("exceptions_about", "source", "about"),
    Index("exceptions_open", "resolved_at"),
)

quotas = Table(
    "quotas",
    METADATA,
    Column("system", Text, primary_key=True),
    Column("at_once", Integer),
    Column("per_s", Double),
    Column("tokens", Double, nullable=False),
    Column("filled_at", Double, nullable=False),
)
"""How many steps of all workers a system takes at once and per second, where a person said so: None is what the
settings say. The tokens are those of a bucket that `per_s` fills."""

chores = Table(
    "chores",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("due_at", Double, nullable=False),
)
"""What one worker at a time does for all: whoever moves `due_at` on does it."""

news = Table(
    "news",
    METADATA,
    _count(),
    Column("id", Text, nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("subject", Text),
    Column("happened_at", Double, nullable=False),
    Column("correlation_id", Text),
    Column("data", Text, nullable=False),
    Column("told_at", Double, nullable=False),
    Index("news_subject", "subject", "seq"),
    Index("news_told", "told_at"),
)
"""Domain events in the order in which they were committed: the outbox, and what subscriptions follow."""

followers = Table(
    "followers",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("holder", Text),
    Column("held_until", Double),
    Column("why", Text),
)
"""How far each destination outside has been told the news."""

inbox = Table(
    "inbox",
    METADATA,
    _count(),
    Column("source", Text, nullable=False),  # whose door it came through
    Column("event_source", Text, nullable=False),  # its own: several services may stand behind one door
    Column("event_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("received_at", Double, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due_at", Double),
    Column("holder", Text),
    Column("held_until", Double),
    Column("why", Text),
    UniqueConstraint("source", "event_source", "event_id"),
    Index("inbox_due", "due_at"),
    Index("inbox_entity", "entity", "seq"),
    _partly("inbox_pending", "entity", "state = 'PENDING'"),
    Index("inbox_received", "received_at"),
)
"""Events from outside, kept before they are acknowledged."""

holds = Table(
    "holds",
    METADATA,
    _count(),
    Column("id", Text, nullable=False, unique=True),
    Column("membership_id", Text, nullable=False),
    Column("state", Text, nullable=False),  # HELD also past its time, until somebody holds again
    Column("kept", Text, nullable=False),
    Column("key", Text, nullable=False, unique=True),
    Column("expires_at", Double, nullable=False),
    Column("changed_at", Double, nullable=False),
    Index("holds_membership", "membership_id", "seq"),
    Index("holds_changed", "changed_at"),
    _partly("holds_open", "membership_id", "state IN ('HELD', 'UNKNOWN')"),
)
"""Points held by the gateway, for engines that cannot hold them."""

reconciliations = Table(
    "reconciliations",
    METADATA,
    _count(),
    Column("id", Text, nullable=False, unique=True),
    Column("subject", Text, nullable=False),
    Column("checked", Integer, nullable=False),
    Column("matched", Integer, nullable=False),
    Column("mismatches", Text, nullable=False),  # the first of them, as JSON
    Column("since", Double, nullable=False),  # what was finished before is not looked at
    Column("cursor", Text),  # where an interrupted run goes on
    Column("ran_at", Double, nullable=False),
    Column("finished_at", Double),  # None: under way, or interrupted
    Column("holder", Text),
    Column("held_until", Double),
    Index("reconciliations_subject", "subject", "seq"),
)
"""Runs of comparing the systems' books."""


def prepare(database: Database) -> None:
    """Make the tables if they are not there, or of those of an earlier version. Raises DatabaseUnusable for tables of
    a version that is not known."""
    try:
        with database.writing.begin() as connection:
            if database.is_postgres:
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            version = _version(connection)
            if version is None:
                METADATA.create_all(connection)
                connection.execute(insert(schema), {"version": VERSION})
            elif version == 1:
                from_1(connection, inbox)
                connection.execute(update(schema).values(version=VERSION))
            elif version != VERSION:
                raise DatabaseUnusable(
                    f"The database holds a journal of version {version}, and this program knows {VERSION}. "
                    "Use the program that made it, or another database."
                )
    except TROUBLE as exc:
        raise DatabaseUnusable(f"The database cannot be opened: {exc.__cause__ or exc}") from exc


def _version(connection: Connection) -> int | None:
    if not inspect(connection).has_table(schema.name):
        return None
    version: int | None = connection.execute(select(schema.c.version)).scalar()
    return version
