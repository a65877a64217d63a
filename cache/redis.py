"""The store that processes share: Redis or Valkey, one server or a primary, by URL."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, cast

import msgspec
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from cache import scripts
from cache.board import Board
from cache.debts import Debts
from cache.events import CacheEvent, CacheEventKind, CacheHook, nobody, tell
from cache.patience import patience
from cache.pause import Pause
from cache.store import Claim, Entry, Put, Shelf, StoreDown, digest

T = TypeVar("T")

_log = logging.getLogger(__name__)

STORE = "shared store"
"""The name under which the store itself appears in events."""

LAYOUT = "1"
"""Changes when the scripts and what they keep do, so that releases of two layouts do not meet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisLimits:
    """How the shared store is treated."""

    # A call takes well under a millisecond; one that takes this long is slower than most sources.
    timeout_s: float = 0.25
    # Connections carry one call at a time: 16 are some 20,000 calls a second.
    connections_max: int = 16
    # Calls under way or waiting for a connection: about half a second's worth. More are better off at the source.
    waiting_max: int = 2048
    # A dead store costs one call its time limit, then nothing until the pause is over.
    pause_s: float = 0.5
    pause_max_s: float = 10.0
    # Invalidations that could not be sent, to be made up for. With more, everything is dropped instead.
    owed_max: int = 10_000
    # Dropping a million entries takes some 5 s.
    pay_timeout_s: float = 30.0
    # How long the version of an invalidation is remembered: later than this, an event that repeats it costs one load.
    remember_s: float = 3600.0
    # Longer than any load takes; a load that outlasts it is not kept.
    fence_s: float = 60.0
    # Events that a process may miss and still catch up with: an hour at 25 a second.
    stream_max: int = 100_000
    # Owners (times three) of one key; beyond it the key starts anew.
    fields_max: int = 300


def connect(url: str, *, timeout_s: float, connections_max: int) -> Redis:
    """A client with nothing left to defaults. `valkey://` and `valkeys://` are understood as well.

    RESP2, because nothing here needs more and every server speaks it. No retries: the pause decides when to try again.
    No socket timeout: with one, redis-py sends through `asyncio.wait_for`, which on Python 3.11 may lose a cancellation
    (bpo-37658). Whoever calls puts a limit around it instead, and connecting is a part of the call.
    """
    pool = BlockingConnectionPool.from_url(
        url.replace("valkey", "redis", 1) if url.startswith(("valkey://", "valkeys://")) else url,
        max_connections=connections_max,
        timeout=timeout_s,
        socket_timeout=None,
        socket_connect_timeout=None,
        protocol=2,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis.from_pool(pool)


def counter_of(stream: str) -> str:
    """Where the events of a stream are counted, so that whoever reads them notices a gap."""
    return f"{stream}:count"


class RedisStore:
    """Keeps entries as msgpack. `clock` gives seconds and does not go back.

    Anything wrong with the server is StoreDown; then it is left alone for a while. Invalidations it missed from here
    are made up for before anything else is asked of it.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Callable[[], float],
        prefix: str = "retailgraph",
        hook: CacheHook = nobody,
        limits: RedisLimits = RedisLimits(),
    ) -> None:
        self.origin = uuid.uuid4().hex
        self.stream = f"{prefix}:{LAYOUT}:events"
        self._counter = counter_of(self.stream)
        self._prefix = f"{prefix}:{LAYOUT}"
        self._clock = clock
        self._hook = hook
        self._limits = limits
        self._redis = connect(url, timeout_s=limits.timeout_s, connections_max=limits.connections_max)
        self._scripts = {
            text: self._redis.register_script(text)
            for text in (scripts.READ, scripts.BEGIN, scripts.WRITE, scripts.RELEASE, scripts.FORGET)
        }
        self._pause = Pause(limits.pause_s, limits.pause_max_s)
        self._slots = asyncio.Semaphore(limits.connections_max)
        self._waiting = 0
        self._debts = Debts(limits.owed_max)
        self._paying: asyncio.Task[None] | None = None
        self._encoder = msgspec.msgpack.Encoder()
        self._decoders: dict[Shelf[Any], msgspec.msgpack.Decoder[Any]] = {}

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._waiting and self._paying is None

    async def aclose(self) -> None:
        """Close the connections. What is still owed is lost with the process."""
        if self._paying is not None:
            self._paying.cancel()
            await asyncio.wait((self._paying,), timeout=self._limits.timeout_s)
        await self._redis.aclose()

    def peek(self, shelf: Shelf[T], owner: str, keys: Sequence[str]) -> list[Entry[T] | None]:  # noqa: ARG002 - the port's: nothing can be had here without asking
        return [None] * len(keys)

    def show(self, shelf: Shelf[T], owner: str, key: str, board: Board[T], name: Hashable, until: float) -> None:  # noqa: PLR0917 - the port's
        """Likewise."""

    async def get_many(self, shelf: Shelf[T], owner: str, keys: Collection[str]) -> dict[str, Entry[T]]:
        bodies = await self._run(scripts.READ, self._places(shelf.name, keys), [self._variant(shelf, owner)])
        return {key: entry for key, body in zip(keys, bodies, strict=True) if (entry := self._decode(shelf, body))}

    async def begin(self, shelf: Shelf[T], owner: str, keys: Collection[str], lease_s: float) -> dict[str, Claim[T]]:
        life_s = max(lease_s, self._limits.fence_s)
        arguments = [self._variant(shelf, owner), self.origin, _ms(lease_s), _ms(life_s)]
        rows = await self._run(scripts.BEGIN, self._places(shelf.name, keys), arguments)
        return {
            key: Claim((int(number),), bool(leads), self._decode(shelf, body))
            for key, (number, leads, body) in zip(keys, rows, strict=True)
        }

    async def set_many(self, shelf: Shelf[T], owner: str, puts: Mapping[str, Put[T]]) -> frozenset[str]:
        arguments: list[Any] = [self._variant(shelf, owner), self.origin, self._limits.fields_max]
        for put in puts.values():
            body = b"" if put.entry is None else self._encoder.encode(put.entry)
            arguments += [put.fence[0] or 0, _ms(put.entry.keep_s if put.entry else 0), body]
        kept = await self._run(scripts.WRITE, self._places(shelf.name, puts), arguments)
        return frozenset(key for key, flag in zip(puts, kept, strict=True) if flag)

    async def release(self, shelf: Shelf[T], owner: str, keys: Collection[str]) -> None:
        await self._run(scripts.RELEASE, self._places(shelf.name, keys), [self._variant(shelf, owner), self.origin])

    async def forget(self, shelf: str, keys: Collection[str], version: int | None) -> frozenset[str]:
        if not keys:
            return frozenset()
        try:
            news: frozenset[str] = await self._run_unless_paused(partial(self._forget, shelf, keys, version))
        except StoreDown:
            self._debts.add(shelf, keys, version)
            return frozenset(keys)
        else:
            return news

    async def _forget(self, shelf: str, keys: Collection[str], version: int | None) -> frozenset[str]:
        limits = self._limits
        text = "" if version is None else f"{version:020}"  # compared as text: Lua's numbers end at 2 to the 53rd
        arguments: list[Any] = [text, _ms(limits.remember_s), limits.stream_max, self.origin, shelf, *keys]
        places = [*self._places(shelf, keys), self.stream, self._counter]
        news = await self._scripts[scripts.FORGET](places, arguments)
        return frozenset(key for key, flag in zip(keys, news, strict=True) if flag)

    async def _run(self, script: str, places: list[str], arguments: list[Any]) -> list[Any]:
        return await self._run_unless_paused(partial(self._scripts[script], places, arguments)) if places else []

    async def _run_unless_paused(self, call: Callable[[], Awaitable[Any]]) -> Any:
        if self._waiting >= self._limits.waiting_max:
            raise StoreDown("too many calls wait for the shared store already")
        self._waiting += 1
        try:
            # Outside of the time limit: a burst of our own is no fault of the store's.
            async with self._slots:
                return await self._run_in_slot(call)
        finally:
            self._waiting -= 1

    async def _run_in_slot(self, call: Callable[[], Awaitable[Any]]) -> Any:
        if not self._pause.allows(self._clock()):
            raise StoreDown("the shared store is left alone for a while")
        if self._debts and self._paying is None:
            self._paying = asyncio.create_task(self._pay(), name="make up for invalidations")
        if self._paying is not None:
            raise StoreDown("the shared store has invalidations to catch up with")
        return await self._guarded(call, self._limits.timeout_s)

    async def _guarded(self, call: Callable[[], Awaitable[T]], timeout_s: float) -> T:
        """The wall: what the client library raises becomes StoreDown."""
        try:
            async with patience(timeout_s):
                answer = await call()
        except (RedisError, OSError) as fault:  # asyncio's and the socket's timeouts are OSErrors
            pause_s = self._pause.failed(self._clock())
            if pause_s is not None:
                _log.warning("the shared store failed, left alone for %.1f s: %r", pause_s, fault)
                down = CacheEvent(CacheEventKind.STORE_DOWN, STORE, seconds=pause_s, error=type(fault).__name__)
                tell(self._hook, down)
            raise StoreDown(str(fault)) from fault
        if self._pause.failing:
            self._pause.worked()
            tell(self._hook, CacheEvent(CacheEventKind.STORE_UP, STORE))
        return answer

    async def _pay(self) -> None:
        """Make up for the invalidations the server missed, before anything else is asked of it."""
        try:
            await self._guarded(self._pay_all, self._limits.pay_timeout_s)
        except StoreDown:
            return
        finally:
            self._paying = None

    async def _pay_all(self) -> None:
        if self._debts.everything:
            await self._drop_everything()
            self._debts.everything = False
        for shelf, keys, version in self._debts.batches():
            await self._forget(shelf, keys, version)
            self._debts.paid(shelf, keys, version)

    async def _drop_everything(self) -> None:
        """Drop every entry. The count of events skips one, so that every process takes it that it missed some."""
        cursor = 0
        while True:
            cursor, places = await self._redis.scan(cursor, match=f"{self._prefix}:entry:*", count=1000)
            if places:
                await self._redis.unlink(*places)
            if not cursor:
                break
        sequence = await self._redis.incrby(self._counter, 2)
        event = {"sequence": sequence, "origin": self.origin, "shelf": "", "key": "", "version": ""}
        await self._redis.xadd(self.stream, cast("dict[Any, Any]", event), maxlen=self._limits.stream_max)

    def _places(self, shelf: str, keys: Collection[str]) -> list[str]:
        return [f"{self._prefix}:entry:{shelf}:{key}" for key in keys]

    def _variant(self, shelf: Shelf[Any], owner: str) -> str:
        return digest(f"{shelf.fingerprint}:{owner}".encode())

    def _decode(self, shelf: Shelf[T], body: bytes | None) -> Entry[T] | None:
        if body is None:
            return None
        decoder = self._decoders.get(shelf)
        if decoder is None:
            decoder = self._decoders[shelf] = msgspec.msgpack.Decoder(shelf.entry_type)
        try:
            return cast("Entry[T]", decoder.decode(body))
        except msgspec.DecodeError:
            return None  # somebody else wrote there: as good as nothing


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
