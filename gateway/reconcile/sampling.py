"""Which answers of a cache people ask for: the keys of the last questions, a few of each."""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Generic, NamedTuple, TypeVar

from domains.vocabulary import AtHand, AtOnce, EachByItself, Fetch, Reading, UpstreamError

K = TypeVar("K")
T = TypeVar("T")

KEYS_MAX = 1_000
A_FEW = 4
"""Of one question: a page of 2,000 keys must not cost more than one of four, nor push everybody else's out."""


class Asked(NamedTuple, Generic[K]):
    """A key, and for whom it was asked; None for what everybody may see."""

    owner: str | None
    key: K


class Recent(Generic[K, T]):
    """`fetch`, with a memory of what it was asked. `owner` is who asks at the moment, for answers that are private."""

    def __init__(self, fetch: Fetch[K, T], owner: Callable[[], str | None] = lambda: None) -> None:
        self._fetch = fetch
        self._by_itself = fetch if isinstance(fetch, EachByItself) else None
        self._near = fetch if isinstance(fetch, AtHand) else None
        self._whole = fetch if isinstance(fetch, AtOnce) else None
        self._owner = owner
        self._asked: OrderedDict[tuple[str | None, K], None] = OrderedDict()

    async def __call__(self, keys: frozenset[K], /) -> Mapping[K, Reading[T]]:
        self._note(keys)
        return await self._fetch(keys)

    async def outcomes(self, keys: frozenset[K], /) -> Mapping[K, Reading[T] | UpstreamError]:
        self._note(keys)
        if self._by_itself is not None:
            return await self._by_itself.outcomes(keys)
        try:
            return await self._fetch(keys)
        except UpstreamError as error:
            return dict.fromkeys(keys, error)

    def at_hand(self, keys: Collection[K], /) -> Mapping[K, Reading[T] | None]:
        self._note(keys)
        return {} if self._near is None else self._near.at_hand(keys)

    def at_once(self, keys: Sequence[K], /) -> Sequence[Reading[T]] | None:
        found = None if self._whole is None else self._whole.at_once(keys)
        if found is not None:  # else they will be asked for in another way
            self._note(keys)
        return found

    def kept(self, key: K) -> Mapping[K, Reading[T] | None]:
        """As `at_hand` of one key, and not remembered as a question."""
        return {} if self._near is None else self._near.at_hand([key])

    def sample(self, most: int) -> list[Asked[K]]:
        """Some of the last questions, by chance."""
        return [Asked(owner, key) for owner, key in random.sample(list(self._asked), min(most, len(self._asked)))]

    def _note(self, keys: Iterable[K]) -> None:
        owner, asked = self._owner(), self._asked
        for key in islice(keys, A_FEW):
            asked[owner, key] = None
            asked.move_to_end((owner, key))
        while len(asked) > KEYS_MAX:
            asked.popitem(last=False)
