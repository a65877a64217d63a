"""Fetch and Reading: how every read of the house looks."""

import enum
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Generic, Protocol, TypeVar, runtime_checkable

import msgspec

from domains.vocabulary.errors import UpstreamError
from domains.vocabulary.scoped import Scoped

T = TypeVar("T")
K = TypeVar("K")
K_contra = TypeVar("K_contra", contravariant=True)


class FreshnessTier(enum.Enum):
    """How an answer relates to its source, best first."""

    LIVE = "LIVE"  # asked just now
    FRESH = "FRESH"  # from a cache or projection, within its fresh time
    STALE_OK = "STALE_OK"  # past its fresh time, being refreshed, within what its policy allows
    STALE_DEGRADED = "STALE_DEGRADED"  # the source is failing; the last known value stands in

    # As SystemRole has it: tiers are compared, by their rank, for each field of an answer.
    __hash__ = object.__hash__


class Reading(msgspec.Struct, Generic[T], frozen=True, gc=False):
    """A value and where it is from, so that freshness travels with the data to the client.

    `source` names the system and vendor ("oms:open"). `observed_at` is when the source knew it, in seconds since the
    epoch; `max_age_s` is how long after that the value still counts as fresh.
    """

    value: T
    source: str
    tier: FreshnessTier
    observed_at: float
    max_age_s: float


class Fetch(Protocol[K, T]):
    """Every read: many keys in, what is known out.

    An absent key was not found. A raise (an `UpstreamError`) means that nothing is known about any of them.
    """

    async def __call__(self, keys: frozenset[K], /) -> "Mapping[K, Reading[T]]": ...


@runtime_checkable
class EachByItself(Protocol[K, T]):
    """A Fetch that can also say key by key what is known and what failed: one failure then spares the rest."""

    async def outcomes(self, keys: frozenset[K], /) -> "Mapping[K, Reading[T] | UpstreamError]": ...


@runtime_checkable
class AtHand(Protocol[K, T]):
    """A Fetch that can also say what it can answer without waiting: None of a key that is known not to be found.

    Keys that are left out have to be asked for.
    """

    def at_hand(self, keys: Collection[K], /) -> "Mapping[K, Reading[T] | None]": ...


@runtime_checkable
class AtOnce(Protocol[K_contra, T]):
    """A Fetch that can often answer a whole question without waiting, and faster than key by key.

    One reading for each key in order, repeats included; None when that is not so, and the question has to be asked. A
    tuple that was asked for before may be answered by a Row, the same as long as the readings are.
    """

    def at_once(self, keys: Sequence[K_contra], /) -> "Sequence[Reading[T]] | None": ...


@runtime_checkable
class InBatches(Protocol[K, T]):
    """A Fetch that asks its source for up to `keys_max` keys in one call, and for one key as for many.

    So asks of several callers may go out as one, and none of them is answered anything else for it.
    """

    @property
    def keys_max(self) -> int: ...

    async def __call__(self, keys: frozenset[K], /) -> "Mapping[K, Reading[T]]": ...


_has_stand_in: ContextVar[bool] = ContextVar("retailgraph_has_stand_in", default=False)


def stand_in_at_hand() -> AbstractContextManager[None]:
    """Reads inside have an older answer to fall back on for all of their keys: nobody is served by trying for long."""
    return Scoped(_has_stand_in, True)


def has_stand_in() -> bool:
    """Whether the reader of the moment has something to fall back on for whatever it asks."""
    return _has_stand_in.get()


_demanded_age_s: ContextVar[float | None] = ContextVar("retailgraph_demanded_age_s", default=None)


def freshest_within(seconds: float | None) -> AbstractContextManager[None]:
    """Reads inside want nothing older than `seconds`: what remembers an older answer asks its source again.

    It is a wish: when the source cannot be asked, or knows nothing newer, the older answer comes with its age in it.
    None takes back a wish from further out.
    """
    return Scoped(_demanded_age_s, seconds)


def demanded_age_s() -> float | None:
    """How old an answer the reader of the moment wants at most; None when it is left to each cache."""
    return _demanded_age_s.get()
