"""What a Wire remembers of one capability."""

from __future__ import annotations

from collections.abc import Callable

from domains.upstream.breaker import Breaker, BreakerState
from domains.upstream.latency import Latency
from domains.upstream.policy import WirePolicy
from domains.upstream.snapshot import CapabilitySnapshot


class Lane:
    """Breaker, latency and counts of one capability: pricing may fail without closing stock."""

    def __init__(
        self,
        capability: str,
        policy: WirePolicy,
        random: Callable[[], float],
        on_change: Callable[[BreakerState], None],
    ) -> None:
        self.capability = capability
        self.breaker = Breaker(policy, random=random, on_change=on_change)
        self.latency = Latency(policy)
        self.calls = 0
        self.failures = 0
        self.shed = 0
        self.in_flight = 0

    def snapshot(self, now: float) -> CapabilitySnapshot:
        return CapabilitySnapshot(
            capability=self.capability,
            breaker=self.breaker.state,
            open_for_s=self.breaker.refused_for_s(now) or 0.0,
            calls=self.calls,
            failures=self.failures,
            shed=self.shed,
            in_flight=self.in_flight,
            p50_s=self.latency.quantile_s(0.5, now),
            p99_s=self.latency.quantile_s(0.99, now),
        )
