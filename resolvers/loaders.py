"""One data loader per Fetch and request: gathers the keys of a tick, and remembers what was answered."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from aiodataloader import DataLoader

from domains.durable import JournalUnavailable
from domains.vocabulary import EachByItself, Fetch, Reading, UpstreamError, demanded_age_s, freshest_within
from resolvers.batching import Gathering
from resolvers.provenance import Provenance

K = TypeVar("K")
T = TypeVar("T")

BATCH_MAX = 2_000
"""Keys in one Fetch. Connectors cut it further to what their vendor takes; this bounds a single read of the house."""


@dataclass(frozen=True, slots=True)
class _Failed:
    """An error kept as a value: a memo that nobody comes back for is then no unretrieved exception."""

    error: UpstreamError | JournalUnavailable


class Loader(Generic[K, T]):
    """What one Fetch answers within one request. A key that failed stays failed: a request asks once."""

    def __init__(
        self, fetch: Fetch[K, T], running: set[asyncio.Task[Any]], provenance: Provenance, within_s: float | None
    ) -> None:
        self._fetch = fetch
        self._running = running
        self._provenance = provenance
        self._within_s = within_s
        self._keys: DataLoader[K, Reading[T] | _Failed | None] = DataLoader(self._batch, max_batch_size=BATCH_MAX)

    async def load(self, key: K) -> Reading[T] | None:
        """The reading of `key`, or None when there is no such thing. Raises UpstreamError and JournalUnavailable."""
        answer = await self._keys.load(key)
        if isinstance(answer, _Failed):
            raise answer.error
        return answer

    async def load_many(self, keys: Iterable[K]) -> list[Reading[T] | None]:
        """As `load`, in the order of `keys`. Raises the first UpstreamError among them."""
        answers = await self.settle(list(keys))
        for answer in answers:
            if isinstance(answer, UpstreamError):
                raise answer
        return [answer for answer in answers if not isinstance(answer, UpstreamError)]

    async def settle(self, keys: Sequence[K | None]) -> list[Reading[T] | UpstreamError | None]:
        """One answer per key, in order; a key None has the answer None. What failed is answered as its error.

        Raises JournalUnavailable: without our own books there is no answer to any part of the question.
        """
        asked = [None if key is None else self._keys.load(key) for key in keys]
        answers = [None if future is None else await future for future in asked]
        settled: list[Reading[T] | UpstreamError | None] = []
        for answer in answers:
            outcome = answer.error if isinstance(answer, _Failed) else answer
            if isinstance(outcome, JournalUnavailable):
                raise outcome
            settled.append(outcome)
        return settled

    async def _batch(self, keys: list[K]) -> list[Reading[T] | _Failed | None]:
        task = asyncio.current_task()
        if task is not None:
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        self._provenance.asked.add(id(self._fetch))
        found: Mapping[K, Reading[T] | UpstreamError]
        try:
            with freshest_within(self._within_s):
                if isinstance(self._fetch, EachByItself):
                    found = await self._fetch.outcomes(frozenset(keys))
                else:
                    found = await self._fetch(frozenset(keys))
        except (UpstreamError, JournalUnavailable) as error:
            return [_Failed(error)] * len(keys)
        except asyncio.CancelledError as error:
            if task is not None and task.cancelling():
                raise
            # A read that cancelled itself is a bug; without an answer everybody who waits for it would wait for ever.
            raise RuntimeError("a read was cancelled from below") from error
        self._provenance.missed |= any(key not in found for key in keys)
        answers = (found.get(key) for key in keys)
        return [_Failed(answer) if isinstance(answer, UpstreamError) else answer for answer in answers]


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
