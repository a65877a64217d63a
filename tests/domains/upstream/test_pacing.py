"""What vendors say about their quotas, and what we make of it."""

import dataclasses

import pytest

from domains.upstream import WirePolicy
from domains.upstream.head import Head
from domains.upstream.pacing import Pacing, may_tell_quota, retry_after_s

POLICY = WirePolicy(pause_default_s=1.0, pause_max_s=60.0)


def paused_s(status: int, headers: dict[str, str], policy: WirePolicy = POLICY) -> float:
    pacing = Pacing(policy)
    pacing.observe(status, headers, 100.0)
    return pacing.wait_s(100.0)


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (200, {}, 0.0),
        (429, {"retry-after": "7"}, 7.0),
        (429, {}, 1.0),
        (429, {"retry-after": "soon"}, 1.0),
        (429, {"retry-after": "86400"}, 60.0),
        (503, {"retry-after": "7"}, 0.0),
        (200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "12"}, 12.0),
        (200, {"ratelimit-remaining": "0", "ratelimit-reset": "3"}, 3.0),
        (200, {"ratelimit-remaining": "1", "ratelimit-reset": "3"}, 0.0),
        (200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1767225600"}, 0.0),
        (200, {"x-ratelimit-remaining": "nan", "x-ratelimit-reset": "inf"}, 0.0),
        (200, {"x-ratelimit-remaining": "0"}, 0.0),
    ],
)
def test_signals(status: int, headers: dict[str, str], seconds: float) -> None:
    """Each signal pauses the system for as long as it says, within our bound; what makes no sense does nothing."""
    assert paused_s(status, headers) == seconds


@pytest.mark.parametrize("name", [b"x-ratelimit-remaining", b"ratelimit-remaining"])
def test_a_good_answer_is_heard_for_its_quota_alone(name: bytes) -> None:
    """Of a 2xx answer only headers that tell what is left of a quota are worth reading."""
    assert may_tell_quota(Head.of([(b"Date", b"now"), (name.title(), b"7")]))
    assert not may_tell_quota(Head.of([(b"Retry-After", b"7"), (b"RateLimit-Reset", b"7")]))


def test_a_pause_is_not_shortened_by_a_later_answer() -> None:
    """An answer that was under way when the quota ran out does not lift the pause; time does."""
    pacing = Pacing(POLICY)
    pacing.observe(429, {"retry-after": "10"}, 0.0)
    pacing.observe(429, {"retry-after": "1"}, 1.0)
    pacing.observe(200, {}, 2.0)
    assert pacing.wait_s(2.0) == 8.0
    assert pacing.wait_s(10.0) == 0.0


def test_no_header_shuts_us_out_for_longer_than_the_bound() -> None:
    """The bound is the policy's, whatever the vendor says."""
    assert paused_s(429, {"retry-after": "900"}, dataclasses.replace(POLICY, pause_max_s=5.0)) == 5.0


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("3", None, 3.0),
        ("-3", None, None),
        ("Fri, 21 Nov 2025 10:00:30 GMT", "Fri, 21 Nov 2025 10:00:00 GMT", 30.0),
        ("Fri, 21 Nov 2025 09:00:00 GMT", "Fri, 21 Nov 2025 10:00:00 GMT", 0.0),
        ("Fri, 21 Nov 2025 10:00:30 GMT", None, None),
        ("Fri, 21 Nov 2025 10:00:30 -0000", "Fri, 21 Nov 2025 10:00:00 GMT", None),
        ("tomorrow", "Fri, 21 Nov 2025 10:00:00 GMT", None),
    ],
)
def test_retry_after(value: str, date: str | None, seconds: float | None) -> None:
    """Seconds and dates are understood; dates are measured by the system's own clock."""
    assert retry_after_s({"retry-after": value} | ({"date": date} if date else {})) == seconds
