"""One data loader per Fetch and request: gathers the keys of a tick, and remembers what was answered."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from aiodataloader import DataLoader
from aiodataloader import Loader as Queued

from domains.durable import JournalUnavailable
from domains.vocabulary import Fetch, Reading, UpstreamError, demanded_age_s, freshest_within
from resolvers.batching import Gathering
from resolvers.provenance import Provenance

K = TypeVar("K")
T = TypeVar("T")

BATCH_MAX = 2_000
"""Keys in one Fetch. Connectors cut it further to what their vendor takes; this bounds a single read of the house."""


_Answer = Reading[T] | UpstreamError | JournalUnavailable | None
_Bugs = tuple[Exception, ...]
"""What went wrong that should not; none or one. A future with an exception would complain when nobody waits for it."""


class _Levels(DataLoader[dict[K, None], _Bugs]):
    """What was asked of one Fetch, a level of keys at a time: the keys that are `known`, and those `awaited`.

    A data loader that begins its batches itself, in the tick in which aiodataloader does and with one task instead of
    two. Apart from the Loader, so that no two objects hold each other: an answer leaves nothing for the collector.
    """

    cache = False

    def __init__(
        self,
        fetch: Fetch[K, Any],
        running: set[asyncio.Task[Any]],
        provenance: Provenance,
        within_s: float | None,
        known: dict[K, _Answer[Any]],
    ) -> None:
        # All that we need of what aiodataloader sets up: to look at its batch function takes longer than the rest.
        self._queue = []
        self._fetch = fetch
        self._running = running
        self._provenance = provenance
        self._within_s = within_s
        self._near: Callable[[Collection[K]], Mapping[K, Reading[Any] | None]] | None = getattr(fetch, "at_hand", None)
        self.unwritten = False
        """Whether a key has no answer because our own books could not be read."""
        self.known = known
        self.awaited: dict[K, list[asyncio.Future[_Bugs]]] = {}
        """By each key on its way, those who wait for its level, each with a future that is nobody else's to cancel."""

    def get_cache_key(self, key: dict[K, None]) -> dict[K, None]:  # never asked for what is kept
        return key

    def do_resolve_reject(self, key: dict[K, None], future: asyncio.Future[_Bugs]) -> None:
        self._queue.append(Queued(key, future))
        if len(self._queue) == 1:
            self.loop.call_soon(self._next_tick)

    def _next_tick(self) -> None:
        self.loop.call_soon(self._begin)  # whoever is woken in this tick may ask as well

    def _begin(self) -> None:
        queue, self._queue = self._queue, []
        self._provenance.waited = True
        self._running.add(task := self.loop.create_task(self._answered([level.key for level in queue])))
        task.add_done_callback(self._running.discard)

    def coming(self, wanted: dict[K, None]) -> Iterable[asyncio.Future[_Bugs]]:
        """What to wait for until all of `wanted` are known."""
        awaited = self.awaited
        on_their_way = {id(awaited[key]): awaited[key] for key in wanted if key in awaited} if awaited else {}
        coming = []
        for waiting in on_their_way.values():
            coming.append(joined := self.loop.create_future())
            waiting.append(joined)
        new = self._far({key: None for key in wanted if key not in awaited} if on_their_way else wanted)
        if new:
            self.loop = asyncio.get_running_loop()
            coming.append(asked := self.load(new))
            waiting = [asked]
            awaited.update(dict.fromkeys(new, waiting))
        return coming

    def _far(self, wanted: dict[K, None]) -> dict[K, None]:
        """Of keys that nobody waits for, those that have to be waited for; the others are known now."""
        if self._near is None:
            return wanted
        with freshest_within(self._within_s):
            found = self._near(wanted.keys())
        if not found:
            return wanted
        self._provenance.asked.add(id(self._fetch))
        self._provenance.missed |= None in found.values()
        self.known.update(found)
        return {} if len(found) == len(wanted) else {key: None for key in wanted if key not in found}

    async def _answered(self, levels: list[dict[K, None]]) -> None:
        """Ask for all keys of the levels at once."""
        # Dictionaries all the way, here too: what is copied from one to the next is not hashed anew.
        keys = levels[0] if len(levels) == 1 else dict.fromkeys(itertools.chain.from_iterable(levels))
        try:
            for part in _parts(keys):
                self.known.update(await self._batch(part))
        except Exception as error:  # noqa: BLE001 - a bug is told to all who wait, and to nobody when none does any more
            self._tell(levels, (error,))
        else:
            self._tell(levels, ())
        finally:
            if len(keys) == len(self.awaited):
                self.awaited.clear()
            else:
                for key in keys:
                    del self.awaited[key]

    def _tell(self, levels: list[dict[K, None]], bugs: _Bugs) -> None:
        for level in levels:
            for waiting in self.awaited[next(iter(level))]:
                if not waiting.done():
                    waiting.set_result(bugs)

    async def _batch(self, keys: dict[K, None]) -> Mapping[K, _Answer[Any]]:
        self._provenance.asked.add(id(self._fetch))
        # A Fetch that is EachByItself is asked that way.
        ask: Callable[[frozenset[K]], Awaitable[Mapping[K, Reading[Any] | UpstreamError]]]
        ask = getattr(self._fetch, "outcomes", self._fetch)
        try:
            if demanded_age_s() == self._within_s:  # as nearly always: it is the context of whoever asked
                found = await ask(frozenset(keys))
            else:
                with freshest_within(self._within_s):
                    found = await ask(frozenset(keys))
        except (UpstreamError, JournalUnavailable) as error:
            self.unwritten |= isinstance(error, JournalUnavailable)
            return dict.fromkeys(keys, error)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # A read that cancelled itself is a bug; without an answer everybody who waits for it would wait for ever.
            raise RuntimeError("a read was cancelled from below") from error
        self._provenance.missed |= not keys.keys() <= found.keys()
        return {**keys, **found}


def _parts(keys: dict[K, None]) -> Iterable[dict[K, None]]:
    if len(keys) <= BATCH_MAX:
        return (keys,)
    rest = iter(keys)
    return [dict.fromkeys(itertools.islice(rest, BATCH_MAX)) for _ in range(0, len(keys), BATCH_MAX)]


class Loader(Generic[K, T]):
    """What one Fetch answers within one request. A key that failed stays failed: a request asks once.

    What a data loader gathers here are levels, all keys of a field at a time, and no single keys: a future and its
    callbacks for each of 24 products at 3 places took 0.18 ms of 0.83 in all. So the memo of keys is ours.
    """

    def __init__(
        self, fetch: Fetch[K, T], running: set[asyncio.Task[Any]], provenance: Provenance, within_s: float | None
    ) -> None:
        self._fetch = fetch
        self._running = running
        self._provenance = provenance
        self._within_s = within_s
        # A demand makes an answer another one for each who asks.
        self._whole: Callable[[Sequence[K | None]], Sequence[Reading[T]] | None] | None
        self._whole = getattr(fetch, "at_once", None) if within_s is None else None
        self._first: tuple[Sequence[Any], Sequence[Reading[T]]] | None = None
        self._levels: _Levels[K] | None = None

    async def load(self, key: K) -> Reading[T] | None:
        """The reading of `key`, or None when there is no such thing. Raises UpstreamError and JournalUnavailable."""
        (answer,) = await self.settle([key])
        if isinstance(answer, UpstreamError):
            raise answer
        return answer

    async def load_many(self, keys: Iterable[K]) -> list[Reading[T] | None]:
        """As `load`, in the order of `keys`. Raises the first UpstreamError among them."""
        answers = await self.settle(list(keys))
        for answer in answers:
            if isinstance(answer, UpstreamError):
                raise answer
        return [answer for answer in answers if not isinstance(answer, UpstreamError)]

    async def row(self, keys: tuple[K, ...]) -> Sequence[Reading[T] | UpstreamError | None]:
        """As `settle`; of keys that were found before, the very same Row as long as nothing in it has changed."""
        whole = self._at_once(keys)
        return await self.settle(keys) if whole is None else whole

    async def settle(self, keys: Sequence[K | None]) -> list[Reading[T] | UpstreamError | None]:
        """One answer per key, in order; a key None has the answer None. What failed is answered as its error.

        Raises JournalUnavailable: without our own books there is no answer to any part of the question.
        """
        whole = self._at_once(keys)
        if whole is not None:
            return list(whole)
        levels = self._levels or self._waited_for()
        known = levels.known
        # Whole dictionaries at a time: keys are hashed once here, which for a StockKey is most of the work.
        wanted: dict[Any, None] = dict.fromkeys(keys)
        wanted.pop(None, None)
        if known:
            wanted = {key: None for key in wanted if key not in known}
        for answered in levels.coming(wanted) if wanted else ():
            for bug in await answered:
                raise bug
        settled: list[Any] = [None if key is None else known[key] for key in keys]
        if levels.unwritten:
            for answer in settled:
                if isinstance(answer, JournalUnavailable):
                    raise answer
        return settled

    def _at_once(self, keys: Sequence[K | None]) -> Sequence[Reading[T]] | None:
        """The whole answer to what is asked first, if it can be had so. What is asked next finds it known."""
        if self._whole is None or self._first is not None or self._levels is not None:
            return None
        found = self._whole(keys)  # nothing is found for a None
        if found is not None:
            self._provenance.asked.add(id(self._fetch))
            self._first = keys, found
        return found

    def _waited_for(self) -> _Levels[K]:
        known: dict[Any, Any] = {} if self._first is None else dict(zip(*self._first, strict=True))
        levels = _Levels(self._fetch, self._running, self._provenance, self._within_s, known)
        self._levels = levels
        return levels


class Loaders:
    """The loaders of one request, made as they are needed, and the instant at which the request stands."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._running: set[asyncio.Task[Any]] = set()
        self._loaders: dict[tuple[int, float | None], Loader[Any, Any]] = {}
        self.provenance = Provenance(now.timestamp())
        self.gathering = Gathering(self._running, self.provenance)

    def of(self, fetch: Fetch[K, T]) -> Loader[K, T]:
        """The request's loader of `fetch`, for answers as fresh as whoever asks demands."""
        within_s = demanded_age_s()
        name = (id(fetch), within_s)  # by identity: a Fetch need not be hashable, and the ports outlive this
        loader = self._loaders.get(name)
        if loader is None:
            loader = self._loaders[name] = Loader(fetch, self._running, self.provenance, within_s)
        return loader

    def forget(self) -> None:
        """Drop every answer, because something was written: what the answer reads next it reads anew."""
        self._loaders.clear()

    def close(self) -> None:
        """Cancel every read still in flight. Nobody waits for it any more."""
        for task in tuple(self._running):
            task.cancel()
