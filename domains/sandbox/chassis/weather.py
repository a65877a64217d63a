"""What a system is like on an ordinary day: how long it takes, and how many calls a second it grants."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Latency:
    """A log-normal spread around `median_ms`, cut at `least_ms` and `most_ms`."""

    median_ms: float
    sigma: float
    least_ms: float
    most_ms: float

    def draw_s(self, dice: random.Random) -> float:
        drawn_ms = dice.lognormvariate(math.log(self.median_ms), self.sigma)
        return min(max(drawn_ms, self.least_ms), self.most_ms) / 1000


@dataclass(frozen=True)
class Weather:
    """`latency_scale` multiplies every latency; 0 turns it off. `quota_per_s` None grants any number of calls."""

    latency: Latency
    quota_per_s: float | None = None
    latency_scale: float = 1.0
    seed: int = 1


STILL = Weather(latency=Latency(1, 0, 1, 1), latency_scale=0)
"""No latency and no quota."""

USUAL = {
    "ERP": Weather(latency=Latency(median_ms=140, sigma=0.35, least_ms=80, most_ms=300), quota_per_s=40),
    "OMS": Weather(latency=Latency(median_ms=15, sigma=0.2, least_ms=8, most_ms=40)),
    "LOYALTY": Weather(latency=Latency(median_ms=20, sigma=0.2, least_ms=10, most_ms=50)),
    "CRM": Weather(latency=Latency(median_ms=40, sigma=0.2, least_ms=20, most_ms=100)),
}
"""The four systems of the sandbox: a slow ERP that counts calls, and three that are made for traffic."""


class TokenBucket:
    """Grants `per_s` calls a second, with a burst of one second's worth (at least one call unless `per_s` is 0)."""

    def __init__(self, per_s: float, ticks: Callable[[], float]) -> None:
        self._per_s = per_s
        self._most = max(per_s, 1.0) if per_s > 0 else 0.0
        self._ticks = ticks
        self._tokens = self._most
        self._filled_at = ticks()

    def take(self) -> float:
        """0 when the call is granted; otherwise the seconds until the next one may be (1 when never)."""
        now = self._ticks()
        self._tokens = min(self._most, self._tokens + (now - self._filled_at) * self._per_s)
        self._filled_at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) / self._per_s if self._per_s > 0 else 1.0
