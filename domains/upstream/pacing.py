"""Listening to a vendor's quota: when it says that we have asked enough for now, nobody asks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from domains.upstream.head import Head
from domains.upstream.policy import WirePolicy

# The de-facto headers, and those of draft-ietf-httpapi-ratelimit-headers up to its sixth version.
_QUOTAS = (("x-ratelimit-remaining", "x-ratelimit-reset"), ("ratelimit-remaining", "ratelimit-reset"))
_REMAINING = b"ratelimit-remaining"  # in the names of all of them
_DAY_S = 86_400.0  # a reset above this is a point in time, not seconds to go; vendors disagree, so it is left alone


class Pacing:
    """The pause of one system. Quotas belong to our account there, so it holds for all capabilities."""

    def __init__(self, policy: WirePolicy) -> None:
        self._policy = policy
        self._paused_until = -math.inf

    def wait_s(self, now: float) -> float:
        """Seconds until the system may be asked again; 0 when it may be asked now."""
        wait_s = self._paused_until - now
        return wait_s if wait_s > 0 else 0.0

    def observe(self, status: int, headers: Mapping[str, str], now: float) -> None:
        """Take in what an answer says about the quota. `headers` are looked up in lower case."""
        pause_s = 0.0
        if status == 429:
            asked_s = retry_after_s(headers)
            pause_s = self._policy.pause_default_s if asked_s is None else asked_s
        for remaining_name, reset_name in _QUOTAS:
            if remaining_name not in headers:
                continue
            remaining, reset_s = _seconds(headers.get(remaining_name)), _seconds(headers.get(reset_name))
            if remaining is not None and remaining < 1 and reset_s is not None and reset_s <= _DAY_S:
                pause_s = max(pause_s, reset_s)
        if pause_s:
            self._paused_until = max(self._paused_until, now + min(pause_s, self._policy.pause_max_s))


def may_tell_quota(head: Head) -> bool:
    """Whether a head may say anything that `Pacing.observe` takes in besides a status."""
    return head.may_name(_REMAINING)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that Retry-After asks for, as seconds or as a date (RFC 9110, 10.2.3); None when it says nothing usable.

    A date is read against the answer's own Date header: both come from the same clock, ours may differ.
    """
    value = headers.get("retry-after")
    seconds = _seconds(value)
    if seconds is not None or value is None:
        return seconds
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError):  # not dates, or one with a zone and one without
        return None
    return max(0.0, wait.total_seconds())


def _seconds(value: str | None) -> float | None:
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
