"""Ways from a journal of an earlier version to this one, each within the transaction that opens the database."""

from __future__ import annotations

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    TableClause,
    column,
    insert,
    literal_column,
    select,
    table,
    text,
    update,
)

PATIENCE_S = 3600
"""Of a statement here, where any other has half a minute: a million events are made anew in some 20 s (measured)."""

# A program of before, which may run on beside this one until it is replaced, does not say when it told something: that
# is told in the year 3000, rather than in 1970 and so forgotten at once.
_NEWS = (
    "ALTER TABLE news ADD COLUMN told_at DOUBLE PRECISION NOT NULL DEFAULT 32503680000",
    "UPDATE news SET told_at = happened_at",
    "DROP INDEX news_happened",
    "CREATE INDEX news_told ON news (told_at)",
)
# What was kept as the answer to flows that nobody asked for, and would be read as one.
_ANSWERS = "UPDATE flows SET answer = NULL WHERE answer = 'null'"
# Made anew, because SQLite changes no constraint. The rows get other numbers in the same order; nobody remembers those.
_SET_ASIDE = (
    *(f"DROP INDEX IF EXISTS inbox_{name}" for name in ("due", "entity", "pending", "received")),
    "ALTER TABLE inbox RENAME TO inbox_before",
)
_SAME = (
    *("source", "event_id", "type", "entity", "state", "event", "received_at", "tries"),
    *("due_at", "holder", "held_until", "why"),
)
# Read out of what stands before the data, which comes last: at a null character in that, Postgres fails whatever it is
# asked for (its manual, "JSON Types").
_SOURCE = {
    "postgresql": "CAST(substr(event, 1, strpos(event, ',\"data\":') - 1) || '}' AS json) ->> 'source'",
    "sqlite": "json_extract(substr(event, 1, instr(event, ',\"data\":') - 1) || '}', '$.source')",
}


def from_1(connection: Connection, inbox: Table) -> None:
    """To 2: news has the time when it was told, and an event its own source beside its door's, in the inbox and in what
    exceptions call it."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL statement_timeout = '{PATIENCE_S}s'"))
    for statement in (*_NEWS, _ANSWERS, *_SET_ASIDE):
        connection.execute(text(statement))
    inbox.create(connection)
    before = table("inbox_before", column("seq"), *(column(name) for name in _SAME))
    source: ColumnElement[str] = literal_column(_SOURCE[connection.dialect.name])
    rows = select(source, *(before.c[name] for name in _SAME)).order_by(before.c.seq)
    connection.execute(insert(inbox).from_select(["event_source", *_SAME], rows))
    _call_anew(connection, before, source)
    connection.execute(text("DROP TABLE inbox_before"))


def _call_anew(connection: Connection, before: TableClause, source: ColumnElement[str]) -> None:
    """Open exceptions call their event by its door, its own source and its id, no longer by the first and the last. One
    that nobody could read has the door's name for a source."""
    exceptions = table("exceptions", *(column(name) for name in ("id", "source", "about", "resolved_at")))
    of_events = exceptions.c.source == "EVENT", exceptions.c.about.not_like("follower/%")
    still_open = select(exceptions.c.id, exceptions.c.about).where(*of_events, exceptions.c.resolved_at.is_(None))
    for id_, about in connection.execute(still_open).all():
        door, _, event_id = about.partition("/")
        kept = select(source).select_from(before).where(before.c.source == door, before.c.event_id == event_id)
        own = str(connection.execute(kept).scalar() or door).replace("%", "%25").replace("#", "%23")
        this = update(exceptions).where(exceptions.c.id == id_)
        connection.execute(this.values(about=f"{door}/{own}#{event_id}"))
