"""Latency and quota."""

import random
import statistics

import pytest

from domains.sandbox.chassis import USUAL
from domains.sandbox.chassis.weather import TokenBucket


def test_latency_is_spread_and_stays_within_its_limits() -> None:
    """The ERP takes 80 to 300 ms, around 140; the other systems are several times quicker."""
    dice = random.Random(1)
    drawn = {role: [weather.latency.draw_s(dice) for _ in range(2000)] for role, weather in USUAL.items()}
    assert 0.08 <= min(drawn["ERP"]) < max(drawn["ERP"]) <= 0.3
    medians = {role: statistics.median(seconds) for role, seconds in drawn.items()}
    expected = {"ERP": 0.14, "OMS": 0.015, "LOYALTY": 0.02, "CRM": 0.04}
    assert medians == pytest.approx(expected, rel=0.1)


def test_the_same_seed_draws_the_same_latencies() -> None:
    """Latency is random and repeatable."""
    one, two = random.Random(7), random.Random(7)
    latency = USUAL["ERP"].latency
    assert [latency.draw_s(one) for _ in range(5)] == [latency.draw_s(two) for _ in range(5)]


def test_a_bucket_grants_its_rate() -> None:
    """A burst of one second's worth is granted, then one call each time the clock has moved far enough."""
    now = [0.0]
    bucket = TokenBucket(4, lambda: now[0])
    assert [bucket.take() for _ in range(4)] == [0, 0, 0, 0]
    assert bucket.take() == pytest.approx(0.25)
    now[0] = 0.25
    assert bucket.take() == 0
    assert bucket.take() > 0
    now[0] = 100.0
    assert [bucket.take() > 0 for _ in range(5)] == [False] * 4 + [True]


@pytest.mark.parametrize(("per_s", "wait_s"), [(0.0, 1.0), (0.5, 2.0)])
def test_small_rates(per_s: float, wait_s: float) -> None:
    """A rate of 0 grants nothing; a rate below one still grants a first call."""
    bucket = TokenBucket(per_s, lambda: 0.0)
    assert (bucket.take() == 0) is (per_s > 0)
    assert bucket.take() == pytest.approx(wait_s)
