"""How long a capability has lately taken to answer."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque

import msgspec

from domains.upstream.policy import WirePolicy

SORT_FROM = 32
"""So many that came and went since the last question take as long as sorting all."""


class Latency:
    """Quantiles over the newest answers: at most `latency_samples_max`, none older than `latency_window_s`.

    Only answers are taken in: a fault that comes quickly says nothing about how long an answer takes. A call that we
    cut is taken in as at least as long as it ran and never below the estimate, so that impatience alone cannot talk the
    estimate down. That is a guess, which a probe that is answered sooner disproves: then the cuts are forgotten, or a
    system that hung for a moment would not be asked until they are all too old.
    """

    def __init__(self, policy: WirePolicy) -> None:
        self._policy = policy
        self._samples: deque[_Sample] = deque()
        # Their lengths in order, less what came and went since the last question. Sorting them at every question took
        # 25 us of each call that was cut or had little time, and a system that hangs has many of those; keeping them in
        # order with every answer is for nothing where nobody asks.
        self._ordered: list[float] = []
        self._came: list[float] = []
        self._went: list[float] = []
        self._longest_s = 0.0  # of those there were since the last question
        self._next_probe = -math.inf
        self._probed_at: float | None = None
        self._doubted_s = 0.0  # the estimate that the probe is to disprove

    def answered(self, elapsed_s: float, now: float) -> None:
        if self._probed_at is not None and now - elapsed_s >= self._probed_at and elapsed_s < self._doubted_s:
            self._probed_at = None
            self._samples = deque(one for one in self._samples if not one.was_cut)
            self._sort()
        self._take(_Sample(now, elapsed_s))

    def cut(self, elapsed_s: float, now: float) -> None:
        self._take(_Sample(now, max(elapsed_s, self.quantile_s(0.95, now) or 0.0), was_cut=True))

    def quantile_s(self, share: float, now: float) -> float | None:
        """The time within which `share` of the recent answers came; None with fewer than `latency_minimum` of them."""
        oldest = now - self._policy.latency_window_s
        while self._samples and self._samples[0].at < oldest:
            self._drop_oldest()
        ordered = self._in_order()
        if len(ordered) < max(1, self._policy.latency_minimum):
            return None
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def is_too_late(self, remaining_s: float, now: float) -> bool:
        """Whether an answer within `remaining_s` is unlikely enough (more than 1 in 20 come later) not to ask.

        Says no once every `latency_probe_every_s` against its own belief, so that the belief can be corrected.
        """
        if remaining_s >= self._longest_s:  # the usual case
            return False
        expected_s = self.quantile_s(0.95, now)
        if expected_s is None or remaining_s >= expected_s:
            return False
        if now >= self._next_probe:
            self._next_probe = now + self._policy.latency_probe_every_s
            self._probed_at, self._doubted_s = now, expected_s
            return False
        return True

    def _take(self, sample: _Sample) -> None:
        self._samples.append(sample)
        if len(self._came) <= SORT_FROM:  # beyond it all are sorted
            self._came.append(sample.elapsed_s)
        self._longest_s = max(self._longest_s, sample.elapsed_s)
        if len(self._samples) > self._policy.latency_samples_max:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        gone = self._samples.popleft()
        if len(self._went) <= SORT_FROM:
            self._went.append(gone.elapsed_s)

    def _in_order(self) -> list[float]:
        """All lengths, sorted."""
        if len(self._came) + len(self._went) > SORT_FROM:
            self._sort()
        for elapsed_s in self._came:
            insort(self._ordered, elapsed_s)
        for elapsed_s in self._went:
            del self._ordered[bisect_left(self._ordered, elapsed_s)]
        self._came.clear()
        self._went.clear()
        self._longest_s = self._ordered[-1] if self._ordered else 0.0
        return self._ordered

    def _sort(self) -> None:
        self._ordered = sorted([one.elapsed_s for one in self._samples])
        self._came.clear()
        self._went.clear()


class _Sample(msgspec.Struct, frozen=True, gc=False):
    at: float
    elapsed_s: float
    was_cut: bool = False
