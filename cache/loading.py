"""One load: announced to the store, brought from the source, kept, handed out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Generic, TypeAlias, TypeVar

import msgspec

from cache.events import CacheEvent, CacheEventKind, CacheHook, nobody, tell
from cache.freshness import FreshnessPolicy, Verdict
from cache.store import Claim, Entry, Put, Shelf, Store, StoreDown
from cache.witness import UNWITNESSED, Witness
from domains.vocabulary import (
    BreakerOpen,
    Fetch,
    FreshnessTier,
    Reading,
    UpstreamError,
    demanded_age_s,
    stand_in_at_hand,
)

K = TypeVar("K")
T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadLimits:
    """How far loads go."""

    # A load of another process is waited for this long, then made here too: about a slow answer's time, so that a
    # process that died with a lease in its hand costs its followers one such wait.
    follow_s: float = 1.0
    # A shared store answers in a fraction of a millisecond; asking it 50 times a second costs nothing.
    poll_s: float = 0.02
    # Longer than any Wire lets a call take, retries included.
    lease_s: float = 10.0
    # Nobody waits longer than this for a load, even without a deadline.
    wait_s: float = 30.0
    # A load that an invalidation overtook is made once more, so that nobody is told what has just been forgotten. A key
    # that is forgotten faster than it can be loaded is answered all the same.
    rounds_max: int = 2
    # Refreshes in the background, per kind of answer. More would take slots that callers are waiting for.
    refreshes_max: int = 16

    @property
    def polls_max(self) -> int:
        return int(self.follow_s / self.poll_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What loads take from outside.

    `clock` gives seconds since the epoch, `luck` draws from [0, 1), `remaining_s` tells how long the caller of the
    moment still waits (None: no limit).
    """

    store: Store
    clock: Callable[[], float]
    luck: Callable[[], float]
    remaining_s: Callable[[], float | None] = lambda: None
    hook: CacheHook = nobody
    witness: Witness = UNWITNESSED
    limits: LoadLimits = LoadLimits()
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


# Structs and not dataclasses, here and in the stores: a few of them are made per key, in a tenth of the time.


class Landed(msgspec.Struct, Generic[T], frozen=True, gc=False):
    """The answer for one key, ready to be handed out; None: not found. `loaded` now, or found in the store.

    `overtaken`: while it was being loaded the key was forgotten or loaded again, so it may be older than what others
    have been told by now.
    """

    reading: Reading[T] | None
    loaded: bool
    overtaken: bool = False


class Aged(msgspec.Struct, Generic[T], frozen=True, gc=False):
    """The store had this, past its fresh time: it may be served while it is refreshed."""

    entry: Entry[T]


class Failed(msgspec.Struct, Generic[T], frozen=True):
    """The source did not answer. `fallback` may stand in, if there is one."""

    error: UpstreamError
    fallback: Entry[T] | None


Outcome: TypeAlias = Landed[T] | Aged[T] | Failed[T]
Settle: TypeAlias = Callable[[str, Outcome[T]], None]


class Loading(Generic[K, T]):
    """Brings answers of one kind from their source. `failing` says whether the source was failing when last asked."""

    def __init__(self, fetch: Fetch[K, T], policy: FreshnessPolicy, shelf: Shelf[T], around: Surroundings) -> None:
        self._fetch = fetch
        self._policy = policy
        self._shelf = shelf
        self._around = around
        self.failing = False

    def fresh(self, keys: Iterable[K], entries: Iterable[Entry[T] | None]) -> dict[K, Reading[T] | None]:
        """Of keys and what stands there those that may be served now, with their readings; None: known to be absent.

        The rest is for `judge`.
        """
        now, demanded_s, surely_s = self._around.clock(), demanded_age_s(), self._policy.surely_fresh_s
        # Most are so young that no draw of the jitter and no demand can matter: no call, and no clock, for each.
        young_since = now - surely_s if demanded_s is None else inf
        fresh: dict[K, Reading[T] | None] = {}
        for key, entry in zip(keys, entries, strict=True):
            if entry is None:
                continue
            reading = entry.reading
            if (reading is not None and entry.loaded_at > young_since) or self.judge(entry) is Verdict.FRESH:
                fresh[key] = reading
        return fresh

    def judge(self, entry: Entry[T]) -> Verdict:
        """What may be done with an entry now: what the policy says, unless whoever asks demands a fresher answer."""
        absent = entry.reading is None
        verdict = self._policy.judge(self._around.clock() - entry.loaded_at, entry.luck, absent=absent)
        known_at = entry.loaded_at if entry.reading is None else entry.reading.observed_at
        if verdict is Verdict.GONE or not self.too_old(known_at):
            return verdict
        return Verdict.GONE if absent else Verdict.FALLBACK

    def may_stand_in(self, entry: Entry[T]) -> bool:
        """Whether it may be told in place of an answer that is late: within its stale-if-error time, and no older than
        whoever asks demands."""
        if entry.reading is None or self.too_old(entry.reading.observed_at):
            return False
        return self._policy.judge(self._around.clock() - entry.loaded_at, entry.luck) is not Verdict.GONE

    def too_old(self, known_at: float) -> bool:
        """Whether what was known at that time is older than whoever asks demands."""
        demanded_s = demanded_age_s()
        return demanded_s is not None and self._around.clock() - known_at > demanded_s

    async def find(
        self, owner: str, wanted: Mapping[str, K], settle: Settle[T], fallbacks: dict[str, Entry[T]]
    ) -> None:
        """Settle every key: by what the store has, or else by loading it. `fallbacks` is filled with what the store has
        that may stand in for a load."""
        rest = dict(wanted)
        for text, entry in (await self._standing(owner, wanted)).items():
            verdict = self.judge(entry)
            if verdict is Verdict.FRESH:
                settle(text, Landed(entry.reading, loaded=False))
                del rest[text]
            elif verdict is Verdict.STALE:
                settle(text, Aged(entry))
                del rest[text]
            elif verdict is Verdict.FALLBACK:
                fallbacks[text] = entry
        if rest:
            await self.load(owner, rest, settle, fallbacks)

    async def load(
        self, owner: str, wanted: Mapping[str, K], settle: Settle[T], fallbacks: Mapping[str, Entry[T]]
    ) -> None:
        """Settle every key by loading it, here or, where it is being loaded already, in another process."""

        def settle_for_good(text: str, outcome: Outcome[T]) -> None:
            settle(text, Failed(outcome.error, fallbacks.get(text)) if isinstance(outcome, Failed) else outcome)

        if len(fallbacks) < len(wanted):
            await self._obtain(owner, wanted, settle_for_good, self._around.limits.polls_max)
            return
        with stand_in_at_hand():
            await self._obtain(owner, wanted, settle_for_good, self._around.limits.polls_max)

    async def _obtain(self, owner: str, wanted: Mapping[str, K], settle: Settle[T], polls_left: int) -> None:
        """A key that another process is loading is looked for again, up to `polls_left` times."""
        claims = await self._claim(owner, wanted)
        mine: dict[str, K] = {}
        theirs: dict[str, K] = {}
        unneeded: list[str] = []
        for text, key in wanted.items():
            claim = claims.get(text)
            if claim is not None and claim.entry is not None and self.judge(claim.entry) is Verdict.FRESH:
                settle(text, Landed(claim.entry.reading, loaded=False))
                unneeded.append(text)
            elif claim is None or claim.leads or not polls_left:
                mine[text] = key
            else:
                theirs[text] = key
        if unneeded:
            await self._release(owner, unneeded)
        if not theirs:
            await self._load(owner, mine, claims, settle)
        elif not mine:
            await self._obtain_later(owner, theirs, settle, polls_left)
        else:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._load(owner, mine, claims, settle))
                both.create_task(self._obtain_later(owner, theirs, settle, polls_left))

    async def _obtain_later(self, owner: str, wanted: Mapping[str, K], settle: Settle[T], polls_left: int) -> None:
        await self._around.sleep(self._around.limits.poll_s)
        remaining_s = self._around.remaining_s()
        out_of_time = remaining_s is not None and remaining_s <= self._around.limits.poll_s
        await self._obtain(owner, wanted, settle, 0 if out_of_time else polls_left - 1)

    async def _load(
        self, owner: str, wanted: Mapping[str, K], claims: Mapping[str, Claim[T]], settle: Settle[T]
    ) -> None:
        if not wanted:
            return
        began_at = self._around.clock()
        try:
            found = await self._fetch(frozenset(wanted.values()))
        except UpstreamError as error:
            if error.counts_against or isinstance(error, BreakerOpen):
                self.failing = True
            self.tell(CacheEventKind.LOAD_FAILED, len(wanted), self._around.clock() - began_at, error.code)
            for text in wanted:
                settle(text, Failed(error, None))
            await self._release(owner, wanted)
            return
        self.failing = False
        self.tell(CacheEventKind.LOADED, len(wanted), self._around.clock() - began_at)
        readings = {text: self._dated(found.get(key)) for text, key in wanted.items()}
        puts = {
            text: self._put(readings[text], began_at, claim)
            for text in wanted
            if (claim := claims.get(text)) is not None
        }
        kept = await self._keep(owner, puts)
        for text, reading in readings.items():  # only now: whoever asks next must not find what was there before
            settle(text, Landed(reading, loaded=True, overtaken=text in puts and text not in kept))

    def _dated(self, reading: Reading[T] | None) -> Reading[T] | None:
        if reading is None:
            return None
        max_age_s = reading.max_age_s
        if reading.tier is FreshnessTier.LIVE:  # asked just now: how long that is good for is this cache's to say
            max_age_s = self._policy.fresh_s
        elif reading.tier is FreshnessTier.FRESH:  # a copy that has a lifetime of its own, kept for a while longer
            max_age_s += self._policy.fresh_s
        return Reading(reading.value, reading.source, reading.tier, reading.observed_at, max_age_s)

    def _put(self, reading: Reading[T] | None, began_at: float, claim: Claim[T]) -> Put[T]:
        absent = reading is None
        keep_s = self._policy.keep_s(absent=absent)
        if keep_s <= 0:
            return Put(None, claim.fence)
        # What its own source called stale stays so.
        tier = FreshnessTier.FRESH if reading and reading.tier is FreshnessTier.LIVE else reading and reading.tier
        kept = reading and tier and Reading(reading.value, reading.source, tier, reading.observed_at, reading.max_age_s)
        return Put(Entry(kept, began_at, keep_s, self._around.luck()), claim.fence)

    async def _standing(self, owner: str, wanted: Mapping[str, K]) -> dict[str, Entry[T]]:
        try:
            return await self._around.store.get_many(self._shelf, owner, wanted.keys())
        except StoreDown:
            return {}

    async def _claim(self, owner: str, wanted: Mapping[str, K]) -> dict[str, Claim[T]]:
        try:
            return await self._around.store.begin(self._shelf, owner, wanted.keys(), self._around.limits.lease_s)
        except StoreDown:
            return {}

    async def _keep(self, owner: str, puts: Mapping[str, Put[T]]) -> Collection[str]:
        try:
            return await self._around.store.set_many(self._shelf, owner, puts) if puts else ()
        except StoreDown:
            return puts.keys()

    async def _release(self, owner: str, texts: Collection[str]) -> None:
        try:
            await self._around.store.release(self._shelf, owner, texts)
        except StoreDown:
            return

    def report_bug(self, bug: BaseException, keys: int) -> None:
        """A load broke instead of failing."""
        _log.error("a load of %s has a bug", self._shelf.name, exc_info=bug)
        self.tell(CacheEventKind.LOAD_FAILED, keys, error=type(bug).__name__)

    def tell(self, kind: CacheEventKind, keys: int, seconds: float | None = None, error: str | None = None) -> None:
        """Let the hook know."""
        tell(self._around.hook, CacheEvent(kind, self._shelf.name, keys, seconds, error))
