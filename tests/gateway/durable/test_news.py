"""The news are numbered in the order in which they are committed, however many tell at once.

On Postgres alone: SQLite lets one write at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from random import Random
from threading import Barrier

import msgspec
from sqlalchemy import func, select

from domains.durable import Event
from gateway.database import Database, open_database
from gateway.durable.news import news_after, news_end, tell
from gateway.durable.tables import prepare
from tests.gateway.durable.shop import START

TELLERS, EACH = 6, 40


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = open_database(url, TELLERS + 1)
    prepare(database)
    yield database
    database.close()


def event(name: str) -> Event:
    return Event(
        id=name,
        type="retail.order.accepted.v1",
        source="retailgraph",
        time=datetime(2026, 3, 1, tzinfo=UTC),
        subject=f"Order:{name}",
        data=msgspec.Raw(b"{}"),
    )


def test_who_reads_on_behind_the_last_event_misses_none(postgres_url: str) -> None:
    """A reader who goes on behind the newest number it has seen finds every event of all who tell side by side."""
    with opened(postgres_url) as database:
        seen = _read_on_while_many_tell(database)
        with database.reading.connect() as connection:
            everything = [one.seq for one in news_after(connection, 0, 1000)]
            assert news_end(connection) == everything[-1]
    assert len(everything) == TELLERS * EACH
    assert seen == everything


def test_a_number_is_given_once_nobody_else_is_telling(postgres_url: str) -> None:
    """On Postgres whoever waits to tell has no number yet: it gets a later one than all who ended before."""
    with opened(postgres_url) as database:
        _tell_side_by_side(database)
        with database.reading.connect() as connection:
            assert [one.event.id for one in news_after(connection, 0, 10)] == ["first", "third", "second"]


def _read_on_while_many_tell(database: Database) -> list[int]:
    ready = Barrier(TELLERS + 1)
    seen: list[int] = []

    def told(teller: int) -> None:
        luck = Random(teller)
        ready.wait(10)
        for number in range(EACH):
            with database.writing.begin() as connection:
                tell(connection, event(f"{teller}-{number}"), START)
                # What a transaction still does after it told, in some of them: numbers given meanwhile must wait.
                connection.execute(select(func.length("x" * luck.randrange(1, 20_000)))).one()

    with ThreadPoolExecutor(TELLERS) as tellers:
        ends = [tellers.submit(told, teller) for teller in range(TELLERS)]
        ready.wait(10)
        over = False
        while not over:
            over = all(end.done() for end in ends)
            with database.reading.connect() as connection:
                seen += [one.seq for one in news_after(connection, seen[-1] if seen else 0, 1000)]
        for end in ends:
            end.result(10)
    return seen


def _tell_side_by_side(database: Database) -> None:
    with ThreadPoolExecutor(1) as other, database.writing.begin() as first:
        tell(first, event("first"), START)

        def second() -> None:
            with database.writing.begin() as connection:
                tell(connection, event("second"), START)

        waiting = other.submit(second)
        while not _is_waited_for(database):
            assert not waiting.done()
        tell(first, event("third"), START)
        first.commit()
        waiting.result(10)


def _is_waited_for(database: Database) -> bool:
    """Whether somebody stands before a lock."""
    with database.reading.connect() as connection:
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        return bool(connection.exec_driver_sql(waiting).scalar_one())
