"""Records that come together are written together, and what befalls one befalls no other."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from structlog.testing import LogCapture
from structlog.typing import EventDict

from domains.upstream import deadline_scope
from gateway.audit import AuditRecord, AuditSettings
from gateway.audit.scribe import BATCH, GATHERED, Scribe
from gateway.database import open_database
from tests.gateway.audit.counting_house import recorded
from tests.gateway.audit.test_scribe import RECORD, SETTINGS

TOO_MANY = 2**63
"""A count of refusals that no column of either database holds."""


@contextmanager
def log() -> Iterator[LogCapture]:
    """What is logged meanwhile."""
    capture, before = LogCapture(), structlog.get_config()
    structlog.configure(processors=[capture], cache_logger_on_first_use=False)
    try:
        yield capture
    finally:
        structlog.configure(**before)


def named(*ids: str, bad: Sequence[str] = ()) -> list[AuditRecord]:
    return [replace(RECORD, id=one, unrecorded=TOO_MANY if one in bad else 0) for one in ids]


def unkept(capture: LogCapture) -> list[EventDict]:
    return [entry for entry in capture.entries if entry["event"] == "audit record not kept"]


async def test_a_record_that_comes_alone_is_written_at_once(url: str) -> None:
    """Where nothing waits nothing is gathered: each record that is waited for has a transaction of its own."""
    scribe = Scribe(url, SETTINGS)
    async with scribe.running():
        await scribe.keep(named("first"))  # the table is made with it
        for number in range(5):
            await scribe.keep(named(str(number)))
    assert scribe.groups == 1 + 5


async def test_sixteen_callers_share_transactions(url: str) -> None:
    """Callers that ask again and again are written down in a few transactions, each its own records in order."""
    scribe = Scribe(url, SETTINGS)

    async def caller(name: int) -> None:
        for turn in range(10):
            await scribe.keep(named(f"{name}-{turn}"))

    async with scribe.running():
        await scribe.keep(named("first"))
        await asyncio.gather(*(caller(name) for name in range(16)))
    assert scribe.groups <= 40  # of 160
    written = [one.id.split("-") for one in recorded(url)[1:]]
    assert len(written) == 160
    for name in range(16):
        assert [turn for one, turn in written if one == str(name)] == [str(turn) for turn in range(10)]


async def test_a_record_waits_a_moment_for_those_that_are_expected(url: str) -> None:
    """While other changes are under way, records that come one by one are written together; the last waits for none."""
    scribe = Scribe(url, SETTINGS)

    async def change(number: int) -> None:
        for _ in range(number):
            await asyncio.sleep(0)
        scribe.expected -= 1
        await scribe.keep(named(str(number)))

    async with scribe.running():
        await scribe.keep(named("first"))
        scribe.expected = 8
        await asyncio.gather(*(change(number) for number in range(8)))
        assert scribe.groups <= 1 + 3  # of 8: on a busy machine a moment may pass between two of them
    assert [one.id for one in recorded(url)] == ["first", *map(str, range(8))]


async def test_nobody_waits_long_for_what_does_not_come(url: str) -> None:
    """A change that hangs holds up the records of others for a moment, and what is gathered is enough at some point."""
    scribe = Scribe(url, SETTINGS)
    async with scribe.running():
        await scribe.keep(named("first"))
        scribe.expected += 1
        async with asyncio.timeout(2):
            await scribe.keep(named("other"))
            for number in range(GATHERED):
                scribe.keep_later(named(str(number)))
            await scribe.keep(named("last"))
    assert scribe.groups == 3
    assert len(recorded(url)) == GATHERED + 3


async def test_a_record_that_cannot_be_written_loses_no_other(url: str) -> None:
    """What the table cannot hold is in the log; its neighbours are in the table, in order, and so is who comes next."""
    scribe = Scribe(url, SETTINGS)
    with log() as capture:
        async with scribe.running():
            await scribe.keep(named("first"))
            await asyncio.gather(
                scribe.keep(named("a")),
                scribe.keep(named("b", "bad", "c", bad=["bad"])),
                scribe.keep(named("worse", bad=["worse"])),
                scribe.keep(named("d")),
            )
            assert scribe.groups == 2
            await scribe.keep(named("next"))  # nobody thinks that the database is away
    assert [one.id for one in recorded(url)] == ["first", "a", "b", "c", "d", "next"]
    assert [entry["record"]["id"] for entry in unkept(capture)] == ["bad", "worse"]


async def test_each_is_told_of_a_database_that_fails(url: str) -> None:
    """When a whole group cannot be written, nobody waits on, and the log has every record of it once."""
    scribe = Scribe(url, SETTINGS)
    with log() as capture:
        async with scribe.running():
            await scribe.keep(named("first"))
            _take_the_table_away(url)
            async with asyncio.timeout(2):
                await asyncio.gather(*(scribe.keep(named(str(number))) for number in range(20)))
    assert [entry["record"]["id"] for entry in unkept(capture)] == [str(number) for number in range(20)]


async def test_each_waits_as_long_as_they_may(sqlite_url: str, tmp_path: Path) -> None:
    """While the database is held, who has less time than those before is told first, and who has more waits on."""
    scribe = Scribe(sqlite_url, AuditSettings(write_timeout_s=5))
    with log() as capture:
        async with scribe.running():
            await scribe.keep(named("first"))
            with closing(sqlite3.connect(tmp_path / "retailgraph.db", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                patient = asyncio.create_task(scribe.keep(named("patient")))
                await asyncio.sleep(0)
                async with asyncio.timeout(2):
                    for limit_s in (0.05, 0.01):
                        with deadline_scope(limit_s):
                            await scribe.keep(named(f"late-{limit_s}"))
                assert not patient.done()
                other.execute("ROLLBACK")
            await patient
    assert [entry["record"]["id"] for entry in unkept(capture)] == ["late-0.05", "late-0.01"]
    assert [one.id for one in recorded(sqlite_url)] == ["first", "patient", "late-0.05", "late-0.01"]


async def test_who_goes_away_takes_no_record_along(sqlite_url: str, tmp_path: Path) -> None:
    """Callers that are cancelled while they wait leave their own records, and those of others, to be written."""
    scribe = Scribe(sqlite_url, AuditSettings(write_timeout_s=10))
    async with scribe.running():
        await scribe.keep(named("first"))
        with closing(sqlite3.connect(tmp_path / "retailgraph.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            waiters = [asyncio.create_task(scribe.keep(named(str(number)))) for number in range(6)]
            for _ in range(3):
                await asyncio.sleep(0)  # one is being written, five wait
            for gone in waiters[::2]:
                gone.cancel()
            await asyncio.wait(waiters[::2])
            other.execute("ROLLBACK")
        await asyncio.gather(*waiters[1::2])
    assert all(gone.cancelled() for gone in waiters[::2])
    assert [one.id for one in recorded(sqlite_url)] == ["first", *(str(number) for number in range(6))]


async def test_a_group_is_bounded(sqlite_url: str) -> None:
    """What waits goes out a bounded number of records at a time, and all of it before the scribe is done."""
    scribe = Scribe(sqlite_url, SETTINGS)
    async with scribe.running():
        await scribe.keep(named("first"))
        for number in range(2 * BATCH + 1):
            scribe.keep_later(named(str(number)))
        await scribe.keep(named("last"))
    assert scribe.groups == 1 + 3
    assert [one.id for one in recorded(sqlite_url)] == ["first", *map(str, range(2 * BATCH + 1)), "last"]


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(st.lists(st.booleans(), min_size=1, max_size=4), st.sampled_from(["wait", "go away", "do not wait"])),
        max_size=12,
    )
)
def test_every_record_is_kept_once(operations: list[tuple[list[bool], str]]) -> None:
    """Whatever comes together, and whoever goes away: good records are in the table in order, bad ones in the log."""
    groups = [
        (named(*ids, bad=[one for one, is_bad in zip(ids, bads, strict=True) if is_bad]), how)
        for number, (bads, how) in enumerate(operations)
        for ids in [[f"{number}-{place}" for place in range(len(bads))]]
    ]

    async def write(url: str) -> None:
        scribe = Scribe(url, SETTINGS)
        async with scribe.running():
            tasks = []
            for records, how in groups:
                if how == "do not wait":
                    scribe.keep_later(records)
                    continue
                tasks.append(asyncio.create_task(scribe.keep(records)))
                await asyncio.sleep(0)
                if how == "go away":
                    tasks[-1].cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    with TemporaryDirectory() as folder, log() as capture:
        url = f"sqlite:///{folder}/retailgraph.db"
        asyncio.run(write(url))
        kept = [one.id for one in recorded(url)]
    every = [one for records, _ in groups for one in records]
    assert kept == [one.id for one in every if not one.unrecorded]
    assert [entry["record"]["id"] for entry in unkept(capture)] == [one.id for one in every if one.unrecorded]


def _take_the_table_away(url: str) -> None:
    database = open_database(url, 1)
    with database.writing.begin() as connection:
        connection.exec_driver_sql("DROP TABLE audit")
    database.close()
