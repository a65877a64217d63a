"""How what a cache holds is answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from cache.store import Entry
from domains.vocabulary import FreshnessTier, Reading, UpstreamError

K = TypeVar("K")
T = TypeVar("T")


def there(fresh: Mapping[K, Reading[T] | None]) -> dict[K, Reading[T] | UpstreamError]:
    """Without the keys that are known to be absent."""
    return {key: reading for key, reading in fresh.items() if reading is not None}


def stale(entry: Entry[T], *, failing: bool) -> Reading[T]:
    """The reading of an entry past its fresh time, and how it stands now. Raises LookupError when there is none."""
    reading = entry.reading
    if reading is None:
        raise LookupError("an absent answer is fresh or gone, never stale")
    tier = FreshnessTier.STALE_DEGRADED if failing else FreshnessTier.STALE_OK
    return Reading(reading.value, reading.source, tier, reading.observed_at, reading.max_age_s)
