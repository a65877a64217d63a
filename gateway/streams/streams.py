"""All subscriptions of a process: opened, counted, fed and ended."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from domains.durable import Durable
from gateway.engine import Fault
from gateway.streams.census import Census
from gateway.streams.ends import Ending, EndReason
from gateway.streams.follower import Follower, Place
from gateway.streams.settings import DEFAULT_STREAMS, StreamSettings
from gateway.streams.stream import Ask, Stream, Told
from resolvers.subscribing import Occasion, topics_of

ENDED_TIMEOUT_S = 3.0  # what is being answered ends within its deadline mostly; the server waits for the rest


class Refused(Exception):
    """The subscription was answered once, and there is nothing to follow: `told` says why."""

    def __init__(self, told: Told) -> None:
        super().__init__("a subscription was refused")
        self.told = told

    @property
    def errors(self) -> tuple[Fault, ...]:
        return self.told.answer.errors


class Streams:
    """One per process."""

    def __init__(self, settings: StreamSettings = DEFAULT_STREAMS, clock: Callable[[], float] = time.time) -> None:
        self.settings = settings
        self._clock = clock
        self._follower = Follower(topics_of, settings, clock)
        self._census = Census(settings)
        self._open: set[Ending] = set()
        self._none_open = asyncio.Event()
        self._none_open.set()
        self._leaving = False

    @asynccontextmanager
    async def running(self, durable: Callable[[], Durable]) -> AsyncIterator[None]:
        """Feed streams out of the news of `durable` until the context ends. It is not asked for until one is opened."""
        async with self._follower.running(durable):
            yield

    async def leave(self) -> None:
        """End all of them, because this process goes down; those that are slow to end are left behind."""
        self._leaving = True
        for one in tuple(self._open):
            one.end(EndReason.SERVER_DRAINING)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ENDED_TIMEOUT_S):
                await self._none_open.wait()

    @contextmanager
    def known(self, one: Ending) -> Iterator[None]:
        """Tell `one` when the process goes down, as long as the context is open."""
        self._open.add(one)
        self._none_open.clear()
        if self._leaving:
            one.end(EndReason.SERVER_DRAINING)
        try:
            yield
        finally:
            self._open.discard(one)
            if not self._open:
                self._none_open.set()

    @asynccontextmanager
    async def opened(self, ask: Ask, last_event_id: str | None = None) -> AsyncIterator[Stream]:
        """A stream of the operation behind `ask`, which was allowed to be one.

        It begins with how things stand. With the id of the last event that the client has seen it begins with what
        happened since, and if that is not known any more, says so beside how things stand.

        Raises Refused, TooManyStreams, JournalUnavailable and Unauthenticated.
        """
        last = _place_of(last_event_id)
        with self._follower.wanted():
            place = await self._follower.place(at_least=0 if last is None else last)
            resumed = last is not None and self._follower.missed(frozenset(), last) is not None
            marks: dict[str, object] = {"eventId": str(place.seq)}
            if last_event_id is not None:
                marks["resumed"] = resumed
            # Who resumes has seen how things stood: only whether they may go on is asked, of the caches.
            occasion = Occasion(None, None if resumed else max(0.0, self._clock() - place.at))
            told = await ask(occasion, {"stream": marks})
            if occasion.topics is None:
                raise Refused(told)
            since = last if resumed and last is not None else place.seq
            with self._census.counted(told.owner), self._follower.following(occasion.topics, since) as feed:
                stream = Stream(
                    ask,
                    feed,
                    Place(since, place.at),
                    None if resumed else told,
                    resumed=True if resumed else None,
                    newest=lambda: self._follower.newest,
                    lifetime_s=self.settings.lifetime_s,
                    clock=self._clock,
                )
                if occasion.stands_in:
                    stream.heal_later(occasion.topics)
                with self.known(stream):
                    yield stream


def _place_of(event_id: str | None) -> int | None:
    """The place that an event's id names; None for what is no id of ours."""
    if event_id is None or not (event_id.isascii() and event_id.isdigit() and len(event_id) <= 18):
        return None
    return int(event_id)
