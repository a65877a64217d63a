"""The pen: one thread that has the database to itself, and does what it is given, one thing after the other."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from gateway.audit.entering import Book
from gateway.audit.tables import prepare
from gateway.database import open_database

R = TypeVar("R")

CONNECTIONS = 1  # one transaction at a time is what makes records share it

FLUSH_S = 0.5
"""The longest that a record is in the file and not on the disk: about as long as Postgres takes (three times its
`wal_writer_delay` of 0.2 s)."""

Told = Callable[[Any, Exception | None], None]
Job = tuple[Callable[[Book], Any], Told]


class Pen:
    """A thread of its own and no pool of them: it is woken once for a group of records, and tells of it once.

    Connects with the first job, and makes the table if it is not there. Belongs to the loop it is made in.
    """

    def __init__(self, url: str, flush_s: float = FLUSH_S) -> None:
        self._url = url
        self._flush_s = flush_s
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        # What is not closed keeps no process from ending; what is closed is waited for.
        self._thread = Thread(target=self._work, name="audit-pen", daemon=True)
        self._thread.start()

    def do(self, work: Callable[[Book], R], told: Callable[[R | None, Exception | None], None]) -> None:
        """Have `work` done in the thread. `told` hears in the loop what it answered, or what it raised."""
        self._jobs.put((work, told))

    async def done(self, work: Callable[[Book], R]) -> R:
        """What `work` answers. Raises what it raises."""
        answer: asyncio.Future[Any] = self._loop.create_future()

        def told(result: R | None, error: Exception | None) -> None:
            if answer.done():
                return  # nobody waits any more
            if error is None:
                answer.set_result(result)
            else:
                answer.set_exception(error)

        self.do(work, told)
        result: R = await answer
        return result

    async def close(self) -> None:
        """Wait for what it was given, and let go of the database."""
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        book: Book | None = None
        while (job := self._next(book)) is not None:
            work, told = job
            result, error = None, None
            try:
                if book is None:
                    book = _opened(self._url)
                result = work(book)
            except Exception as exc:  # noqa: BLE001 - the wall: whatever it is, somebody waits to be told of it
                error = exc
            self._loop.call_soon_threadsafe(told, result, error)
        if book is not None:
            book.close()

    def _next(self, book: Book | None) -> Job | None:
        """The next job; None at the end. What is not flushed meanwhile is flushed in its time."""
        while book is not None and book.unflushed_since is not None:
            left_s = book.unflushed_since + self._flush_s - time.monotonic()
            if left_s <= 0:
                book.flush()
                continue
            with contextlib.suppress(Empty):
                return self._jobs.get(timeout=left_s)
        return self._jobs.get()


def _opened(url: str) -> Book:
    database = open_database(url, CONNECTIONS)
    try:
        with database.writing.begin() as connection:
            prepare(database, connection)
    except BaseException:
        database.close()
        raise
    return Book(database)
