"""The one database: an SQLite file, or Postgres by its URL, with the same statements for both.

The projection and the journal stand in it, each with a pool of its own, so that neither waits for the other's.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from select import POLLIN, poll
from typing import Any, TypeVar

from sqlalchemy import (
    JSON,
    URL,
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    column,
    create_engine,
    event,
    func,
    make_url,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gateway.trouble import CannotStart

R = TypeVar("R")

TROUBLE = (DBAPIError, PoolTimeout)
"""What a statement raises when the database is locked, full, away or too slow."""

OF_A_VALUE = (DataError, IntegrityError, UnicodeError, OverflowError)
"""What a statement raises for a value that no row can hold, whatever state the database is in: some of `TROUBLE`, and
what the drivers themselves raise for what they cannot even send."""

CONNECTIONS = 4  # SQLite writes one at a time whatever we open; reads of one process are short
BUSY_TIMEOUT_S = 4.0
"""How long SQLite waits for another writer: a page takes 20 ms, a checkpoint of a slow disk seconds. Less than the 5 s
of a request, so that its caller hears that the journal is away."""
CONNECT_TIMEOUT_S = 5.0
LOOK_AGAIN_S = 0.01  # what making the tables of a new file takes
STATEMENT_TIMEOUT_S = 30.0  # a page of 1,000 rows takes 50 ms; half a minute is a lock or a dead disk

ROWS = bindparam("rows", type_=Text)
"""Many rows in one parameter, a JSON array of objects: bound one by one, a page of a thousand rows costs the Postgres
driver some 50 ms of Python, and like this 3 ms (measured)."""

_LOOKS_ONLY = "looks_only"
_LENT = "lent"


class DatabaseUnusable(CannotStart):
    """The database cannot be opened, or holds what this program does not know."""


@dataclass(frozen=True)
class Database:
    """Two ways into one pool: `writing` takes the write lock as it begins, `reading` opens no transaction.

    `insert` is the dialect's own, with ON CONFLICT; `unpacked` selects a table's columns out of ROWS.
    """

    writing: Engine
    reading: Engine
    insert: Callable[[Table], Any]
    unpacked: Callable[[Table], Select[Any]]
    connections: int

    @property
    def is_postgres(self) -> bool:
        return self.writing.dialect.name == "postgresql"

    @contextmanager
    def transaction(self, *, flushed: bool = True) -> Iterator[Connection]:
        """Everything that is written through it is committed as it ends, and nothing when that is by an exception.

        What need not be `flushed` is in the books at once like the rest, and gone if Postgres itself goes down within
        its next 0.6 s: nobody waits for a disk (Postgres, "Asynchronous Commit"). On SQLite it makes no difference.
        """
        with self.writing.begin() as connection:
            if not flushed and self.is_postgres:
                connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")
            yield connection

    def close(self) -> None:
        self.writing.dispose()


class Desk:
    """A database, asked and written from the event loop: each call is one transaction in a thread.

    Both ways raise what `TROUBLE` lists when the database cannot be asked.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        # As many as there are connections: a thread more would only wait for one.
        self._threads = ThreadPoolExecutor(database.connections, thread_name_prefix="database")

    async def write(self, work: Callable[[Connection], R], *, flushed: bool = True) -> R:
        """What `work` answers, once everything that it wrote is committed (`Database.transaction`); nothing of it when
        it raises."""

        def transaction() -> R:
            with self.database.transaction(flushed=flushed) as connection:
                return work(connection)

        written = asyncio.get_running_loop().run_in_executor(self._threads, transaction)
        try:
            return await asyncio.shield(written)
        except asyncio.CancelledError:
            # A thread cannot be stopped: whoever is cancelled knows that its last transaction is over, and not that it
            # will be written some time after the next one has begun.
            await asyncio.wait({written})
            raise

    async def read(self, work: Callable[[Connection], R]) -> R:
        """What `work` finds, outside of any transaction."""

        def look() -> R:
            with self.database.reading.connect() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._threads, look)

    async def close(self) -> None:
        """Wait for what is being written, and let go of the database."""
        await asyncio.to_thread(self._threads.shutdown)
        self.database.close()


def open_database(url: str, connections: int = CONNECTIONS) -> Database:
    """The database at `url`: `sqlite:///retailgraph.db` or `postgresql://user:password@host/name`.

    Connects on first use, at most `connections` times. Raises DatabaseUnusable for a URL of another kind.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise DatabaseUnusable(f"The database's address is not a URL. {_ALLOWED}") from None
    if parsed.drivername == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return _sqlite(parsed, connections)
    if parsed.drivername in ("postgresql", "postgres"):
        return _postgres(parsed.set(drivername="postgresql+psycopg"), connections)
    raise DatabaseUnusable(f"A {parsed.drivername} database like this cannot be used. {_ALLOWED}")


_ALLOWED = "Use sqlite:///path/of/a/file.db or postgresql://user:password@host/name."


def _sqlite(url: URL, connections: int) -> Database:
    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=BUSY_TIMEOUT_S,
        hide_parameters=True,  # errors end up in logs, and what is written is about people
        connect_args={"timeout": BUSY_TIMEOUT_S},
    )

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: object) -> None:
        # The driver would begin transactions by itself, late and without the write lock.
        connection.isolation_level = None
        _keep_log(connection)
        connection.execute("PRAGMA synchronous = FULL")  # what was committed survives a power cut

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        if not connection.get_execution_options().get(_LOOKS_ONLY):
            # A transaction that turns from reader to writer midway fails at once when another writes: SQLITE_BUSY.
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return Database(
        engine, engine.execution_options(**{_LOOKS_ONLY: True}), sqlite.insert, _from_json_each, connections
    )


def _keep_log(connection: sqlite3.Connection) -> None:
    """Have readers go on while one writes.

    Of several who open a new file at once, one may be told at once that it is locked, whatever its patience
    (sqlite.org/wal.html, "Sometimes Queries Return SQLITE_BUSY In WAL Mode").
    """
    until = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() >= until:
                raise
            time.sleep(LOOK_AGAIN_S)  # in the thread that opens it
        else:
            return


def _from_json_each(table: Table) -> Select[Any]:
    value = func.json_each(ROWS).table_valued("value").c.value
    columns = [func.json_extract(value, f"$.{column.name}") for column in table.c]
    # The WHERE tells an ON CONFLICT after it from a join's ON (sqlite.org/lang_upsert.html, "Parsing Ambiguity").
    return select(*columns).where(true())


def _postgres(url: URL, connections: int) -> Database:
    timeout_ms = int(STATEMENT_TIMEOUT_S * 1000)
    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=BUSY_TIMEOUT_S,
        hide_parameters=True,  # errors end up in logs, and what is written is about people
        connect_args={
            "connect_timeout": int(CONNECT_TIMEOUT_S),
            "options": f"-c statement_timeout={timeout_ms} -c lock_timeout={timeout_ms}",
            "tcp_user_timeout": timeout_ms,
        },
    )

    @event.listens_for(engine, "checkout")
    def taken(connection: Any, record: Any, _proxy: object) -> None:
        # A server that ended or failed over has hung up, so there is something to be read where nothing was asked. To
        # ask each time whether it is still there would be a message more for each short transaction.
        if _LENT in record.info and (connection.closed or _has_something(connection.fileno())):
            raise InvalidatePoolError("the database has hung up")
        # The pool takes a second one that is refused for a mistake of ours. What was just made needs no such look: its
        # first statement says what is wrong with it.
        record.info[_LENT] = True

    return Database(
        engine,
        engine.execution_options(isolation_level="AUTOCOMMIT"),
        postgresql.insert,
        _from_json_recordset,
        connections,
    )


def _has_something(socket: int) -> bool:
    """Whether there is anything to be read now, were it only the end."""
    looking = poll()
    looking.register(socket, POLLIN)
    return bool(looking.poll(0))


def _from_json_recordset(table: Table) -> Select[Any]:
    columns: list[ColumnElement[Any]] = [column(each.name, each.type) for each in table.c]
    rows = func.json_to_recordset(cast(ROWS, JSON)).table_valued(*columns, name="row").render_derived(with_types=True)
    return select(*rows.c)
