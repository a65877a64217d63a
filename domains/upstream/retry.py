"""Which calls are worth asking again, when, and how many of them a system in trouble is made to bear."""

from __future__ import annotations

from collections.abc import Callable

from domains.upstream.call import Call
from domains.upstream.policy import WirePolicy
from domains.vocabulary import (
    UpstreamError,
    UpstreamFailed,
    UpstreamThrottled,
    UpstreamTimeout,
    UpstreamUnreachable,
    has_stand_in,
)

# What passes by itself. Not UpstreamGarbled: the same question brings the same body. Not what was never asked.
PASSING = (UpstreamUnreachable, UpstreamTimeout, UpstreamFailed, UpstreamThrottled)
BURST_S = 10  # a budget saves up at most ten seconds of its floor


class RetryBudget:
    """Tokens for retries, of one system: each answered call earns a share of one, each second earns the floor.

    Over any stretch of time the retries are at most `retry_budget_ratio` of the answered calls, plus the floor times
    the seconds, plus what was saved up (ten seconds of floor, and at least one).
    """

    def __init__(self, policy: WirePolicy, now: float) -> None:
        self._ratio = policy.retry_budget_ratio
        self._floor_per_s = policy.retry_floor_per_s
        self.tokens_max = max(1.0, BURST_S * policy.retry_floor_per_s)
        self.tokens = min(self.tokens_max, policy.retry_floor_per_s)
        self._filled_at = now

    def earn(self) -> None:
        """An answered call pays in its share."""
        if self.tokens < self.tokens_max:  # it is nearly always full
            self.tokens = min(self.tokens_max, self.tokens + self._ratio)

    def spend(self, now: float) -> bool:
        """Take one retry out; False when the budget does not allow it."""
        self.tokens = min(self.tokens_max, self.tokens + max(0.0, now - self._filled_at) * self._floor_per_s)
        self._filled_at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


def retry_delay_s(
    error: UpstreamError, call: Call, attempts: int, policy: WirePolicy, random: Callable[[], float]
) -> float | None:
    """Seconds to wait before asking again after the `attempts`-th attempt ended in `error`; None when it is final.

    Full jitter (a random share of a doubling ceiling), on top of what the system's Retry-After asks for.
    """
    if attempts > policy.retries_max or not call.repeatable or not isinstance(error, PASSING):
        return None
    asked_s = error.retry_after_s or 0.0
    if asked_s > policy.retry_after_max_s:
        return None
    ceiling_s = min(policy.retry_max_s, policy.retry_base_s * 2.0 ** (attempts - 1))
    return asked_s + random() * ceiling_s


def time_for_retries_s(left_s: float, spent_s: float, policy: WirePolicy) -> float:
    """Seconds in which a further answer would have to come, `spent_s` after the call began.

    What its caller has left; where they have something to fall back on, no more than makes a call slow. So a fault that
    passes in a moment is still hidden, and a system that stalls is not waited for twice before the last known answer.
    """
    return min(left_s, policy.slow_call_s - spent_s) if has_stand_in() else left_s
