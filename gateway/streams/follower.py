"""Follows the news for all streams of a process, and tells each what happened to what it watches."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import structlog

from domains.durable import Durable, Event, JournalUnavailable
from gateway.streams.settings import StreamSettings
from resolvers.subscribing import Topic

PAGE = 500
PAUSE_MOST_S = 5.0  # between looks while the journal cannot be read

Topics = frozenset[Topic]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the news. Whatever was told up to `seq` was so before `at`, in seconds since the epoch, so what a
    system says after it knows of it."""

    seq: int
    at: float


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened, by the time of `place`."""

    topics: Topics
    place: Place


class Feed:
    """What happened to the topics of one stream since it last looked.

    Bounded by the number of its topics: what happens to the same one again is the same news.
    """

    def __init__(self, topics: Topics, place: Place) -> None:
        self.topics = topics
        self._place = place
        self._changed: set[Topic] = set()
        self._wake = asyncio.Event()

    def tell(self, changed: Topics, place: Place) -> None:
        self._changed |= changed
        self._place = place
        self._wake.set()

    @property
    def pending(self) -> bool:
        """Whether something happened that was not taken yet."""
        return bool(self._changed)

    def wake(self) -> None:
        """Let whoever waits look around."""
        self._wake.set()

    async def wait(self, timeout_s: float) -> None:
        """Until something happened, somebody woke us, or the time is up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._wake.wait()
        self._wake.clear()

    def take(self) -> Changes | None:
        """What happened since the last time; None when nothing did."""
        if not self._changed:
            return None
        changes = Changes(frozenset(self._changed), self._place)
        self._changed.clear()
        return changes


class Follower:
    """One per process. Looks at the news while somebody wants to know, and rests otherwise.

    It remembers for some topics when something happened to them last. Behind its `_horizon` that is complete, so a
    stream that resumes there costs no look at the journal.
    """

    def __init__(
        self,
        topics_of: Callable[[Event], tuple[Topic, ...]],
        settings: StreamSettings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._topics_of = topics_of
        self._settings = settings
        self._clock = clock
        self._feeds: dict[Topic, set[Feed]] = {}
        self._last: OrderedDict[Topic, int] = OrderedDict()
        self._place = Place(0, 0.0)
        self._horizon = 0
        self._wanted = 0
        self._wake = asyncio.Event()
        self._looks: list[asyncio.Future[Place]] = []
        self._current = False  # whether `_place` is of the last poll

    @asynccontextmanager
    async def running(self, durable: Callable[[], Durable]) -> AsyncIterator[None]:
        """Follow in the background until the context ends."""
        task = asyncio.create_task(self._run(durable), name="news-follower", context=contextvars.Context())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})

    @contextmanager
    def wanted(self) -> Iterator[None]:
        """Look at the news until the context ends."""
        self._wanted += 1
        try:
            yield
        finally:
            self._wanted -= 1
            if not self._wanted:
                self._current = False

    @property
    def newest(self) -> Place:
        """The place of the last look: each feed has been told of everything before it."""
        return self._place

    async def place(self, *, at_least: int = 0) -> Place:
        """The place of the newest event, as of the last look, or of a new one if `at_least` is not reached.

        Raises JournalUnavailable. Only inside of `wanted`.
        """
        if self._current and self._place.seq >= at_least:
            return self._place
        look: asyncio.Future[Place] = asyncio.get_running_loop().create_future()
        self._looks.append(look)
        self._wake.set()
        return await look

    def missed(self, topics: Topics, since: int) -> Topics | None:
        """To which of `topics` something happened behind the place `since`; None when that is not known any more."""
        if not self._horizon <= since <= self._place.seq:
            return None
        return frozenset(topic for topic in topics if self._last.get(topic, 0) > since)

    @contextmanager
    def following(self, topics: Topics, since: int) -> Iterator[Feed]:
        """A feed of what happens to `topics`, and of what has happened to them behind the place `since`."""
        feed = Feed(topics, self._place)
        missed = self.missed(topics, since)
        if missed is None:
            missed = topics
        if missed:
            feed.tell(missed, self._place)
        for topic in topics:
            self._feeds.setdefault(topic, set()).add(feed)
        try:
            yield feed
        finally:
            for topic in topics:
                self._feeds[topic].discard(feed)
                if not self._feeds[topic]:
                    del self._feeds[topic]

    async def _run(self, durable: Callable[[], Durable]) -> None:
        pause_s = self._settings.poll_s
        while True:
            if not self._wanted:
                await self._wake.wait()
            self._wake.clear()
            asked, self._looks = self._looks, []
            try:
                await self._look(durable())
            except JournalUnavailable as failure:  # the journal tells the log
                pause_s = self._failed(asked, failure, pause_s)
            except Exception as bug:  # noqa: BLE001 - the wall: one bad event would leave every stream waiting for ever
                _log.error("the news cannot be followed", exc_info=bug)
                pause_s = self._failed(asked, JournalUnavailable("the news cannot be followed"), pause_s)
            else:
                pause_s = self._settings.poll_s
                for look in asked:
                    if not look.done():
                        look.set_result(self._place)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._wake.wait()

    def _failed(self, asked: list[asyncio.Future[Place]], failure: JournalUnavailable, pause_s: float) -> float:
        """Tell who waits; answers how long to rest."""
        self._current = False
        for look in asked:
            if not look.done():
                look.set_exception(failure)
        return min(PAUSE_MOST_S, pause_s * 2)

    async def _look(self, durable: Durable) -> None:
        if not self._current:
            self._go_on(await durable.news_end())
        while True:
            events = await durable.news(self._place.seq, PAGE)
            self._take(events, self._clock())
            if len(events) < PAGE:
                break
        self._current = self._wanted > 0

    def _go_on(self, end: int) -> None:
        """Go on from where we were; near the end instead if that is far behind, or if the news is another one."""
        start = max(0, end - self._settings.catch_up_max)
        if start <= self._place.seq <= end and self._place.at:
            return
        self._horizon = start
        self._place = Place(start, self._clock())
        self._last.clear()
        for feed in {feed for feeds in self._feeds.values() for feed in feeds}:
            feed.tell(feed.topics, Place(end, self._clock()))

    def _take(self, events: Sequence[Event], at: float) -> None:
        told: dict[Feed, set[Topic]] = {}
        seq = self._place.seq
        for event in events:
            seq = event.sequence or seq
            for topic in self._topics_of(event):
                self._last[topic] = seq
                self._last.move_to_end(topic)
                for feed in self._feeds.get(topic, ()):
                    told.setdefault(feed, set()).add(topic)
        while len(self._last) > self._settings.topics_kept:
            _, self._horizon = self._last.popitem(last=False)
        self._place = Place(seq, at)
        for feed, topics in told.items():
            feed.tell(frozenset(topics), self._place)
