"""Entering records into the table: all by one statement, or each on its own when one of them is none for it."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from sqlalchemy import Connection, insert
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DataError, IntegrityError

from gateway.audit.record import AuditRecord
from gateway.audit.tables import NAMES, audit

OF_A_RECORD = (DataError, IntegrityError, UnicodeError, OverflowError)
"""What a record raises that the table cannot hold, whatever state the database is in. The last two are the drivers'
own, for what they cannot even send."""

# Plain tuples for the driver itself: the toolkit's own way looks at every column of every row, which is two thirds of
# what a row costs (measured).
_row = attrgetter(*NAMES)
_ASKED = str(insert(audit).inline().compile(dialect=sqlite.dialect(), column_keys=list(NAMES)))
_STATEMENTS = {"sqlite": _ASKED, "postgresql": _ASKED.replace("?", "%s")}  # each driver's mark for a value


def enter(connection: Connection, records: Sequence[AuditRecord]) -> None:
    """Add `records` in their order. Raises one of OF_A_RECORD when one of them cannot be, and adds none."""
    rows = [_row(record) for record in records]
    connection.exec_driver_sql(_STATEMENTS[connection.dialect.name], rows if len(rows) > 1 else rows[0])


def enter_each(connection: Connection, records: Sequence[AuditRecord]) -> dict[str, str]:
    """Add those of `records` that can be, in their order; the ids of the others, with why."""
    refused: dict[str, str] = {}
    for record in records:
        try:
            with connection.begin_nested():
                enter(connection, (record,))
        except OF_A_RECORD as exc:
            refused[record.id] = str(exc.__cause__ or exc)
    return refused
