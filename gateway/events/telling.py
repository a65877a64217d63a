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
from gateway.durable import Journal, close_exceptions, followers, news_after, open_exception
from gateway.durable.followers import Follower

AT_ONCE = 100
LEASE_S = (
    60.0  # longer than the longest wait for a receiver (`events.webhooks.NAME.timeout_s`, 60 at most) and one more
)
POLL_S = 0.25
PAUSE_LEAST_S, PAUSE_MOST_S = 0.5, 300.0
ALARM_AT = 10
"""Attempts in a row after which a person is told: some twenty minutes."""

_log = structlog.get_logger(__name__)


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
    """Tells `destinations`. Several may run on one journal; each destination is told by one at a time."""

    def __init__(self, journal: Journal, destinations: Sequence[Destination], *, holder: str | None = None) -> None:
        self._journal = journal
        self._destinations = tuple(destinations)
        self._holder = holder or f"teller-{uuid4().hex[:12]}"
        self._wake = asyncio.Event()
        self._stopping = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tell in the background until the context ends."""
        task = asyncio.create_task(self.run(), name="news-teller", context=contextvars.Context())
        try:
            yield
        finally:
            self._stopping = True
            self._wake.set()
            # What is being sent is cut: nobody knows whether it was taken, so it is sent again.
            task.cancel()
            await asyncio.wait({task}, timeout=LEASE_S)

    async def run(self) -> None:
        """Begin to follow, then tell what there is, rest; until stopped."""
        unwatch = self._journal.watch(self._wake.set)
        following = False
        try:
            while not self._stopping:
                self._wake.clear()
                with contextlib.suppress(JournalUnavailable):  # the journal tells the log
                    if not following:
                        await self.follow()
                        following = True
                    await self.look()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_S):
                        await self._wake.wait()
        finally:
            unwatch()

    async def follow(self) -> None:
        """Have each destination follow the news from now on, if it does not yet. Raises JournalUnavailable."""
        journal, now = self._journal, self._journal.clock()

        def work(connection: Connection) -> None:
            for destination in self._destinations:
                followers.follow(connection, journal.database, destination.name, now)

        await journal.write(work)

    async def look(self) -> int:
        """Tell every destination what it does not know; answers how many events were taken."""
        return sum(await asyncio.gather(*(self._tell(destination) for destination in self._destinations)))

    async def _tell(self, destination: Destination) -> int:
        journal, now = self._journal, self._journal.clock()
        follower = await journal.write(
            lambda c: followers.claim(c, destination.name, holder=self._holder, lease_s=LEASE_S, now=now)
        )
        if follower is None:
            return 0
        news = await journal.read(lambda c: news_after(c, follower.seq, AT_ONCE))
        taken, up_to = 0, follower.seq
        until = now + LEASE_S / 2
        for told in news:
            if journal.clock() > until:
                break  # the rest under a lease of its own
            if destination.types is None or told.event.type in destination.types:
                try:
                    await destination.send(told.event)
                except NotTaken as exc:
                    await self._refused(follower, up_to, exc.why)
                    return taken
                taken += 1
            up_to = told.seq
        await self._taken(follower, up_to)
        return taken

    async def _taken(self, follower: Follower, up_to: int) -> None:
        now = self._journal.clock()
        await self._journal.write(lambda c: followers.told(c, follower, self._holder, up_to=up_to, now=now))
        if follower.tries >= ALARM_AT:
            about = f"follower/{follower.name}"
            note = "It takes events again."
            await self._journal.write(lambda c: close_exceptions(c, ExceptionSource.EVENT, about, note, now=now))

    async def _refused(self, follower: Follower, up_to: int, why: str) -> None:
        journal, now = self._journal, self._journal.clock()
        pause_s = min(PAUSE_MOST_S, PAUSE_LEAST_S * 2 ** min(follower.tries, 16))
        _log.warning("an event was not taken", destination=follower.name, why=why, tries=follower.tries + 1)
        await journal.write(
            lambda c: followers.refused(c, follower, self._holder, up_to=up_to, due_at=now + pause_s, why=why)
        )
        if follower.tries + 1 == ALARM_AT:
            await journal.write(
                lambda c: open_exception(
                    c,
                    ExceptionSource.EVENT,
                    f"follower/{follower.name}",
                    title=f"{follower.name} does not take events: {why}",
                    impact="Everything told since waits for it, and is told in order once it takes them again.",
                    severity=Severity.WARNING,
                    now=now,
                )
            )
