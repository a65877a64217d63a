"""The projection's tables, asked and written from the event loop: each call is one transaction in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Row, Select

from domains.vocabulary import FEED_PAGE_MAX, FeedPage, Sequenced
from gateway.database import ROWS, Database, Desk, open_database
from gateway.projection import lease as leasing
from gateway.projection import tables, walks
from gateway.projection.kinds import Kind
from gateway.projection.lease import Lease
from gateway.projection.walks import State, Walk

K = TypeVar("K")
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Origin:
    """Who said something, and when they knew it, in seconds since the epoch."""

    source: str
    observed_at: float


class Store:
    """Products, positions and locations as the systems of record last told them, by key.

    A record is written only over one with a lower sequence, so that it does not matter in which order, how often and by
    which way they arrive. Raises the exceptions in `database.TROUBLE` when the database cannot be asked.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._desk = Desk(database)
        # Readers wait for no lock, so writers leave them a thread: while fifty events were written at once, a read took
        # up to 340 ms, and in line 32 (measured). SQLite lets one write at a time, whoever else tries only sleeps.
        self._line = asyncio.Semaphore(database.connections - 1 if database.is_postgres else 1)

    async def close(self) -> None:
        """Wait for what is being written, and let go of the database."""
        await self._desk.close()

    async def put(self, kind: Kind[K, T], items: Sequence[Sequenced[T]], origin: Origin) -> tuple[K, ...]:
        """Write what is news, and answer its keys. At most FEED_PAGE_MAX items: a transaction is bounded.

        Raises ValueError for more.
        """
        if len(items) > FEED_PAGE_MAX:
            raise ValueError(f"{len(items)} items at once, and {FEED_PAGE_MAX} are the most")
        return await self._write(lambda connection: _upsert(connection, self._database, kind, items, origin))

    async def put_page(
        self, kind: Kind[K, T], page: FeedPage[T], *, walk: Walk, origin: Origin, lease: Lease, now: float
    ) -> tuple[Walk, tuple[K, ...]]:
        """Write a page and how far its walk has come, both or neither, if `lease` is still ours.

        Answers the walk after it, and the keys of what was news. Raises LeaseLost, with nothing written.
        """

        def write(connection: Connection) -> tuple[Walk, tuple[K, ...]]:
            leasing.renew(connection, lease, now)
            news = _upsert(connection, self._database, kind, page.items, origin)
            on = walk.onwards(origin.observed_at, page.next, len(page.items))
            on = replace(on, news=on.news + len(news))
            if page.next is None:
                walks.finish(connection, kind, on, now)
                if on.is_full:
                    tables.count(connection, kind)
            else:
                walks.note(connection, kind, on)
            return on, news

        return await self._write(write)

    async def state(self, kind: Kind[Any, Any]) -> State:
        """How far the reading of `kind` has come."""
        return await self._desk.read(lambda connection: walks.state_of(connection, kind))

    async def begin(self, kind: Kind[Any, Any], walk: Walk) -> None:
        """`walk` is under way now, in the place of any other."""
        await self._write(lambda connection: walks.note(connection, kind, walk))

    async def abandon(self, kind: Kind[Any, Any]) -> None:
        """Give up the walk under way."""
        await self._write(lambda connection: walks.abandon(connection, kind))

    async def fail(self, kind: Kind[Any, Any], failure: str, now: float) -> int:
        """Note a failed attempt. Answers how many there were since the last walk that ended well."""
        return await self._write(lambda connection: walks.fail(connection, kind, failure, now))

    async def take(self, lease: Lease, now: float) -> str | None:
        """Become the one reader. Answers who is, when that is somebody else."""
        return await self._write(lambda connection: leasing.take(connection, self._database, lease, now))

    async def renew(self, lease: Lease, now: float) -> None:
        """Stay the one reader. Raises LeaseLost."""
        await self._write(lambda connection: leasing.renew(connection, lease, now))

    async def release(self, lease: Lease) -> None:
        await self._write(lambda connection: leasing.release(connection, lease))

    async def clear(self) -> None:
        """Forget everything: for a system of record that was restored or replaced, and counts from the start again."""
        await self._write(tables.clear)

    async def rows(self, query: Select[Any], given: Mapping[str, object] | None = None) -> Sequence[Row[Any]]:
        """What `query` finds, in one statement with the parameters `given`."""
        return await self._desk.read(lambda connection: connection.execute(query, given).all())

    async def _write(self, work: Callable[[Connection], R]) -> R:
        async with self._line:
            return await self._desk.write(work)


@asynccontextmanager
async def open_store(url: str) -> AsyncIterator[Store]:
    """The projection in the database at `url`, with its tables made. Raises DatabaseUnusable."""
    database = open_database(url)
    store = Store(database)
    try:
        await asyncio.to_thread(tables.prepare, database)
        yield store
    finally:
        await store.close()


def _upsert(
    connection: Connection, database: Database, kind: Kind[K, T], items: Collection[Sequenced[T]], origin: Origin
) -> tuple[K, ...]:
    """Write the items whose sequence is higher than the one that is there. Answers their keys."""
    newest: dict[str, Sequenced[T]] = {}
    for item in items:
        key = kind.text_of(kind.key_of(item.record))
        if key not in newest or newest[key].sequence < item.sequence:
            newest[key] = item
    if not newest:
        return ()
    row = database.insert(kind.table).from_select(list(kind.table.c), database.unpacked(kind.table))
    changed = {column.name: row.excluded[column.name] for column in kind.table.c if not column.primary_key}
    statement = row.on_conflict_do_update(
        index_elements=["key"], set_=changed, where=row.excluded.sequence > kind.table.c.sequence
    ).returning(kind.table.c.key)
    # In the order of their keys, so that two transactions that meet do not wait for each other crosswise.
    rows = msgspec.json.encode([_row(kind, key, item, origin) for key, item in sorted(newest.items())])
    written = connection.execute(statement, {ROWS.key: rows.decode()}).scalars()
    return tuple(kind.key_of(newest[key].record) for key in written)


def _row(kind: Kind[K, T], key: str, item: Sequenced[T], origin: Origin) -> dict[str, Any]:
    return {
        "key": key,
        **kind.columns(item.record),
        "sequence": item.sequence,
        "removed": item.removed,
        "payload": msgspec.json.encode(item.record).decode(),
        "observed_at": origin.observed_at,
        "source": origin.source,
    }
