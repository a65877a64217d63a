"""The scribe: one transaction for many, and no record lost while the database is away."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import structlog
from msgspec.structs import asdict, replace
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from structlog.testing import LogCapture

from domains.upstream import deadline_scope
from gateway.audit import AuditRecord, AuditSettings
from gateway.audit.pruning import prune
from gateway.audit.scribe import Scribe
from gateway.audit.tables import KEEP_DAYS_LEAST
from gateway.database import open_database
from gateway.telemetry.logs import mask
from tests.gateway.audit.counting_house import recorded

NOW = 1_772_000_000.0
RECORD = AuditRecord(
    id="0",
    at=NOW,
    subject="login:ada",
    audience="storefront",
    customer=None,
    store=None,
    client="203.0.113.7",
    correlation_id="c-1",
    operation=None,
    coordinate="Mutation.sell",
    field="sell",
    document="d" * 64,
    key="k-1",
    outcome="ACCEPTED",
    answer="Sold",
    code=None,
    named=None,
    replayed=False,
    unrecorded=0,
)
SETTINGS = AuditSettings()


@pytest.fixture
def logged() -> Iterator[LogCapture]:
    capture = LogCapture()
    before = structlog.get_config()
    structlog.configure(processors=[capture], cache_logger_on_first_use=False)
    yield capture
    structlog.configure(**before)


def numbered(count: int) -> list[AuditRecord]:
    return [replace(RECORD, id=str(number)) for number in range(count)]


async def test_concurrent_records_share_a_transaction(url: str) -> None:
    """Of fifty that come while one is written, all stand in the table once each waiter is told, in two commits."""
    scribe = Scribe(url, SETTINGS)
    async with scribe.running():
        await scribe.keep([replace(RECORD, id="first")])  # the table is made with it
        await asyncio.gather(*(scribe.keep([one]) for one in numbered(50)))
        assert len(recorded(url)) == 51
    assert scribe.groups <= 1 + 2
    assert [one.id for one in recorded(url)] == ["first", *(str(number) for number in range(50))]


async def test_a_database_that_is_away_leaves_records_in_the_log(tmp_path: Path, logged: LogCapture) -> None:
    """What cannot be written is in the log whole, and for a while nobody waits to be told so again."""
    clock = [0.0]
    scribe = Scribe(f"sqlite:///{tmp_path / 'no' / 'such.db'}", SETTINGS, monotonic=lambda: clock[0])
    async with scribe.running():
        await scribe.keep(numbered(2))
        assert scribe.keep_later([RECORD]) is None  # it does not wait in a line that does not move
        (tmp_path / "no").mkdir()
        clock[0] += 60
        await scribe.keep([replace(RECORD, id="back")])
    lost = [entry for entry in logged.entries if entry["event"] == "audit record not kept"]
    assert [entry["record"]["id"] for entry in lost] == ["0", "1", "0"]
    assert {entry["log_level"] for entry in lost} == {"error"}
    assert lost[0]["record"]["client"] == "203.0.113.7"
    assert [one.id for one in recorded(f"sqlite:///{tmp_path / 'no' / 'such.db'}")] == ["back"]


async def test_an_answer_waits_no_longer_than_it_may(sqlite_url: str, tmp_path: Path, logged: LogCapture) -> None:
    """While another holds the database, the log has the record in time; once it lets go, the table has it too."""
    maker, scribe = Scribe(sqlite_url, SETTINGS), Scribe(sqlite_url, AuditSettings(write_timeout_s=0.05))
    async with maker.running(), scribe.running():
        await maker.keep([replace(RECORD, id="first")])
        with closing(sqlite3.connect(tmp_path / "retailgraph.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            async with asyncio.timeout(2):
                await scribe.keep([replace(RECORD, id="late")])
            other.execute("ROLLBACK")
    (told,) = [entry for entry in logged.entries if entry["event"] == "audit record not kept"]
    assert told["record"]["id"] == "late"
    assert [one.id for one in recorded(sqlite_url)] == ["first", "late"]


async def test_a_late_answer_waits_for_nothing(sqlite_url: str, tmp_path: Path, logged: LogCapture) -> None:
    """When the time of a request is used up, its caller hears that, and the log has the record."""
    scribe = Scribe(sqlite_url, AuditSettings(write_timeout_s=10))
    async with scribe.running():
        await scribe.keep([replace(RECORD, id="first")])
        with closing(sqlite3.connect(tmp_path / "retailgraph.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with deadline_scope(0.0):
                async with asyncio.timeout(1):
                    await scribe.keep([replace(RECORD, id="late")])
            other.execute("ROLLBACK")
    assert [entry["record"]["id"] for entry in logged.entries if entry["event"] == "audit record not kept"] == ["late"]


async def test_the_line_is_bounded(sqlite_url: str, logged: LogCapture) -> None:
    """What does not fit into the line any more is in the log at once."""
    scribe = Scribe(sqlite_url, AuditSettings(waiting_max=100))
    async with scribe.running():
        entries = [scribe.keep_later([one]) for one in numbered(150)]
    assert len([entry for entry in entries if entry is None]) == 50
    assert len([entry for entry in logged.entries if entry["event"] == "audit record not kept"]) == 50
    assert len(recorded(sqlite_url)) == 100


@pytest.mark.parametrize("statement", ["UPDATE audit SET subject = 'eve'", "DELETE FROM audit", "TRUNCATE audit"])
async def test_the_database_refuses_to_change_a_record(url: str, statement: str) -> None:
    """Rows cannot be changed, and young ones cannot be deleted, by whatever program holds our password."""
    if url.startswith("sqlite") and statement.startswith("TRUNCATE"):
        pytest.skip("SQLite has no TRUNCATE")
    scribe = Scribe(url, SETTINGS)
    async with scribe.running():
        await scribe.keep([replace(RECORD, at=_now(url))])
    database = open_database(url, 1)
    with pytest.raises(DBAPIError, match="only added to"), database.writing.begin() as connection:
        connection.execute(text(statement))
    database.close()
    assert [one.subject for one in recorded(url)] == ["login:ada"]


async def test_what_is_old_enough_goes(url: str) -> None:
    """Pruning takes what is older than it may be, oldest first and a bounded number at a time, and nothing else."""
    now = _now(url)
    old = now - (KEEP_DAYS_LEAST + 1) * 86_400
    scribe = Scribe(url, SETTINGS)
    async with scribe.running():
        await scribe.keep([replace(RECORD, id=str(number), at=old - number) for number in range(5)])
        await scribe.keep([replace(RECORD, id="young", at=now)])
    database = open_database(url, 1)
    more = []
    for _ in range(3):
        with database.writing.begin() as connection:
            more.append(prune(connection, old + 1, limit=2))
    database.close()
    assert more == [True, True, False]
    assert [one.id for one in recorded(url)] == ["young"]


async def test_two_processes_make_one_table(url: str) -> None:
    """Processes that start together do not stumble over each other."""

    async def one(number: int) -> None:
        scribe = Scribe(url, SETTINGS)
        async with scribe.running():
            await scribe.keep([replace(RECORD, id=str(number))])

    await asyncio.gather(*(one(number) for number in range(4)))
    assert sorted(record.id for record in recorded(url)) == ["0", "1", "2", "3"]


def _now(url: str) -> float:
    """By the database's clock, which its triggers go by."""
    sqlite = url.startswith("sqlite")
    statement = "SELECT CAST(strftime('%s', 'now') AS INTEGER)" if sqlite else "SELECT extract(epoch FROM now())"
    database = open_database(url, 1)
    with database.reading.connect() as connection:
        now = float(connection.execute(text(statement)).scalar_one())
    database.close()
    return now


def test_a_record_is_whole_in_the_log() -> None:
    """Every column is text, a number or nothing, and none has a name that log lines mask."""
    record = asdict(RECORD)
    assert mask(None, "error", {"record": record})["record"] == record
    assert json.loads(json.dumps(record)) == record
