"""Fetch and Reading: how every read of the house looks."""

import enum
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Generic, Protocol, TypeVar, runtime_checkable

import msgspec

from domains.vocabulary.errors import UpstreamError
from domains.vocabulary.scoped import Scoped

T = TypeVar("T")
K = TypeVar("K")


class FreshnessTier(enum.Enum):
    """How an answer relates to its source, best first."""

    LIVE = "LIVE"  # asked just now
    FRESH = "FRESH"  # from a cache or projection, within its fresh time
    STALE_OK = "STALE_OK"  # past its fresh time, being refreshed, within what its policy allows
    STALE_DEGRADED = "STALE_DEGRADED"  # the source is failing; the last known value stands in

    # As SystemRole has it: tiers are compared, by their rank, for each field of an answer.
    __hash__ = object.__hash__


class Reading(msgspec.Struct, Generic[T], frozen=True):
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
