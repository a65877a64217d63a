"""Entering records into the table: all by one statement, or each on its own when one of them is none for it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from operator import attrgetter
from typing import cast

from sqlalchemy import Connection, insert
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from gateway.audit.record import AuditRecord
from gateway.audit.tables import NAMES, audit
from gateway.database import Database

OF_A_RECORD = (DataError, IntegrityError, UnicodeError, OverflowError)
"""What a record raises that the table cannot hold, whatever state the database is in. The last two are the drivers'
own, for what they cannot even send."""

# Plain tuples for the driver itself: the toolkit's own way looks at every column of every row, which is two thirds of
# what a row costs (measured).
_row = attrgetter(*NAMES)
_ASKED = str(insert(audit).inline().compile(dialect=sqlite.dialect(), column_keys=list(NAMES)))
_STATEMENTS = {"sqlite": _ASKED, "postgresql": _ASKED.replace("?", "%s")}  # each driver's mark for a value

AT_ONCE = 32
"""Records of one statement of SQLite. Each number of them is a text that the driver keeps prepared, of 128."""
_INTO, _, _VALUES = _ASKED.partition(" VALUES ")
_AT_ONCE = [f"{_INTO} VALUES {', '.join([_VALUES] * count)}" for count in range(AT_ONCE + 1)]


def write_down(database: Database, records: Sequence[AuditRecord]) -> dict[str, str]:
    """Commit `records` in their order. The ids of those that the table cannot hold, with why: they cost the others
    nothing. Raises what `gateway.database.TROUBLE` lists.

    Callers wait for it, and have waited for the disk that has what was changed: Postgres need not flush this too.
    """
    try:
        if database.is_postgres or len(records) > AT_ONCE:
            with database.transaction(flushed=False) as connection:
                _enter(connection, records)
        else:
            _enter_at_once(database, records)
    except OF_A_RECORD:
        with database.transaction(flushed=False) as connection:
            return _enter_each(connection, records)
    return {}


def _enter_at_once(database: Database, records: Sequence[AuditRecord]) -> None:
    """One statement of SQLite is a transaction by itself. The toolkit's three cost 35 us more, and each is a moment at
    which the thread has to wait until it may go on."""
    connection = database.writing.raw_connection()
    try:
        values = [value for record in records for value in _row(record)]
        cast("sqlite3.Connection", connection.driver_connection).execute(_AT_ONCE[len(records)], values)
    except sqlite3.Error as exc:
        raise DBAPIError.instance(None, None, exc, sqlite3.Error, hide_parameters=True) from exc
    finally:
        connection.close()


def _enter(connection: Connection, records: Sequence[AuditRecord]) -> None:
    """Add `records` in their order. Raises one of OF_A_RECORD when one of them cannot be, and adds none."""
    rows = [_row(record) for record in records]
    connection.exec_driver_sql(_STATEMENTS[connection.dialect.name], rows if len(rows) > 1 else rows[0])


def _enter_each(connection: Connection, records: Sequence[AuditRecord]) -> dict[str, str]:
    """Add those of `records` that can be, in their order; the ids of the others, with why."""
    refused: dict[str, str] = {}
    for record in records:
        try:
            with connection.begin_nested():
                _enter(connection, (record,))
        except OF_A_RECORD as exc:
            refused[record.id] = str(exc.__cause__ or exc)
    return refused
