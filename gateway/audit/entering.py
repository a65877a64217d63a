"""Entering records into the table: all by one statement, or each on its own when one of them is none for it."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path
from typing import cast

import structlog
from sqlalchemy import Connection, insert
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError

from gateway.audit.record import AuditRecord
from gateway.audit.tables import NAMES, audit
from gateway.database import OF_A_VALUE, Database

_log = structlog.get_logger(__name__)

# Plain tuples for the driver itself: the toolkit's own way looks at every column of every row, which is two thirds of
# what a row costs (measured).
_row = attrgetter(*NAMES)
_ASKED = str(insert(audit).inline().compile(dialect=sqlite.dialect(), column_keys=list(NAMES)))
_STATEMENTS = {"sqlite": _ASKED, "postgresql": _ASKED.replace("?", "%s")}  # each driver's mark for a value

AT_ONCE = 32
"""Records of one statement of SQLite. Each number of them is a text that the driver keeps prepared, of 128."""
_INTO, _, _VALUES = _ASKED.partition(" VALUES ")
_AT_ONCE = [f"{_INTO} VALUES {', '.join([_VALUES] * count)}" for count in range(AT_ONCE + 1)]


class Book:
    """The table, as one thread writes it.

    Callers wait for a record, and have waited for the disk that has what was changed. So no record is flushed for
    itself: what a power cut may take is the records of the last moment, as with Postgres (`Database.transaction`). On
    SQLite they are in the file at once, whatever becomes of this process, and on the disk with the next commit of
    anybody who waits for that, or after `flush`.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.unflushed_since: float | None = None  # in monotonic seconds
        self._own: sqlite3.Connection | None = None
        self._wal = Path()

    def enter(self, records: Sequence[AuditRecord]) -> dict[str, str]:
        """Commit `records` in their order. The ids of those that the table cannot hold, with why: they cost the others
        nothing. Raises what `gateway.database.TROUBLE` lists."""
        try:
            if self.database.is_postgres or len(records) > AT_ONCE:
                with self.database.transaction(flushed=False) as connection:
                    _enter(connection, records)
            else:
                self._enter_at_once(records)
        except OF_A_VALUE:
            with self.database.transaction(flushed=False) as connection:
                return _enter_each(connection, records)
        return {}

    def flush(self) -> None:
        """Have the disk take all that was entered. What keeps it from that is logged."""
        if self.unflushed_since is None:
            return
        self.unflushed_since = None
        try:
            with self._wal.open("rb") as wal:
                os.fsync(wal.fileno())
        except FileNotFoundError:
            pass  # whoever took it away has written it into the file itself
        except OSError as exc:
            _log.error("the audit log was not flushed", why=str(exc))

    def close(self) -> None:
        """Let go of the database."""
        self.flush()
        if self._own is not None:
            self._own.close()
        self.database.close()

    def _enter_at_once(self, records: Sequence[AuditRecord]) -> None:
        """One statement of SQLite is a transaction by itself. The toolkit's three cost 35 us more, and each is a moment
        at which the thread has to wait until it may go on."""
        try:
            own = self._own or self._connected()
            own.execute(_AT_ONCE[len(records)], [value for record in records for value in _row(record)])
        except sqlite3.Error as exc:
            raise DBAPIError.instance(None, None, exc, sqlite3.Error, hide_parameters=True) from exc
        if self.unflushed_since is None:
            self.unflushed_since = time.monotonic()

    def _connected(self) -> sqlite3.Connection:
        """A connection that is never given back: to have it from the pool for each group is 30 us."""
        pooled = self.database.writing.raw_connection()
        own = cast("sqlite3.Connection", pooled.driver_connection)
        pooled.detach()
        own.execute("PRAGMA synchronous = NORMAL")  # the disk is 70 us of the 130 that a group of one took
        self._wal = Path(own.execute("PRAGMA database_list").fetchone()[2] + "-wal")
        self._own = own
        return own


def _enter(connection: Connection, records: Sequence[AuditRecord]) -> None:
    """Add `records` in their order. Raises one of OF_A_VALUE when one of them cannot be, and adds none."""
    rows = [_row(record) for record in records]
    connection.exec_driver_sql(_STATEMENTS[connection.dialect.name], rows if len(rows) > 1 else rows[0])


def _enter_each(connection: Connection, records: Sequence[AuditRecord]) -> dict[str, str]:
    """Add those of `records` that can be, in their order; the ids of the others, with why."""
    refused: dict[str, str] = {}
    for record in records:
        try:
            with connection.begin_nested():
                _enter(connection, (record,))
        except OF_A_VALUE as exc:
            refused[record.id] = str(exc.__cause__ or exc)
    return refused
