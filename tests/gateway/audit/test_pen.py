"""The pen: what it has written down is on the disk a moment later, whoever comes next."""

from __future__ import annotations

from pathlib import Path

from gateway.audit.entering import Book
from gateway.audit.pen import Pen
from tests.gateway.audit.counting_house import recorded
from tests.gateway.audit.test_groups import log
from tests.gateway.audit.test_scribe import RECORD


def enter(book: Book) -> dict[str, str]:
    return book.enter([RECORD])


def unflushed_since(book: Book) -> float | None:
    return book.unflushed_since


async def test_what_is_entered_is_flushed_in_its_time(sqlite_url: str) -> None:
    """A record is in the file at once, and flushed when its time has come, though nothing else is to be done."""
    for flush_s in (60.0, 0.0):
        pen = Pen(sqlite_url, flush_s)
        assert await pen.done(enter) == {}
        assert (await pen.done(unflushed_since) is None) == (flush_s == 0)
        await pen.close()
    assert len(recorded(sqlite_url)) == 2


async def test_the_time_runs_from_the_first_record(sqlite_url: str) -> None:
    """Records that keep coming do not put it off."""
    pen = Pen(sqlite_url, 60.0)
    await pen.done(enter)
    since = await pen.done(unflushed_since)
    await pen.done(enter)
    assert since is not None
    assert await pen.done(unflushed_since) == since
    await pen.close()


async def test_postgres_flushes_by_itself(postgres_url: str) -> None:
    """There is nothing for us to flush where a server does it."""
    pen = Pen(postgres_url, 60.0)
    await pen.done(enter)
    assert await pen.done(unflushed_since) is None
    await pen.close()


async def test_a_disk_that_takes_nothing_is_logged(sqlite_url: str, tmp_path: Path) -> None:
    """Nobody waits for the flush, so what became of it is in the log, and the pen goes on."""
    pen, wal = Pen(sqlite_url, 60.0), tmp_path / "retailgraph.db-wal"
    await pen.done(enter)
    wal.rename(tmp_path / "aside")
    wal.mkdir()
    with log() as capture:
        await pen.done(Book.flush)
    wal.rmdir()
    (tmp_path / "aside").rename(wal)
    assert [entry["event"] for entry in capture.entries] == ["the audit log was not flushed"]
    await pen.done(enter)
    await pen.close()
    assert len(recorded(sqlite_url)) == 2


async def test_a_log_that_is_gone_needs_no_flush(sqlite_url: str, tmp_path: Path) -> None:
    """Whoever takes the write-ahead log away has written what is in it into the database itself."""
    pen, wal = Pen(sqlite_url, 60.0), tmp_path / "retailgraph.db-wal"
    await pen.done(enter)
    wal.rename(tmp_path / "aside")
    with log() as capture:
        await pen.done(Book.flush)
    (tmp_path / "aside").rename(wal)
    assert not capture.entries
    await pen.close()


async def test_a_change_that_is_waited_for_stays_so(sqlite_url: str) -> None:
    """Only the pen's own records are not flushed one by one; who else writes to the file waits for the disk."""
    pen = Pen(sqlite_url, 60.0)
    await pen.done(enter)

    def synchronous(book: Book) -> object:
        with book.database.transaction() as connection:
            return connection.exec_driver_sql("PRAGMA synchronous").scalar_one()

    assert await pen.done(synchronous) == 2  # FULL
    await pen.close()
