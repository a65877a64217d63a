"""Reads with somebody who stands in: where the OMS fails, what the projection has of the ERP's books is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Generic, TypeVar

from domains.inventory import Inventory, combine, leans_on_book
from domains.vocabulary import AtHand, AtOnce, EachByItself, Fetch, FreshnessTier, Reading, Row, UpstreamError
from gateway.answers import aside
from gateway.projection import ProjectionReads

K = TypeVar("K")
T = TypeVar("T")

STAND_IN_S = 0.2
"""What the stand-in may take on top of a request's own time, which the failing system may have used up: a local table
answers in milliseconds, and what runs after the deadline is cut after 0.25 s (`http.request_grace_s`)."""

STRONG_MAX = 10_000
"""Readings whose strength is remembered, some 100 bytes each beside them: what is looked at within the seconds that
one of them is kept."""

Outcomes = Callable[[frozenset[K]], Coroutine[None, None, Mapping[K, Reading[T] | UpstreamError]]]
Joined = Callable[[Reading[T] | None, Reading[T] | None], Reading[T] | None]
"""Out of what the stand-in says of a key, and the source itself if it could be asked, what is answered."""


def backed(inventory: Inventory, projection: ProjectionReads) -> Inventory:
    """The same with the projection behind the OMS."""
    return replace(
        inventory,
        stock=StoodInFor(inventory.stock, projection.positions, combine, leans_on_book),
        locations=StoodInFor(inventory.locations, projection.locations, _last_known),
        network=StoodInFor(inventory.network, projection.network, _last_known),
    )


class StoodInFor(Generic[K, T]):
    """A Fetch of `source`, and for keys that it could not answer, or whose answer is `weak`, what `joined` makes of it
    and of what `stand_in` says.

    A key that the source does not find is not found. The stand-in is asked in one batch, for these keys alone; what it
    does not know either, or cannot say, stays what the source made of it.

    Who asks for the same keys while it is being asked waits for that: those who waited for one load of a system that
    hangs are all told in one turn of the loop, and with a read for each of them everybody else would wait too.
    """

    def __init__(
        self,
        source: Fetch[K, T],
        stand_in: Fetch[K, T],
        joined: Joined[T],
        weak: Callable[[Reading[T]], bool] = lambda _: False,
        *,
        stand_in_s: float = STAND_IN_S,
    ) -> None:
        self._source = _by_itself(source)
        self._near = source if isinstance(source, AtHand) else None
        self._whole = source if isinstance(source, AtOnce) else None
        self._strong: dict[int, Reading[T] | Row] = {}
        self._readings = 0  # in all of these
        self._stand_in = _by_itself(stand_in)
        self._joined = joined
        self._weak = weak
        self._stand_in_s = stand_in_s
        self._asking: dict[frozenset[K], asyncio.Task[Mapping[K, Reading[T] | UpstreamError]]] = {}

    async def __call__(self, keys: frozenset[K], /) -> Mapping[K, Reading[T]]:
        """What is known of the keys. Raises the UpstreamError of the source where nothing stands in for one."""
        found: dict[K, Reading[T]] = {}
        for key, outcome in (await self.outcomes(keys)).items():
            if isinstance(outcome, UpstreamError):
                raise outcome.with_traceback(None)  # it may be raised again for another caller
            found[key] = outcome
        return found

    async def outcomes(self, keys: frozenset[K], /) -> Mapping[K, Reading[T] | UpstreamError]:
        """The same key by key. An absent key was not found."""
        told = await self._source(keys)
        wanting = frozenset(key for key, one in told.items() if isinstance(one, UpstreamError) or self._weak(one))
        if not wanting:
            return told
        whole = dict(told)
        for key, found in (await self._asked(wanting)).items():
            if isinstance(found, Reading):
                one = told[key]
                made = self._joined(found, one if isinstance(one, Reading) else None)
                whole[key] = one if made is None else made
        return whole

    def at_hand(self, keys: Collection[K], /) -> Mapping[K, Reading[T] | None]:
        """Of what the source has at hand all that is not weak."""
        if self._near is None:
            return {}
        near, weak = self._near.at_hand(keys), self._weak
        wanting = [key for key, one in near.items() if one is not None and weak(one)]
        return {key: one for key, one in near.items() if key not in wanting} if wanting else near

    def at_once(self, keys: Sequence[K], /) -> Sequence[Reading[T]] | None:
        """What the source has at once, if none of it is weak. What is strong is known again: 6 us less for 72."""
        found = None if self._whole is None else self._whole.at_once(keys)
        if found is None:
            return None
        strong = self._strong
        if id(found) in strong:  # a row that was looked through before
            return found
        # By identity, which nothing else can have while the reading stands in the memory.
        if not all(map(strong.__contains__, map(id, found))):
            for one in found:
                if id(one) not in strong:
                    if self._weak(one):
                        return None
                    self._know(one, 1)
        if type(found) is Row:
            self._know(found, len(found))
        return found

    def _know(self, one: Reading[T] | Row, readings: int) -> None:
        self._readings += readings
        if self._readings > STRONG_MAX:
            self._strong.clear()
            self._readings = readings
        self._strong[id(one)] = one

    async def _asked(self, keys: frozenset[K]) -> Mapping[K, Reading[T] | UpstreamError]:
        answer = self._asking.get(keys)
        if answer is None:
            # In a context of its own: there the request's deadline, which has perhaps passed, does not hold.
            answer = self._asking[keys] = asyncio.create_task(self._told(keys), context=aside())
            answer.add_done_callback(lambda _: self._asking.pop(keys))
        return await asyncio.shield(answer)

    async def _told(self, keys: frozenset[K]) -> Mapping[K, Reading[T] | UpstreamError]:
        try:
            return await asyncio.wait_for(self._stand_in(keys), self._stand_in_s)
        except TimeoutError:
            return {}


def _by_itself(fetch: Fetch[K, T]) -> Outcomes[K, T]:
    """What `fetch` answers key by key; where it cannot tell keys apart, its failure is that of each."""
    if isinstance(fetch, EachByItself):
        return fetch.outcomes

    async def outcomes(keys: frozenset[K]) -> Mapping[K, Reading[T] | UpstreamError]:
        try:
            return dict(await fetch(keys))
        except UpstreamError as error:
            return dict.fromkeys(keys, error)

    return outcomes


def _last_known(stand_in: Reading[T] | None, source: Reading[T] | None) -> Reading[T] | None:
    """The stand-in's word as what it is, however new: the source is failing, and nothing newer can be had."""
    if stand_in is None or source is not None:
        return source
    return Reading(stand_in.value, stand_in.source, FreshnessTier.STALE_DEGRADED, stand_in.observed_at, 0.0)
