"""Fetch and Reading: how every read of the house looks."""

import enum
from collections.abc import Mapping
from typing import Generic, Protocol, TypeVar

import msgspec

T = TypeVar("T")
K = TypeVar("K")


class FreshnessTier(enum.Enum):
    """How an answer relates to its source, best first."""

    LIVE = "LIVE"  # asked just now
    FRESH = "FRESH"  # from a cache or projection, within its fresh time
    STALE_OK = "STALE_OK"  # past its fresh time, being refreshed, within what its policy allows
    STALE_DEGRADED = "STALE_DEGRADED"  # the source is failing; the last known value stands in


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
