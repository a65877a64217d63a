"""Keys that somebody else publishes, kept for a while: an issuer's public keys, and the API keys of the database.

What is asked for on every request is answered from memory. How long a key may still count after it was withdrawn, and
how often the publisher is asked at most, are the two promises of this file.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog
from cachetools import TTLCache

from gateway.identity.refused import IdentityUnavailable

K = TypeVar("K")

AHEAD_RATIO = 0.8
"""From this share of `fresh_s` on, keys are fetched again while those at hand still answer."""

ABSENT_S = 10.0
"""How long a name that the publisher did not know is not asked for again. A key that is published later is found by the
next fetch all the same."""

ABSENT_MAX = 1024
WAITING_MAX = 64
"""Requests with unknown names that wait for one fetch. More of them are somebody's guesses."""

_log = structlog.get_logger(__name__)


class KeysUnavailable(Exception):
    """The publisher does not answer, or not with keys. The text is for logs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RingPolicy:
    """A withdrawn key counts for at most `fresh_s` while the publisher answers, and `stale_max_s` while it does not;
    then nothing can be checked. The publisher is asked once in `refetch_every_s` at most, whatever comes in."""

    fresh_s: float
    stale_max_s: float
    refetch_every_s: float


class Ring(Generic[K]):
    """The keys of one publisher, by their names. `fetch` raises KeysUnavailable."""

    def __init__(
        self,
        publisher: str,
        fetch: Callable[[], Awaitable[Mapping[str, K]]],
        policy: RingPolicy,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._publisher = publisher
        self._fetch = fetch
        self._policy = policy
        self._monotonic = monotonic
        self._sleep = sleep
        self._keys: Mapping[str, K] = {}
        self._as_of = float("-inf")  # when the fetch of these keys began: what was withdrawn later may be among them
        self._tried_at = float("-inf")
        self._failing = False
        self._flight: asyncio.Task[None] | None = None
        self._waiting = 0
        self._absent: TTLCache[str, bool] = TTLCache(ABSENT_MAX, ABSENT_S, timer=monotonic)

    def warm(self) -> None:
        """Begin to fetch, so that the first request need not wait."""
        self._begin()

    async def find(self, name: str) -> K | None:
        """The key of this name; None when the publisher has none. Raises IdentityUnavailable when nobody can tell."""
        asked_at = self._monotonic()
        await self._freshen()
        if name not in self._keys and name not in self._absent:
            await self._ask_again(asked_at)
            if name not in self._keys:
                self._absent[name] = True
        return self._keys.get(name)

    async def aclose(self) -> None:
        """Stop fetching."""
        if self._flight is not None:
            self._flight.cancel()
            await asyncio.wait({self._flight})

    async def _freshen(self) -> None:
        """Have keys that may be used, fetching them if it is time."""
        age_s = self._monotonic() - self._as_of
        if age_s < AHEAD_RATIO * self._policy.fresh_s:
            return
        if self._may_ask():
            self._begin()
        # Whoever finds the publisher failing does not wait for the next try, as long as there are keys to go on with.
        usable = age_s < (self._policy.stale_max_s if self._failing else self._policy.fresh_s)
        if usable:
            return
        await self._landed()
        if self._monotonic() - self._as_of >= self._policy.stale_max_s:
            raise self._unavailable()

    async def _ask_again(self, asked_at: float) -> None:
        """For a name that is not among the keys: have some that were fetched after it came up, as soon as that is
        allowed."""
        if self._waiting >= WAITING_MAX:
            raise self._unavailable()
        self._waiting += 1
        try:
            while self._as_of < asked_at:
                if self._flight is not None:
                    await self._landed()
                elif self._tried_at >= asked_at:
                    raise self._unavailable()
                elif (pause_s := self._tried_at + self._policy.refetch_every_s - self._monotonic()) > 0:
                    await self._sleep(pause_s)
                else:
                    self._begin()
        finally:
            self._waiting -= 1

    def _may_ask(self) -> bool:
        return self._flight is None and self._monotonic() - self._tried_at >= self._policy.refetch_every_s

    def _unavailable(self) -> IdentityUnavailable:
        return IdentityUnavailable(max(1, round(self._policy.refetch_every_s)))

    def _begin(self) -> None:
        if self._flight is None:
            self._flight = asyncio.create_task(self._fly(), name=f"keys of {self._publisher}")

    async def _landed(self) -> None:
        """Wait for the fetch that is under way. Whoever gives up waiting does not end it for the others."""
        if self._flight is not None:
            await asyncio.wait({self._flight})

    async def _fly(self) -> None:
        began_at = self._tried_at = self._monotonic()
        try:
            keys = await self._fetch()
        except KeysUnavailable as trouble:
            if not self._failing:
                _log.warning("keys cannot be fetched", publisher=self._publisher, why=str(trouble))
            self._failing = True
        else:
            if self._failing:
                _log.info("keys are fetched again", publisher=self._publisher)
            self._failing = False
            self._keys, self._as_of = keys, began_at
        finally:
            self._flight = None
