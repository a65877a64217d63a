"""A Fetch that remembers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from math import inf
from typing import Generic, TypeVar, cast

from cache.answering import stale, there
from cache.board import Board
from cache.events import CacheEventKind
from cache.flights import Flight, Flights, until_landed
from cache.freshness import FreshnessPolicy, Verdict
from cache.loading import Aged, Failed, Landed, Loading, Outcome, Surroundings
from cache.refreshes import Refreshes
from cache.store import Entry, Shelf
from cache.texts import Digests, Texts, is_short
from domains.vocabulary import (
    DeadlineExceeded,
    Fetch,
    Reading,
    SystemOffPath,
    SystemRole,
    UpstreamError,
    UpstreamTimeout,
    demanded_age_s,
)

K = TypeVar("K")
T = TypeVar("T")

ANSWER_S = 0.02
"""Kept back from a caller's time, to answer within it without the load that did not end."""

NOBODY = ""
"""The owner of what everybody may see."""


class Cached(Generic[K, T]):
    """A Fetch in front of `fetch`, for answers of one kind.

    Only what is missing goes out, in one batch, once, however many ask. What is stale is served and refreshed; when
    the source fails, or takes `slow_s` and more, what is within the stale-if-error time stands in, marked
    STALE_DEGRADED: the load goes on, and until it ends nobody else waits for it either.

    With an `owner`, answers are private: each owner sees what was loaded for it and nothing else, and a caller without
    an owner (None or "") is answered past the cache.
    """

    def __init__(
        self,
        fetch: Fetch[K, T],
        policy: FreshnessPolicy,
        *,
        shelf: Shelf[T],
        system: SystemRole,
        around: Surroundings,
        slow_s: float = inf,
        owner: Callable[[], str | None] | None = None,
    ) -> None:
        self.policy = policy
        self.shelf = shelf
        self._fetch = fetch
        self._system = system
        self._around = around
        # What is asked each time is waited for: whoever has just written something must find it.
        self._slow_s = slow_s if policy.fresh_s else inf
        self._owner = owner
        self._loading = Loading(fetch, policy, shelf, around)
        self._flights = Flights(self._loading)
        self._texts: Texts[K] = Texts()
        self._board: Board[T] = Board(policy.surely_fresh_s)
        self._refreshes = Refreshes(self._loading, around.limits.refreshes_max, private=owner is not None)

    @property
    def busy(self) -> bool:
        """Whether anything is being loaded, for callers or in the background."""
        return self._flights.busy or self._refreshes.busy

    async def __call__(self, keys: frozenset[K], /) -> Mapping[K, Reading[T]]:
        """What is known of the keys. Raises UpstreamError when something had to be loaded, could not be, and nothing
        stands in for it."""
        outcomes = await self.outcomes(keys)
        for outcome in outcomes.values():
            if type(outcome) is not Reading and isinstance(outcome, UpstreamError):  # the first is the cheaper one
                raise outcome.with_traceback(None)  # many may raise it: each with its own way, not everybody's
        return cast("dict[K, Reading[T]]", outcomes)  # no error is left in it

    async def outcomes(self, keys: frozenset[K]) -> dict[K, Reading[T] | UpstreamError]:
        """The same key by key, for callers who can use some answers without the others. An absent key was not found."""
        owner = self._whose()
        if owner is None:
            return dict(await self._fetch(keys))
        asked = tuple(keys)
        texts = self._texts.all(asked)
        entries = self._peek(owner, texts)
        fresh = self._loading.fresh(asked, entries)
        if len(fresh) == len(asked):
            if fresh:
                self._loading.tell(CacheEventKind.HIT, len(fresh))
            return there(fresh)
        answers: dict[K, Reading[T] | UpstreamError] = {**there(fresh)}
        near = {text: entry for text, entry in zip(texts, entries, strict=True) if entry is not None}
        rest: dict[str, K] = {text: key for text, key in zip(texts, asked, strict=True) if key not in fresh}
        outcomes: dict[str, Outcome[T]] = {}
        missing: dict[str, K] = {}
        for text, key in rest.items():
            entry = near.get(text)
            if entry is not None and self._loading.judge(entry) is Verdict.STALE:
                outcomes[text] = Aged(entry)
            else:
                missing[text] = key
        if missing:
            outcomes.update(await self._wait_for(owner, missing, near))
        self._add(answers, owner, rest, outcomes, hits=len(fresh))
        return answers

    def at_hand(self, keys: Collection[K], /) -> Mapping[K, Reading[T] | None]:
        """What can be answered without waiting for anything, None for what is known to be absent.

        A page that was shown a moment ago is answered whole, without a task: 45 us less for each kind of answer.
        """
        owner = self._whose()
        if owner is None:
            return {}
        texts = self._texts.all(keys)
        entries = self._peek(owner, texts)
        fresh = self._loading.fresh(keys, entries)
        if fresh:
            self._loading.tell(CacheEventKind.HIT, len(fresh))
            self._show(owner, keys, texts, entries)
        return fresh

    def at_once(self, keys: Sequence[K], /) -> Sequence[Reading[T]] | None:
        """What `at_hand` would tell, one reading for each key in order, if all of them are on the board; else None.
        The same Row for as long as can be, where a tuple of keys comes again.

        That is where keys come that were found at hand before: neither encoded, nor judged each by itself.
        """
        if not self._board.readings or demanded_age_s() is not None:
            return None
        names: Iterable[Hashable] = keys
        if self._owner is not None:
            owner = self._owner()
            names = [(owner, key) for key in keys]
        found = self._board.all(names, self._around.clock())
        if found is None:
            return None
        if self._owner is None:
            self._around.witness.read(self.shelf.name, Digests(self._texts, keys), self.policy.fresh_s)
        self._loading.tell(CacheEventKind.HIT, len(found))
        return found

    async def forget(self, keys: Collection[K], version: int | None = None) -> None:
        """Drop the keys, for every owner, here and in the shared store; other processes hear of it through the bus.

        `version` orders the invalidations of one key: one that is not newer than the last changes nothing. A load
        that is under way when this is called is not kept.
        """
        texts = [self._texts.of(key) for key in keys]
        news = await self._around.store.forget(self.shelf.name, texts, version)
        self.detach(news)
        self._loading.tell(CacheEventKind.FORGOTTEN, len(news))

    def detach(self, texts: Collection[str]) -> None:
        """The keys of these digests were invalidated elsewhere: loads of them under way are not joined any more."""
        self._flights.detach(texts)
        self._around.witness.forgotten(self.shelf.name, texts)

    def detach_all(self) -> None:
        """Any key may have been invalidated elsewhere."""
        self._flights.detach_all()

    async def _wait_for(
        self, owner: str, missing: Mapping[str, K], near: Mapping[str, Entry[T]]
    ) -> dict[str, Outcome[T]]:
        outcomes, mine = await self._wait(owner, missing, near)
        for _ in range(self._around.limits.rounds_max - 1):
            again = {
                text: missing[text]
                for text, outcome in outcomes.items()
                if (isinstance(outcome, Landed) and outcome.overtaken)
                or (text not in mine and self._falls_short(outcome))
            }
            if not again or not self._has_time():
                break
            latest, mine = await self._wait(owner, again, near)
            for text, outcome in latest.items():
                known = outcomes[text]
                if not (isinstance(known, Landed) and known.overtaken and isinstance(outcome, Failed)):
                    outcomes[text] = outcome
        return outcomes

    async def _wait(
        self, owner: str, wanted: Mapping[str, K], near: Mapping[str, Entry[T]]
    ) -> tuple[dict[str, Outcome[T]], frozenset[str]]:
        flights, mine = self._flights.join(owner, wanted)
        remaining_s, wait_s = self._around.remaining_s(), self._around.limits.wait_s
        if remaining_s is not None:
            wait_s = min(wait_s, max(0.0, remaining_s - ANSWER_S))

        def stand_in(text: str, flight: Flight[T]) -> Entry[T] | None:
            if not self._flights.may_be_joined(owner, text, flight):
                return None  # what was known when it began has been forgotten
            entry = flight.stand_ins.get(text) or near.get(text)
            return entry if entry is not None and self._loading.may_stand_in(entry) else None

        await until_landed(flights, wait_s, self._slow_s, stand_in)
        outcomes: dict[str, Outcome[T]] = {}
        for text, flight in flights.items():
            if flight.landed.done():
                outcomes[text] = flight.landed.result()
            elif (entry := stand_in(text, flight)) is not None:
                slow = UpstreamTimeout(self._system, self.shelf.name, "a load under way is slow")
                outcomes[text] = Failed(slow, entry)
            else:
                late = DeadlineExceeded(self._system, self.shelf.name, "a load under way did not end in time")
                outcomes[text] = Failed(late, None)
        return outcomes, mine

    def _add(
        self,
        answers: dict[K, Reading[T] | UpstreamError],
        owner: str,
        asked: Mapping[str, K],
        outcomes: Mapping[str, Outcome[T]],
        *,
        hits: int,
    ) -> None:
        misses = aging = degraded = 0
        aged: dict[str, K] = {}
        for text, key in asked.items():
            outcome = outcomes[text]
            if isinstance(outcome, Landed):
                misses += outcome.loaded
                hits += not outcome.loaded
                if outcome.reading is not None:
                    answers[key] = outcome.reading
            elif isinstance(outcome, Aged):
                aging += 1
                aged[text] = key
                answers[key] = stale(outcome.entry, failing=self._loading.failing)
            else:
                misses += 1
                degraded += outcome.fallback is not None
                answers[key] = stale(outcome.fallback, failing=True) if outcome.fallback else outcome.error
        if aged:
            self._refreshes.start(owner, aged)
        for kind, count in (
            (CacheEventKind.HIT, hits),
            (CacheEventKind.STALE, aging),
            (CacheEventKind.MISS, misses),
            (CacheEventKind.DEGRADED, degraded),
        ):
            if count:
                self._loading.tell(kind, count)

    def _falls_short(self, outcome: Outcome[T]) -> bool:
        """Whether a load of one's own might bring what somebody else's did not.

        A load runs within the deadline and on the path of the caller who started it, and is content with what that
        caller is content with. Others need not fail with it. It began before they asked, too: what it brings may be
        older than what a demand allows.
        """
        if isinstance(outcome, Failed):
            return isinstance(outcome.error, DeadlineExceeded | SystemOffPath)
        reading = outcome.reading if isinstance(outcome, Landed) else outcome.entry.reading
        return reading is not None and self._loading.too_old(reading.observed_at)

    def _has_time(self) -> bool:
        remaining_s = self._around.remaining_s()
        return remaining_s is None or remaining_s > 0

    def _whose(self) -> str | None:
        """The owner of what may be read and kept now; None where nothing may."""
        return NOBODY if self._owner is None else self._owner() or None

    def _show(self, owner: str, keys: Iterable[K], texts: list[str], entries: list[Entry[T] | None]) -> None:
        """Put up what is surely fresh."""
        show, fresh_s = self._around.store.show, self.policy.surely_fresh_s
        for key, text, entry in zip(keys, texts, entries, strict=True):
            if entry is not None and is_short(key):
                name = key if self._owner is None else (owner, key)
                show(self.shelf, owner, text, self._board, name, entry.loaded_at + fresh_s)

    def _peek(self, owner: str, texts: list[str]) -> list[Entry[T] | None]:
        if self._owner is None:
            self._around.witness.read(self.shelf.name, texts, self.policy.fresh_s)
        return self._around.store.peek(self.shelf, owner, texts)
