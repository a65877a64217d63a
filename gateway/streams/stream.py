"""One subscription that goes on: answered once at the beginning, and anew when something happened."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from gateway.engine import Answer
from gateway.identity import Unauthenticated
from gateway.permits import FORBIDDEN, UNAUTHENTICATED
from gateway.streams.ends import EndReason, SlowReader
from gateway.streams.follower import Feed, Place, Topics
from resolvers.subscribing import Occasion

HEAL_LEAST_S, HEAL_MOST_S = 2.0, 60.0
"""How soon it is tried again to answer what a failing system left out: breakers try theirs about as often."""

LAST_EVENT_ID = "lastEventId"


@dataclass(frozen=True, slots=True)
class Told:
    """One answer of an operation: `body` is its JSON, `owner` whose it is, None for callers who share a name."""

    answer: Answer
    body: bytes
    owner: str | None


Ask = Callable[[Occasion | None, Mapping[str, object]], Awaitable[Told]]
"""Runs the operation once, in a context of its own, and lays the mapping beside the answer's extensions.

Raises Unauthenticated."""

Write = Callable[[bytes, int], Awaitable[None]]
"""Sends an answer and the id of its event. Raises SlowReader."""


class Stream:
    """Runs until it is ended, or ends by itself. `first` is the answer at the beginning, None where it is known."""

    def __init__(
        self,
        ask: Ask,
        feed: Feed,
        place: Place,
        first: Told | None,
        *,
        resumed: bool | None,
        newest: Callable[[], Place],
        lifetime_s: float,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._feed = feed
        self._place = place
        self._first = first
        self._resumed = resumed
        self._newest = newest
        self._telling = True
        self._clock = clock
        self._monotonic = monotonic
        self._ends_at = monotonic() + lifetime_s
        self._unhealed: Topics = frozenset()
        self._heal_at = float("inf")
        self._pause_s = HEAL_LEAST_S
        self._ended: EndReason | None = None

    @property
    def seen(self) -> int | None:
        """The place behind which a client that has read everything may resume now; None while there is more to tell.

        Told with each heartbeat, so that who was quiet for a day need not resume from yesterday.
        """
        if self._telling or self._unhealed or self._feed.pending:
            return None
        return self._newest().seq

    def end(self, reason: EndReason) -> None:
        """End when what is being sent is sent; the first reason counts."""
        self._ended = self._ended or reason
        self._feed.wake()

    def heal_later(self, topics: Topics) -> None:
        """Ask again about `topics`, of which something older stands in for what was not to be had."""
        self._unhealed |= topics
        self._heal_at = self._monotonic() + self._pause_s
        self._pause_s = min(HEAL_MOST_S, self._pause_s * 2)

    async def run(self, write: Write) -> EndReason:
        """Answer until the end; why it ended."""
        try:
            if self._first is not None:
                await write(self._first.body, self._place.seq)
                self._first = None
            while (reason := await self._go_on(write)) is None:
                pass
        except SlowReader:
            return EndReason.SLOW_READER
        except Unauthenticated:
            return EndReason.TOKEN_EXPIRED
        return reason

    async def _go_on(self, write: Write) -> EndReason | None:
        """Wait for the next thing to tell, and tell it."""
        self._telling = False
        await self._feed.wait(max(0.0, min(self._ends_at, self._heal_at) - self._monotonic()))
        self._telling = True
        if self._ended is not None:
            return self._ended
        if self._monotonic() >= self._ends_at:
            return EndReason.MAX_LIFETIME
        changes = self._feed.take()
        if changes is not None:
            self._place = changes.place
            self._pause_s = HEAL_LEAST_S
        elif self._monotonic() < self._heal_at:
            return None
        return await self._tell(write, changes.topics if changes else frozenset())

    async def _tell(self, write: Write, news: Topics) -> EndReason | None:
        topics = news | self._unhealed
        self._unhealed, self._heal_at = frozenset(), float("inf")
        occasion = Occasion(topics, max(0.0, self._clock() - self._place.at))
        marks: dict[str, object] = {"eventId": str(self._place.seq)}
        if self._resumed is not None:
            marks["resumed"] = self._resumed
        told = await self._ask(occasion, {"stream": marks})
        if occasion.gone:
            return EndReason.SUBJECT_GONE
        if told.answer.is_request_error and told.answer.code in {UNAUTHENTICATED, FORBIDDEN}:
            await write(told.body, self._place.seq)
            return EndReason.PERMIT_LOST
        if occasion.stands_in:
            self.heal_later(topics)
            if not news:
                return None  # what was told already has not changed
        await write(told.body, self._place.seq)
        self._resumed = None
        return None
