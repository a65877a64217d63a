"""What the processes of a deployment know together: how much callers have asked, and which documents they have sent."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from redis.asyncio import Redis

from cache import connect
from gateway.documents import InMemory, Remembered
from gateway.documents import Shared as SharedTexts
from gateway.limits import Counted, Counting, SharedCounting
from gateway.settings import Settings

_CONNECTIONS_MAX = 16  # one call at a time each: some 20,000 calls a second
_TIMEOUT_S = 0.1


@dataclass(frozen=True, slots=True)
class Sharing:
    """Where callers are counted, and where texts are remembered: None when they are not."""

    counting: Counting
    texts: Remembered | None
    _store: Redis | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the connections until the context ends."""
        try:
            yield
        finally:
            if isinstance(self.counting, SharedCounting):
                await self.counting.aclose()
            if self._store is not None:
                await self._store.aclose()


def shared(settings: Settings, clock: Callable[[], float] = time.monotonic) -> Sharing:
    """The store at `cache.url`, or this process alone without one. Connects when it is first asked.

    Both can lose everything without harm: a caller's buckets are full again, and a text is sent again. So they may
    stand in a store that evicts, beside what is cached.
    """
    documents = settings.documents
    alone = Counted(clock)
    texts = InMemory(documents.automatic_max_bytes) if documents.automatic else None
    if settings.cache.url is None:
        return Sharing(alone, texts)
    url = settings.cache.url.get_secret_value()
    store = connect(url, timeout_s=_TIMEOUT_S, connections_max=_CONNECTIONS_MAX)
    kept = None if texts is None else SharedTexts(store, texts, clock, keep_s=int(documents.automatic_keep_h * 3600))
    return Sharing(SharedCounting(store, alone, clock), kept, store)
