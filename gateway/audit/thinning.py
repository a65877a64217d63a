"""Which refusals are recorded one by one, so that nobody fills the disk by asking what is refused."""

from __future__ import annotations

import time
from collections.abc import Callable

from cachetools import LRUCache

CALLERS_MAX = 10_000
BURST, PER_S = 20.0, 1.0
"""A person who is refused twenty times in a row has been told; so has whoever reads the log."""


class Thinning:
    """A bucket of tokens for each caller: without one a refusal is only counted, for the next that is recorded."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._buckets: LRUCache[str, tuple[float, float, int]] = LRUCache(CALLERS_MAX)

    def passed_over(self, subject: str) -> int | None:
        """How many refusals of `subject` were passed over before this one, which is to be recorded; None: pass it over
        too."""
        now = self._monotonic()
        tokens, filled_at, count = self._buckets.get(subject, (BURST, now, 0))
        tokens = min(BURST, tokens + (now - filled_at) * PER_S)
        if tokens < 1:
            self._buckets[subject] = (tokens, now, count + 1)
            return None
        self._buckets[subject] = (tokens - 1, now, 0)
        return count
