"""Automatic persisted queries: texts that clients have sent once, by their digests. A convenience; trusts nobody."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Protocol

from cachetools import LRUCache
from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.documents.trusted import digest_of

_log = logging.getLogger(__name__)

TIMEOUT_S: Final = 0.1
"""As long as it takes a client to send the text once more."""
PAUSE_S: Final = 1.0
_ENTRY_BYTES: Final = 256


class Remembered(Protocol):
    """Texts by digest. What is forgotten is sent again by whoever needs it."""

    async def get(self, digest: str) -> str | None: ...

    async def put(self, digest: str, text: str) -> None: ...


class InMemory:
    """Of this process, `max_bytes` of texts; the least recently used are forgotten."""

    def __init__(self, max_bytes: int) -> None:
        # Characters are counted: Python keeps one byte for each in a text without foreign letters.
        self._texts: LRUCache[str, str] = LRUCache(max_bytes, getsizeof=lambda text: len(text) + _ENTRY_BYTES)

    async def get(self, digest: str) -> str | None:
        return self._texts.get(digest)

    async def put(self, digest: str, text: str) -> None:
        if len(text) + _ENTRY_BYTES <= self._texts.maxsize:
            self._texts[digest] = text

    def __len__(self) -> int:
        return len(self._texts)


class Shared:
    """In Redis or Valkey for `keep_s` seconds after the last time, with this process's memory before it.

    While the store is away memory alone answers. `clock` is in seconds and does not go back.
    """

    def __init__(
        self,
        store: Redis,
        memory: InMemory,
        clock: Callable[[], float],
        *,
        keep_s: int,
        prefix: str = "retailgraph:1:document",
    ) -> None:
        self._store = store
        self._memory = memory
        self._clock = clock
        self._keep_s = keep_s
        self._prefix = prefix
        self._away_until = float("-inf")

    async def get(self, digest: str) -> str | None:
        text = await self._memory.get(digest)
        if text is not None or self._clock() < self._away_until:
            return text
        try:
            async with asyncio.timeout(TIMEOUT_S):
                kept = await self._store.getex(self._key(digest), ex=self._keep_s)
        except (RedisError, OSError) as fault:  # a TimeoutError is an OSError
            self._failed(fault)
            return None
        text = kept.decode("utf-8", errors="replace") if isinstance(kept, bytes) else kept
        if text is None or digest_of(text) != digest:  # others may write there: a digest is believed when it is true
            return None
        await self._memory.put(digest, text)
        return text

    async def put(self, digest: str, text: str) -> None:
        await self._memory.put(digest, text)
        if self._clock() < self._away_until:
            return
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._store.set(self._key(digest), text.encode(), ex=self._keep_s)
        except (RedisError, OSError) as fault:
            self._failed(fault)

    def _key(self, digest: str) -> str:
        return f"{self._prefix}:{digest}"

    def _failed(self, fault: Exception) -> None:
        if self._clock() >= self._away_until:
            _log.warning("persisted queries are remembered by each process alone for %.1f s: %r", PAUSE_S, fault)
        self._away_until = self._clock() + PAUSE_S
