"""The taker: takes events out of the inbox and does what they call for, until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

import msgspec
import structlog
from sqlalchemy import Connection

from domains.durable import (
    Event,
    ExceptionSource,
    JournalFull,
    JournalUnavailable,
    Severity,
    Submission,
)
from domains.heard import Heard
from domains.upstream import correlation_id
from gateway.crashes import told_to
from gateway.database import OF_A_VALUE, TROUBLE
from gateway.durable import Journal, close_exceptions, inbox, open_exception, tell_once
from gateway.durable.inbox import Letter
from gateway.events.pausing import ALARM_AT, pause_s

AT_ONCE = 50
LEASE_S = 30.0  # what an event calls for takes milliseconds; half a minute is a worker that died
POLL_S = 0.25

Ending = Callable[[Connection], None]
"""What is to be written of an event that was looked at."""

_log = structlog.get_logger(__name__)
_tell_of_a_crash = told_to(_log, "events are not taken any more")


@dataclass(frozen=True, slots=True)
class Consequences:
    """What an event calls for. `at_once` is done first, and again if the event is taken again: it must bear that.
    `news` and `flows` are written together with the event's being taken, so exactly once."""

    at_once: tuple[Callable[[], Awaitable[object]], ...] = ()
    news: tuple[Event, ...] = ()
    flows: tuple[Submission, ...] = ()


@dataclass(frozen=True, slots=True)
class Hearing:
    """How events are understood: `translate` by the source's own connector, None for a type it does not know (raises
    ValueError for other data), and `consequences` by the house."""

    translate: Mapping[str, Callable[[Event], Heard | None]]
    consequences: Callable[[Heard, Event], Consequences]


class Taker:
    """Takes what is due. Several may run on one journal, in one process or many."""

    def __init__(self, journal: Journal, hearing: Hearing, *, holder: str | None = None) -> None:
        self._journal = journal
        self._hearing = hearing
        self._holder = holder or f"taker-{uuid4().hex[:12]}"
        self._wake = asyncio.Event()
        self._stopping = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Take events in the background until the context ends."""
        task = asyncio.create_task(self.run(), name="event-taker", context=contextvars.Context())
        task.add_done_callback(_tell_of_a_crash)
        try:
            yield
        finally:
            self._stopping = True
            self._wake.set()
            await asyncio.wait({task}, timeout=LEASE_S)

    async def run(self) -> None:
        """Take what is due, rest; until stopped."""
        unwatch = self._journal.watch(self._wake.set)
        try:
            while not self._stopping:
                self._wake.clear()
                taken = 0
                with contextlib.suppress(JournalUnavailable):  # the journal tells the log
                    taken = await self.look()
                if not taken:
                    await self._rest()
        finally:
            unwatch()

    async def _rest(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                await self._wake.wait()

    async def look(self) -> int:
        """Take what is due now; answers how many events that were. Raises JournalUnavailable."""
        now = self._journal.clock()
        if not await self._journal.read(lambda connection: inbox.is_any_due(connection, now)):
            return 0
        letters = await self._journal.write(
            lambda connection: inbox.claim(connection, holder=self._holder, lease_s=LEASE_S, most=AT_ONCE, now=now)
        )
        endings = await asyncio.gather(*(self._take(letter) for letter in letters))
        if letters:
            await self._write(list(zip(letters, endings, strict=True)))
            self._journal.nudge()
        return len(letters)

    async def _write(self, endings: Sequence[tuple[Letter, Ending]]) -> None:
        """Write what became of events: all at once, or each by itself when that fails, for the database may hold what
        follows from most of them and not from one. Raises JournalUnavailable."""
        if await self._is_written(lambda connection: [ending(connection) for _, ending in endings]):
            return
        for letter, ending in endings:
            if not await self._is_written(ending):
                await self._journal.write(self._later(letter, "what follows from it cannot be written"))

    async def _is_written(self, work: Callable[[Connection], object]) -> bool:
        try:
            await self._journal.write(work)
        except JournalUnavailable:
            return False
        except Exception:  # noqa: BLE001 - the wall: what can never be written would end the taking of all events
            _log.exception("what follows from events cannot be written")
            return False
        return True

    async def _take(self, letter: Letter) -> Ending:
        """Do what an event calls for, and answer what is to be written of it."""
        correlation_id.set(letter.event.correlation_id or letter.event.id)  # this task ends with the event
        try:
            return await self._taken(letter)
        except TROUBLE as exc:
            return self._later(letter, f"the database cannot be written: {type(exc).__name__}")
        except Exception:  # noqa: BLE001 - the wall: one event that we take wrongly would keep all from being taken
            _log.exception("an event is taken wrongly", source=letter.source, event_id=letter.event.id)
            return self._later(letter, "there is a defect in how it is taken, of which the log tells")

    async def _taken(self, letter: Letter) -> Ending:
        translate = self._hearing.translate.get(letter.source)
        if translate is None:
            return self._reject(letter, f"nothing is known of a source called {letter.source}")
        try:
            heard = translate(letter.event)
        except (msgspec.DecodeError, ValueError) as exc:
            return self._reject(letter, f"its data cannot be read: {exc}")
        if heard is None:
            return self._reject(letter, f"no event of type {letter.event.type} is known")
        called_for = self._hearing.consequences(heard, letter.event)
        try:
            for act in called_for.at_once:
                await act()
        except OF_A_VALUE:
            return self._reject(letter, "it tells what the database cannot hold")
        return self._done(letter, called_for)

    def _done(self, letter: Letter, called_for: Consequences) -> Ending:
        def write(connection: Connection) -> None:
            if not inbox.done(connection, letter, self._holder):
                return  # somebody else took it over, and writes the same
            for submission in called_for.flows:
                try:
                    self._journal.take(connection, submission, caller=f"event:{letter.source}")
                except JournalFull as full:
                    due_at = self._journal.clock() + full.retry_after_s
                    inbox.reopen(connection, letter, "the journal is full", due_at)
                    return
            for event in called_for.news:
                tell_once(connection, event, self._journal.clock())
            if letter.why is not None:
                self._close(connection, letter, "It was taken in the end.")

        return write

    def _later(self, letter: Letter, why: str) -> Ending:
        tries = letter.tries + 1
        _log.warning("an event could not be taken now", source=letter.source, event_id=letter.event.id, why=why)

        def write(connection: Connection) -> None:
            due_at = self._journal.clock() + pause_s(tries)
            if inbox.later(connection, letter, self._holder, why, due_at) and tries == ALARM_AT:
                title = f"An event of {letter.source} cannot be taken yet: {why}"
                self._open(connection, letter, title, "What is told of the same later waits for it. It is tried again.")

        return write

    def _reject(self, letter: Letter, why: str) -> Ending:
        def write(connection: Connection) -> None:
            if inbox.rejected(connection, letter, self._holder, why):
                unknown = f"What it tells of {letter.event.subject or 'nobody named'} is not known here."
                self._open(connection, letter, f"An event of {letter.source} was not taken: {why}", unknown)

        return write

    def _open(self, connection: Connection, letter: Letter, title: str, impact: str) -> None:
        """Lay it on the list of exceptions, in the place of what was said of it before."""
        if letter.why is not None:
            self._close(connection, letter, "It was tried again.")
        open_exception(
            connection,
            ExceptionSource.EVENT,
            letter.about,
            title=title,
            impact=impact,
            severity=Severity.WARNING,
            now=self._journal.clock(),
        )

    def _close(self, connection: Connection, letter: Letter, note: str) -> None:
        close_exceptions(connection, ExceptionSource.EVENT, letter.about, note, now=self._journal.clock())
