"""A journal of an earlier version is made into one of this, and nothing that it holds is lost."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from sqlalchemy import Connection, inspect, select, update

from domains.durable import Event
from gateway.database import Database, DatabaseUnusable, open_database
from gateway.durable import inbox as letters
from gateway.durable.news import news_after, tell
from gateway.durable.tables import METADATA, VERSION, news, prepare, schema
from tests.gateway.durable.shop import START

EVENT = Event(
    id="1",
    type="t",
    source="/erp/stock",
    time=datetime.fromtimestamp(START, UTC),
    subject="SKU-1",
    data=msgspec.Raw(b"{}"),
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
    """INSERT INTO news (id, type, source, happened_at, data) VALUES ('told-1', 't', 'retailgraph', {at}, '{{}}')""",
    """INSERT INTO inbox (source, event_id, type, entity, state, event, received_at, tries, due_at)
    VALUES ('erp', '1', 't', 'erp/SKU-1', 'PENDING', '{event}', {at}, 0, {at})""",
)


def as_of_1(database: Database) -> None:
    """The tables as the first version made them, with one event in each."""
    prepare(database)
    seq = "BIGSERIAL PRIMARY KEY" if database.is_postgres else "INTEGER PRIMARY KEY"
    with database.writing.begin() as connection:
        connection.exec_driver_sql("DROP TABLE news")
        connection.exec_driver_sql("DROP TABLE inbox")
        for statement in TABLES_OF_1:
            event = msgspec.json.encode(EVENT).decode()
            connection.exec_driver_sql(statement.format(seq=seq, at=START, event=event))
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
