"""A circuit breaker: stops asking what keeps failing, and finds out carefully when it is well again.

A pure state machine: time and chance are passed in, nothing is awaited. It must be told the end of every call it
admitted, or a half-open breaker waits for its probe for ever.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import NamedTuple

from domains.upstream.policy import WirePolicy

BUCKETS = 10  # the window forgets a tenth of itself at a time: fine enough, and 10 small records per capability


class Verdict(enum.Enum):
    """What the end of a call says about the system. A refusal (4xx) is a SUCCESS: it is well enough to say no."""

    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    IGNORED = "IGNORED"  # it says nothing: we gave up, or the system only asked for fewer calls


class BreakerState(enum.Enum):
    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


# Looked at with every call, and an attribute of an enum is slow to find.
_CLOSED, _HALF_OPEN = BreakerState.CLOSED, BreakerState.HALF_OPEN
_IGNORED, _FAILURE = Verdict.IGNORED, Verdict.FAILURE


class Permit(NamedTuple):
    """Leave to make one call. `era` counts changes of state, so that a late end cannot speak for now."""

    era: int


class Breaker:
    """The breaker of one capability.

    CLOSED counts calls over a sliding window; it opens when, of at least `minimum_calls`, the share of failures or the
    share of slow calls (`slow_call_s` or longer, however they ended) reaches its ratio. OPEN refuses while
    it cools down. HALF_OPEN lets one probe through at a time: a good one closes, a failed or slow one opens again with
    twice the cool-down, an ignored one gives its place to the next call.
    """

    def __init__(
        self,
        policy: WirePolicy,
        *,
        random: Callable[[], float],
        on_change: Callable[[BreakerState], None] = lambda _: None,
    ) -> None:
        self._policy = policy
        self._random = random
        self._on_change = on_change
        self._window = _Window(policy.window_s)
        self._permit = Permit(0)  # one for an era
        self._failed_probes = 0
        self._probing = False
        self._open_until = 0.0
        self.state = BreakerState.CLOSED

    def admit(self, now: float) -> Permit | None:
        """Leave for one call, whose end must be told to `settle`; None when it may not be made."""
        if self.state is _CLOSED:
            return self._permit
        if self.refused_for_s(now) is not None:
            return None
        if self.state is BreakerState.OPEN:
            self._become(BreakerState.HALF_OPEN)
        if self.state is _HALF_OPEN:
            self._probing = True
        return self._permit

    def refused_for_s(self, now: float) -> float | None:
        """Seconds until asking again makes sense; None when a call would be admitted at `now`. Changes nothing."""
        if self.state is _CLOSED:  # as nearly always
            return None
        if self.state is BreakerState.OPEN and now < self._open_until:
            return self._open_until - now
        if self.state is _HALF_OPEN and self._probing:
            return self._policy.slow_call_s  # by then the probe has passed or failed
        return None

    def settle(self, permit: Permit, verdict: Verdict, elapsed_s: float, now: float) -> None:
        """Take in how an admitted call ended. Ends of calls admitted before the last change of state are not heard."""
        if permit.era != self._permit.era:
            return
        slow = elapsed_s >= self._policy.slow_call_s
        if self.state is _HALF_OPEN:
            self._settle_probe(verdict, slow, now)
        elif verdict is not _IGNORED:
            failed = verdict is _FAILURE
            self._window.add(now, failed=failed, slow=slow)
            # A call that ended well never opens it: when good ones from before an outage grow old first, the window
            # gets worse after the system has come back.
            if (failed or slow) and self._window_is_bad(now):
                self._failed_probes = 0
                self._open(now)

    def _settle_probe(self, verdict: Verdict, slow: bool, now: float) -> None:
        self._probing = False
        if verdict is Verdict.IGNORED:
            return
        if verdict is Verdict.SUCCESS and not slow:
            self._window = _Window(self._policy.window_s)
            self._become(BreakerState.CLOSED)
            return
        self._failed_probes += 1
        self._open(now)

    def _window_is_bad(self, now: float) -> bool:
        calls, failures, slow = self._window.totals(now)
        return calls >= self._policy.minimum_calls and (
            failures >= self._policy.failure_ratio * calls or slow >= self._policy.slow_ratio * calls
        )

    def _open(self, now: float) -> None:
        # Ten doublings pass any sensible maximum; more would overflow after a month of outage.
        doubled = self._policy.cool_down_s * 2.0 ** min(self._failed_probes, 10)
        jitter = 1 - self._policy.jitter_ratio * self._random()
        self._open_until = now + min(doubled, self._policy.cool_down_max_s) * jitter
        self._become(BreakerState.OPEN)

    def _become(self, state: BreakerState) -> None:
        self.state = state
        self._permit = Permit(self._permit.era + 1)
        self._on_change(state)


class _Window:
    """Counts of the last `window_s` seconds, in BUCKETS ring places that are reused when their time comes again."""

    def __init__(self, window_s: float) -> None:
        self._width_s = window_s / BUCKETS
        self._ring = [[-BUCKETS, 0, 0, 0] for _ in range(BUCKETS)]  # number of the bucket, calls, failures, slow

    def add(self, now: float, *, failed: bool, slow: bool) -> None:
        number = int(now / self._width_s)
        bucket = self._ring[number % BUCKETS]
        if bucket[0] != number:
            bucket[:] = [number, 0, 0, 0]
        bucket[1] += 1
        bucket[2] += failed
        bucket[3] += slow

    def totals(self, now: float) -> tuple[int, int, int]:
        oldest = int(now / self._width_s) - BUCKETS + 1
        calls = failures = slow = 0
        for number, some_calls, some_failures, some_slow in self._ring:
            if number >= oldest:
                calls += some_calls
                failures += some_failures
                slow += some_slow
        return calls, failures, slow
