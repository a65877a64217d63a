"""Reading the audit log, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Row, inspect, select

from gateway.audit.record import AuditRecord
from gateway.audit.tables import NAMES, audit

PAGE = 1000
"""Rows held at once, some 2 MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Which records. Times are seconds since the epoch, `until` not included; None is any."""

    since: float | None = None
    until: float | None = None
    subject: str | None = None
    coordinate: str | None = None


def in_order(connection: Connection, query: AuditQuery, page: int = PAGE) -> Iterator[AuditRecord]:
    """Every record that fits, in the order in which they were written down, however many."""
    last = 0
    wanted = select(audit).where(*_fits(query)).order_by(audit.c.seq).limit(page)
    while there := _rows(connection, wanted.where(audit.c.seq > last)):
        yield from map(_record, there)
        if len(there) < page:
            return
        last = there[-1].seq


def newest(connection: Connection, query: AuditQuery, limit: int) -> list[AuditRecord]:
    """The last records that fit, the newest first."""
    return [
        _record(row)
        for row in _rows(connection, select(audit).where(*_fits(query)).order_by(audit.c.seq.desc()).limit(limit))
    ]


def _rows(connection: Connection, wanted: object) -> list[Row[tuple[object, ...]]]:
    if not inspect(connection).has_table(audit.name):
        return []  # nothing was ever changed
    return list(connection.execute(wanted))  # type: ignore[call-overload]  # a select, as both callers make it


def _fits(query: AuditQuery) -> list[ColumnElement[bool]]:
    fits: list[ColumnElement[bool]] = []
    if query.since is not None:
        fits.append(audit.c.at >= query.since)
    if query.until is not None:
        fits.append(audit.c.at < query.until)
    if query.subject is not None:
        fits.append(audit.c.subject == query.subject)
    if query.coordinate is not None:
        whole = "" if "." in query.coordinate else "Mutation."
        fits.append(audit.c.coordinate == whole + query.coordinate)
    return fits


def _record(row: Row[tuple[object, ...]]) -> AuditRecord:
    return AuditRecord(**{name: getattr(row, name) for name in NAMES})
