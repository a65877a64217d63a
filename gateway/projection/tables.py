"""Making the tables, once, however many processes start at the same moment."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, insert, inspect, select, text

from gateway.database import TROUBLE, Database, DatabaseUnusable
from gateway.projection.kinds import KINDS, METADATA, Kind, refreshes, schema

VERSION = 1
"""Raised with every change of the tables."""

_LOCK = 7_281_993_460_117_025_001  # any number that no other program takes for its own advisory lock


def prepare(database: Database) -> None:
    """Make the tables if they are not there.

    Tables of an older version are dropped: all of it can be read from the systems of record again. Raises
    DatabaseUnusable when they are of a newer version, or the database cannot be opened.
    """
    try:
        with database.writing.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            version = _version(connection)
            if version == VERSION:
                return
            if version is not None and version > VERSION:
                raise DatabaseUnusable(
                    f"The database holds a projection of version {version}, and this program knows {VERSION}. "
                    "Use the program that made it, or another database."
                )
            METADATA.drop_all(connection)
            METADATA.create_all(connection)
            connection.execute(insert(schema), {"version": VERSION})
            untouched = {"failures": 0, "pages": 0, "items": 0, "news": 0}
            connection.execute(insert(refreshes), [{"kind": kind.name, **untouched} for kind in KINDS])
    except TROUBLE as exc:
        raise DatabaseUnusable(f"The database cannot be opened: {exc.__cause__ or exc}") from exc


def count(connection: Connection, kind: Kind[Any, Any]) -> None:
    """Let Postgres count a table that was just filled: until its own round, it would read all of it for one key."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"ANALYZE {kind.table.name}"))


def clear(connection: Connection) -> None:
    """Forget everything that was read. The projection is cold again."""
    for kind in KINDS:
        connection.execute(delete(kind.table))
    nothing = {column.name: None for column in refreshes.c if column.nullable}
    connection.execute(refreshes.update().values(**nothing, failures=0, pages=0, items=0, news=0))


def _version(connection: Connection) -> int | None:
    if not inspect(connection).has_table(schema.name):
        return None
    version: int | None = connection.execute(select(schema.c.version)).scalar()
    return version
