"""A journal of an earlier version is made into one of this, and nothing that it holds is lost."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import msgspec
import pytest
from sqlalchemy import Connection, event, inspect, select, update

from domains.durable import Event, ExceptionSource, Severity
from gateway.database import Database, DatabaseUnusable, open_database
from gateway.durable import inbox as letters
from gateway.durable import open_exception, pruning
from gateway.durable.news import news_after, tell
from gateway.durable.tables import METADATA, VERSION, exceptions, flows, inbox, news, prepare, schema
from tests.gateway.durable.shop import POLICY, START, open_house

EVENT = Event(
    id="1",
    type="t",
    source="/erp/stock",
    time=datetime.fromtimestamp(START, UTC),
    subject="SKU-1",
    data=msgspec.Raw(rb'{"note": "a\u0000b", "data": {"source": "/of-another"}}'),
)
TABLES_OF_1 = (
    """CREATE TABLE news (seq {seq}, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, source TEXT NOT NULL, subject TEXT,
    happened_at DOUBLE PRECISION NOT NULL, correlation_id TEXT, data TEXT NOT NULL)""",
    "CREATE INDEX news_subject ON news (subject, seq)",
    "CREATE INDEX news_happened ON news (happened_at)",
    """CREATE TABLE inbox (seq {seq}, source TEXT NOT NULL, event_id TEXT NOT NULL, type TEXT NOT NULL,
    entity TEXT NOT NULL, state TEXT NOT NULL, event TEXT NOT NULL, received_at DOUBLE PRECISION NOT NULL,
    tries INTEGER NOT NULL, due_at DOUBLE PRECISION, holder TEXT, held_until DOUBLE PRECISION, why TEXT,
    UNIQUE (source, event_id))""",
    "CREATE INDEX inbox_due ON inbox (due_at)",
    "CREATE INDEX inbox_entity ON inbox (entity, seq)",
    "CREATE INDEX inbox_received ON inbox (received_at)",
    """INSERT INTO inbox (source, event_id, type, entity, state, event, received_at, tries, due_at)
    VALUES ('erp', '1', 't', 'erp/SKU-1', 'PENDING', '{event}', {at}, 0, {at})""",
)
TELL_AS_1 = "INSERT INTO news (id, type, source, happened_at, data) VALUES ('told-{id}', 't', 'r', {at}, '{{}}')"


def as_of_1(database: Database) -> None:
    """The tables as the first version made them, with one event in each."""
    prepare(database)
    seq = "BIGSERIAL PRIMARY KEY" if database.is_postgres else "INTEGER PRIMARY KEY"
    with database.writing.begin() as connection:
        connection.exec_driver_sql("DROP TABLE news")
        connection.exec_driver_sql("DROP TABLE inbox")
        for statement in TABLES_OF_1:
            heard = msgspec.json.encode(EVENT).decode()
            connection.exec_driver_sql(statement.format(seq=seq, at=START, event=heard))
        connection.exec_driver_sql(TELL_AS_1.format(id=1, at=START))
        connection.execute(update(schema).values(version=1))


def shape(connection: Connection) -> dict[str, tuple[set[str], set[str], list[list[str]]]]:
    """Columns, indexes and keys of each table."""
    looked = inspect(connection)
    return {
        name: (
            {column["name"] for column in looked.get_columns(name)},
            {str(index["name"]) for index in looked.get_indexes(name) if "duplicates_constraint" not in index},
            [unique["column_names"] for unique in looked.get_unique_constraints(name)],
        )
        for name in sorted(looked.get_table_names())
    }


def test_the_first_version_becomes_this_one(url: str) -> None:
    """The tables are those that a new database gets; what was kept is known again, and goes on being taken and told."""
    database = open_database(url, 1)
    as_of_1(database)
    prepare(database)
    prepare(database)  # the next process finds nothing left to do
    with database.writing.begin() as connection:
        upgraded = shape(connection)
        assert connection.execute(select(schema.c.version)).scalars().all() == [VERSION]
        assert letters.keep(connection, database, "erp", [EVENT], START) == 0
        other = msgspec.structs.replace(EVENT, source="/erp/prices")
        assert letters.keep(connection, database, "erp", [other], START) == 1
        (first,) = letters.claim(connection, holder="one", lease_s=30, most=9, now=START)
        assert first.event == EVENT
        tell(connection, msgspec.structs.replace(EVENT, id="told-2"), START + 1)
        assert [told.event.id for told in news_after(connection, 0, 9)] == ["told-1", "told-2"]
        assert connection.execute(select(news.c.told_at).order_by(news.c.seq)).scalars().all() == [START, START + 1]
        METADATA.drop_all(connection)
    prepare(database)
    with database.reading.connect() as connection:
        assert upgraded == shape(connection)
    database.close()


def opened(connection: Connection, about: str) -> str:
    return open_exception(
        connection, ExceptionSource.EVENT, about, title="Wrong", impact="", severity=Severity.WARNING, now=START
    )


def test_what_a_person_was_told_of_events_is_still_known(url: str) -> None:
    """An event that was not taken can be tried again from its exception; one that could not be read, and is sent again,
    closes its own. A destination is called as before, and so is what is resolved."""
    database = open_database(url, 1)
    as_of_1(database)
    with database.writing.begin() as connection:
        kept, unread, webhook = (opened(connection, about) for about in ("erp/1", "erp/a/2", "follower/webhook/shop"))
        resolved = opened(connection, "erp/3")
        connection.execute(update(exceptions).where(exceptions.c.id == resolved).values(resolved_at=START))
    prepare(database)
    with database.writing.begin() as connection:
        abouts = {row.id: row.about for row in connection.execute(select(exceptions))}
        assert abouts == {
            kept: "erp//erp/stock#1",
            unread: "erp/erp#a/2",
            webhook: "follower/webhook/shop",
            resolved: "erp/3",
        }
        assert letters.again_about(connection, abouts[kept], START)
        letters.mishear(connection, "erp", "a/2", "odd", START)
        still_open = select(exceptions.c.id).where(exceptions.c.id.in_(abouts), exceptions.c.resolved_at.is_(None))
        assert set(connection.execute(still_open).scalars()) == {kept, webhook}
    database.close()


def test_what_a_program_of_before_tells_is_not_forgotten_at_once(url: str) -> None:
    """It may run on until it is replaced, and whoever follows the news may be behind."""
    database = open_database(url, 1)
    as_of_1(database)
    prepare(database)
    with database.writing.begin() as connection:
        connection.exec_driver_sql(TELL_AS_1.format(id=2, at=START + 1))
        pruning.prune(connection, POLICY, START + 60)
        assert [told.event.id for told in news_after(connection, 0, 9)] == ["told-1", "told-2"]
    database.close()


async def test_a_flow_of_an_event_answered_nobody(url: str) -> None:
    """What was kept in the place of its answer is not read as one: it would hide what its subject's caller was told."""
    async with open_house(url) as house:
        await house.accept("1")
        await house.accept("1", "of an event")
        subject = (await house.flow()).subject
        newest = update(flows).where(flows.c.id == "of an event").values(answer="null")
        await house.journal.write(lambda connection: connection.execute(newest))
        await asyncio.to_thread(as_of_1, house.journal.database)
        await asyncio.to_thread(prepare, house.journal.database)
        answers = await house.journal.durable.answers(frozenset({subject}))
        assert answers[subject].value == b'{"sale":"1"}'


def test_one_that_is_broken_off_is_begun_again(url: str) -> None:
    """Whatever it had come to, the journal is as it was; the next process makes it anew."""
    database = open_database(url, 1)
    as_of_1(database)
    with database.reading.connect() as connection:
        before = shape(connection)

    def break_off(_: object, __: object, statement: str, *___: object) -> None:
        if statement.startswith("DROP TABLE inbox_before"):
            raise ConnectionAbortedError(statement)

    event.listen(database.writing, "before_cursor_execute", break_off)
    with pytest.raises(ConnectionAbortedError):
        prepare(database)
    event.remove(database.writing, "before_cursor_execute", break_off)
    with database.reading.connect() as connection:
        assert shape(connection) == before
        assert connection.execute(select(schema.c.version)).scalar_one() == 1
    prepare(database)
    with database.reading.connect() as connection:
        assert connection.execute(select(inbox.c.event_source)).scalars().all() == [EVENT.source]
    database.close()


def test_of_two_that_start_at_once_one_does_it(url: str) -> None:
    """The other waits, and finds it done."""
    databases = [open_database(url, 1) for _ in range(2)]
    as_of_1(databases[0])
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(prepare, databases))
    with databases[0].reading.connect() as connection:
        assert connection.execute(select(inbox.c.event_source)).scalars().all() == [EVENT.source]
        assert connection.execute(select(schema.c.version)).scalars().all() == [VERSION]
    for database in databases:
        database.close()


@pytest.mark.parametrize("version", [0, VERSION + 1])
def test_a_version_that_is_not_known_is_refused(sqlite_url: str, version: int) -> None:
    """Its tables are left as they are."""
    database = open_database(sqlite_url, 1)
    prepare(database)
    with database.writing.begin() as connection:
        connection.execute(update(schema).values(version=version))
    with pytest.raises(DatabaseUnusable, match=f"a journal of version {version}, and this program knows {VERSION}"):
        prepare(database)
    database.close()
