"""Invalidations between processes: a stream in the shared store, read from the last event on.

A stream and not publish/subscribe, because a reader that was away finds what it missed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from redis.exceptions import RedisError

from cache.events import CacheEvent, CacheEventKind, CacheHook, nobody, tell
from cache.redis import STORE, RedisStore, connect, counter_of

_log = logging.getLogger(__name__)

_FIELDS = (b"shelf", b"key", b"version", b"origin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Invalidation:
    """`key` (a digest) of a shelf was forgotten by another process."""

    shelf: str
    key: str
    version: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BusLimits:
    """How the stream is read."""

    # One read waits this long for events; the limit of an answer must be longer, or every quiet read would break it.
    block_s: float = 2.0
    timeout_s: float = 4.0
    # Events of one read.
    batch_max: int = 500
    # A store that is away is looked for soon, then ever less often.
    backoff_s: float = 0.1
    backoff_max_s: float = 5.0

    def __post_init__(self) -> None:
        if self.block_s >= self.timeout_s:
            raise ValueError("block_s is less than timeout_s")


class Bus:
    """Reads the events of the store's stream until cancelled.

    `heard` is called for each invalidation of another process, in the order of the stream. Events are numbered without
    gaps; where one is missing (the stream was trimmed, the server lost its memory) nobody can say what else was
    forgotten, and `lost` is called. `clock` gives seconds since the epoch, for the lag.
    """

    def __init__(
        self,
        url: str,
        store: RedisStore,
        *,
        heard: Callable[[Invalidation], None],
        lost: Callable[[], None],
        clock: Callable[[], float],
        hook: CacheHook = nobody,
        limits: BusLimits = BusLimits(),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._redis = connect(url, timeout_s=limits.timeout_s, connections_max=1)
        self._stream, self._origin = store.stream, store.origin
        self._heard = heard
        self._lost = lost
        self._clock = clock
        self._hook = hook
        self._limits = limits
        self._sleep = sleep
        self._last_id: str | None = None
        self._sequence = 0
        self._was_deaf = False
        self.following = asyncio.Event()
        """Set while events arrive as they are written."""

    async def run(self) -> None:
        """Read on, whatever happens to the server."""
        backoff_s = self._limits.backoff_s
        try:
            while True:
                try:
                    async with asyncio.timeout(self._limits.timeout_s):
                        await self._resume()
                    self.following.set()
                    backoff_s = self._limits.backoff_s
                    while True:
                        async with asyncio.timeout(self._limits.timeout_s):
                            await self._read()
                except (RedisError, OSError) as fault:
                    if self.following.is_set():
                        _log.warning("the bus is cut off: %s", str(fault) or "no answer in time")
                    self.following.clear()
                    self._was_deaf = True
                await self._sleep(backoff_s)
                backoff_s = min(self._limits.backoff_max_s, backoff_s * 2)
        finally:
            self.following.clear()
            await self._redis.aclose()

    async def _resume(self) -> None:
        if self._last_id is None:
            newest: Any = await self._redis.xrevrange(self._stream, count=1)
            if newest:
                self._last_id, self._sequence = _text(newest[0][0]), _sequence(newest[0][1])
            else:
                self._last_id = "0-0"
            if self._was_deaf:  # what was said before the first word that it could hear is not known
                self._flush()
            return
        count = int(await self._redis.get(counter_of(self._stream)) or 0)
        if count < self._sequence:  # it came back without its memory, and with it went what we had not read
            self._last_id, self._sequence = "0-0", 0
            self._flush()

    async def _read(self) -> None:
        answer: Any = await self._redis.xread(
            {self._stream: self._last_id or "0-0"}, count=self._limits.batch_max, block=int(self._limits.block_s * 1000)
        )
        for _stream, events in answer or ():
            for id_, fields in events:
                self._take(_text(id_), fields)

    def _take(self, id_: str, fields: dict[bytes, bytes]) -> None:
        sequence = _sequence(fields)
        expected = self._sequence + 1
        self._last_id, self._sequence = id_, sequence
        if sequence != expected:
            self._flush()
        try:
            shelf, key, version, origin = (_text(fields.get(name, b"")) for name in _FIELDS)
            news = Invalidation(shelf=shelf, key=key, version=int(version) if version else None)
        except ValueError:
            return  # no event of ours, which its number has told already
        if not shelf or origin == self._origin:
            return
        self._heard(news)
        lag_s = max(0.0, self._clock() - int(id_.partition("-")[0]) / 1000)
        tell(self._hook, CacheEvent(CacheEventKind.HEARD, shelf, 1, seconds=lag_s))

    def _flush(self) -> None:
        self._lost()
        tell(self._hook, CacheEvent(CacheEventKind.FLUSHED, STORE))


def _sequence(fields: dict[bytes, bytes]) -> int:
    """An event's number. What is not an event of ours has none, and so looks like a gap: the careful reading."""
    number = fields.get(b"sequence", b"")
    return int(number) if number.isdigit() else 0


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
