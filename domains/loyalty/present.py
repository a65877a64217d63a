"""What the engine itself says now."""

from typing import TypeVar

from domains.vocabulary import Fetch, FreshnessTier, SystemRole, UpstreamUnreachable, freshest_within

K = TypeVar("K")
T = TypeVar("T")


async def at_present(fetch: Fetch[K, T], key: K) -> T | None:
    """What there is under `key`; None when there is no such thing.

    Raises UpstreamError, and that too where only an older answer is remembered: it does not say what was written since.
    """
    with freshest_within(0):
        reading = (await fetch(frozenset({key}))).get(key)
    if reading is not None and reading.tier is FreshnessTier.STALE_DEGRADED:
        raise UpstreamUnreachable(SystemRole.LOYALTY, "redemptions", "only an older answer is remembered")
    return None if reading is None else reading.value
