"""The teller: hands the news to destinations outside, in order, again and again until each has taken it."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

import structlog
from sqlalchemy import Connection

from domains.durable import Event, ExceptionSource, JournalUnavailable, Severity
from gateway.crashes import told_to
from gateway.durable import Journal, close_exceptions, followers, news_after, open_exception
from gateway.durable.followers import Follower
from gateway.events.pausing import ALARM_AT, pause_s

AT_ONCE = 100
TURN_S = 30.0
"""After so long in one turn the rest is told in another, under a lease of its own."""
LEASE_S = 100.0
"""Longer than a turn and the longest wait for a receiver at its end (`events.webhooks.NAME.timeout_s`, 60 at most)."""
POLL_S = 0.25

_log = structlog.get_logger(__name__)
_tell_of_a_crash = told_to(_log, "a destination is told nothing any more")


class NotTaken(Exception):
    """The destination did not take an event. `why` is for people, and names no secret."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Destination:
    """Who is told. `send` hands one event over, within a limit of its own; raises NotTaken. `types` None is all."""

    name: str
    send: Callable[[Event], Awaitable[None]]
    types: Collection[str] | None = None


class Teller:
    """Tells `destinations`, each by itself. Several may run on one journal; one at a time tells a destination."""

    def __init__(self, journal: Journal, destinations: Sequence[Destination], *, holder: str | None = None) -> None:
        self._journal = journal
        self._destinations = tuple(destinations)
        self._holder = holder or f"teller-{uuid4().hex[:12]}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tell in the background until the context ends."""
        tasks = [
            asyncio.create_task(self._serve(one), name=f"teller of {one.name}", context=contextvars.Context())
            for one in self._destinations
        ]
        for task in tasks:
            task.add_done_callback(_tell_of_a_crash)
        try:
            yield
        finally:
            # What is being sent is cut: nobody knows whether it was taken, so it is sent again.
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks, timeout=LEASE_S)

    async def follow(self) -> None:
        """Begin to follow the news where it ends now, for each destination that does not follow it yet."""
        for destination in self._destinations:
            await self._follow(destination)

    async def look(self) -> int:
        """Tell every destination what it does not know; answers how many events were taken."""
        return sum(await asyncio.gather(*(self._tell(destination) for destination in self._destinations)))

    async def _serve(self, destination: Destination) -> None:
        """Begin to follow, then tell it what there is, rest; without end. Others are not kept by one that hangs."""
        wake = asyncio.Event()
        unwatch = self._journal.watch(wake.set)
        following = False
        try:
            while True:
                wake.clear()
                with contextlib.suppress(JournalUnavailable):  # the journal tells the log
                    if not following:
                        await self._follow(destination)
                        following = True
                    await self._tell(destination)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_S):
                        await wake.wait()
        finally:
            unwatch()

    async def _follow(self, destination: Destination) -> None:
        journal, now = self._journal, self._journal.clock()
        await journal.write(lambda c: followers.follow(c, journal.database, destination.name, now))

    async def _tell(self, destination: Destination) -> int:
        journal, now = self._journal, self._journal.clock()
        taken, up_to = 0, None
        try:
            follower = await journal.write(
                lambda c: followers.claim(c, destination.name, holder=self._holder, lease_s=LEASE_S, now=now)
            )
            if follower is None:
                return 0
            up_to = follower.seq
            for told in await journal.read(lambda c: news_after(c, follower.seq, AT_ONCE)):
                if journal.clock() > now + TURN_S:
                    break
                if destination.types is None or told.event.type in destination.types:
                    try:
                        await destination.send(told.event)
                    except NotTaken as exc:
                        await self._refused(follower, up_to, exc.why)
                        return taken
                    taken += 1
                up_to = told.seq
            await self._taken(follower, up_to)
        except asyncio.CancelledError:
            await self._put_down(destination.name, up_to)
            raise
        return taken

    async def _put_down(self, name: str, up_to: int | None) -> None:
        """Or whoever comes next would wait for the end of the lease, and tell all of it again."""
        with contextlib.suppress(JournalUnavailable):  # then that is what happens
            await self._journal.write(lambda c: followers.put_down(c, name, self._holder, up_to=up_to))

    async def _taken(self, follower: Follower, up_to: int) -> None:
        def work(connection: Connection) -> None:
            now = self._journal.clock()
            followers.told(connection, follower, self._holder, up_to=up_to, now=now)
            _hears_again(connection, follower, now)

        await self._journal.write(work)

    async def _refused(self, follower: Follower, up_to: int, why: str) -> None:
        goes_on = up_to > follower.seq
        tries = 1 if goes_on else follower.tries + 1
        _log.warning("an event was not taken", destination=follower.name, why=why, tries=tries)

        def work(connection: Connection) -> None:
            now = self._journal.clock()
            due_at = now + pause_s(tries)
            followers.refused(connection, follower, self._holder, up_to=up_to, due_at=due_at, why=why)
            if goes_on:
                _hears_again(connection, follower, now)
            elif tries == ALARM_AT:
                open_exception(
                    connection,
                    ExceptionSource.EVENT,
                    f"follower/{follower.name}",
                    title=f"{follower.name} does not take events: {why}",
                    impact="Everything told since waits for it, and is told in order once it takes them again. "
                    f"What has waited for {self._journal.policy.news_keep_s / 86_400:g} days is forgotten.",
                    severity=Severity.WARNING,
                    now=now,
                )

        await self._journal.write(work)


def _hears_again(connection: Connection, follower: Follower, now: float) -> None:
    """Close what a person was told of a destination that took no events."""
    if follower.tries >= ALARM_AT:
        about = f"follower/{follower.name}"
        close_exceptions(connection, ExceptionSource.EVENT, about, "It takes events again.", now=now)
