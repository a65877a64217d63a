"""What `retailgraph audit` does."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO, TypeVar

import orjson
from msgspec.structs import asdict
from rich.table import Table
from sqlalchemy import Connection

from gateway.audit.reading import AuditQuery, in_order, newest
from gateway.audit.record import AuditRecord
from gateway.audit.tables import NAMES
from gateway.database import TROUBLE, open_database
from gateway.ops.terminal import clock_time, instant, say, say_json, table_console
from gateway.settings import load
from gateway.trouble import CannotStart

R = TypeVar("R")

# A spreadsheet takes a cell that begins with one of these for a formula, and clients choose some of these texts.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export(
    config: Path | None,
    *,
    since: str | None,
    until: str | None,
    subject: str | None,
    coordinate: str | None,
    as_csv: bool,
    out: TextIO = sys.stdout,
) -> None:
    """Write every record that fits, oldest first: a line of JSON each, or a table. Raises CannotStart."""
    query = _query(since, until, subject, coordinate)
    write = _write_csv if as_csv else _write_json
    _looking(config, lambda connection: write(in_order(connection, query), out))


def listed(config: Path | None, *, subject: str | None, coordinate: str | None, limit: int, as_json: bool) -> None:
    """Print the last records that fit. Raises CannotStart."""
    query = _query(None, None, subject, coordinate)
    records = _looking(config, lambda connection: newest(connection, query, limit))
    if as_json:
        say_json([_told(record) for record in records])
        return
    table = Table("when (UTC)", "who", "audience", "from", "what", "outcome", "code", "key", box=None, pad_edge=False)
    for one in records:
        outcome = f"{one.outcome} (repeat)" if one.replayed else one.outcome
        when = clock_time(datetime.fromtimestamp(one.at, UTC))
        what = one.coordinate.removeprefix("Mutation.")
        cells = (when, one.subject, one.audience, one.client, what, outcome, one.code, one.key)
        table.add_row(*(cell or "-" for cell in cells))
    table_console().print(table)
    say(f"{len(records)} records. `audit export` writes all of them, with everything that they say.")


def _query(since: str | None, until: str | None, subject: str | None, coordinate: str | None) -> AuditQuery:
    return AuditQuery(
        since=instant(since, "--since"), until=instant(until, "--until"), subject=subject, coordinate=coordinate
    )


def _looking(config: Path | None, work: Callable[[Connection], R]) -> R:
    database = open_database(load(config).database.url.get_secret_value(), connections=1)
    try:
        with database.reading.connect() as connection:
            return work(connection)
    except TROUBLE as exc:
        raise CannotStart(f"The database cannot be asked: {exc.__cause__ or exc}") from exc
    finally:
        database.close()


def _told(record: AuditRecord) -> dict[str, object]:
    when = datetime.fromtimestamp(record.at, UTC).isoformat(timespec="milliseconds")
    return asdict(record) | {"at": when, "named": orjson.loads(record.named) if record.named else None}


def _write_json(records: Iterable[AuditRecord], out: TextIO) -> None:
    out.writelines(orjson.dumps(_told(record)).decode() + "\n" for record in records)


def _write_csv(records: Iterable[AuditRecord], out: TextIO) -> None:
    table = csv.writer(out)
    table.writerow(NAMES)
    for record in records:
        told = _told(record) | {"named": record.named}
        table.writerow([_cell(told[name]) for name in NAMES])


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
