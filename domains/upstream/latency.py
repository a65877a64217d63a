"""How long a capability has lately taken to answer."""

from __future__ import annotations

import math
from collections import deque

from domains.upstream.policy import WirePolicy


class Latency:
    """Quantiles over the newest answers: at most `latency_samples_max`, none older than `latency_window_s`.

    Only answers are taken in: a fault that comes quickly says nothing about how long an answer takes. A call that we
    cut is taken in as at least as long as it ran and never below the estimate, so that impatience alone cannot talk the
    estimate down.
    """

    def __init__(self, policy: WirePolicy) -> None:
        self._policy = policy
        self._samples: deque[tuple[float, float]] = deque(maxlen=policy.latency_samples_max)
        self._longest_s = 0.0  # no kept sample is longer
        self._next_probe = -math.inf

    def answered(self, elapsed_s: float, now: float) -> None:
        self._samples.append((now, elapsed_s))
        self._longest_s = max(self._longest_s, elapsed_s)

    def cut(self, elapsed_s: float, now: float) -> None:
        self.answered(max(elapsed_s, self.quantile_s(0.95, now) or 0.0), now)

    def quantile_s(self, share: float, now: float) -> float | None:
        """The time within which `share` of the recent answers came; None with fewer than `latency_minimum` of them."""
        oldest = now - self._policy.latency_window_s
        while self._samples and self._samples[0][0] < oldest:
            self._samples.popleft()
        if len(self._samples) < max(1, self._policy.latency_minimum):
            return None
        ordered = sorted(elapsed_s for _, elapsed_s in self._samples)
        self._longest_s = ordered[-1]
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def is_too_late(self, remaining_s: float, now: float) -> bool:
        """Whether an answer within `remaining_s` is unlikely enough (less than 1 in 20) not to ask at all.

        Says no once every `latency_probe_every_s` against its own belief, so that the belief can be corrected.
        """
        if remaining_s >= self._longest_s:  # the usual case, and no sorting
            return False
        expected_s = self.quantile_s(0.95, now)
        if expected_s is None or remaining_s >= expected_s:
            return False
        if now >= self._next_probe:
            self._next_probe = now + self._policy.latency_probe_every_s
            return False
        return True
