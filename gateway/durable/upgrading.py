"""Ways from a journal of an earlier version to this one, each within the transaction that opens the database."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, Table, column, insert, literal_column, select, table, text

_NEWS = (
    "ALTER TABLE news ADD COLUMN told_at DOUBLE PRECISION NOT NULL DEFAULT 0",
    "UPDATE news SET told_at = happened_at",
    "DROP INDEX news_happened",
    "CREATE INDEX news_told ON news (told_at)",
)
# Made anew, because SQLite changes no constraint. The rows get other numbers in the same order; nobody remembers those.
_SET_ASIDE = (
    *(f"DROP INDEX IF EXISTS inbox_{name}" for name in ("due", "entity", "pending", "received")),
    "ALTER TABLE inbox RENAME TO inbox_before",
)
_SAME = (
    *("source", "event_id", "type", "entity", "state", "event", "received_at", "tries"),
    *("due_at", "holder", "held_until", "why"),
)
_SOURCE = {"postgresql": "CAST(event AS json) ->> 'source'", "sqlite": "json_extract(event, '$.source')"}


def from_1(connection: Connection, inbox: Table) -> None:
    """To 2: news has the time when it was told, and an event in the inbox its own source beside its door's."""
    for statement in (*_NEWS, *_SET_ASIDE):
        connection.execute(text(statement))
    inbox.create(connection)
    before = table("inbox_before", column("seq"), *(column(name) for name in _SAME))
    source: ColumnElement[str] = literal_column(_SOURCE[connection.dialect.name])
    rows = select(source, *(before.c[name] for name in _SAME)).order_by(before.c.seq)
    connection.execute(insert(inbox).from_select(["event_source", *_SAME], rows))
    connection.execute(text("DROP TABLE inbox_before"))
