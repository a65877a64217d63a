"""Retries: which, when, and never more than the budget."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.upstream import Call, WirePolicy
from domains.upstream.retry import BURST_S, RetryBudget, retry_delay_s, time_for_retries_s
from domains.vocabulary import (
    BreakerOpen,
    DeadlineExceeded,
    SystemRole,
    UpstreamError,
    UpstreamFailed,
    UpstreamGarbled,
    UpstreamRejected,
    UpstreamSaturated,
    UpstreamThrottled,
    UpstreamTimeout,
    UpstreamUnreachable,
    stand_in_at_hand,
)

OMS = SystemRole.OMS
POLICY = WirePolicy(retries_max=2, retry_base_s=0.1, retry_max_s=0.3, retry_after_max_s=2.0)
READ = Call("stock", bytes)
PASSING = [UpstreamUnreachable, UpstreamTimeout, UpstreamFailed, UpstreamThrottled]
FINAL = [UpstreamGarbled, UpstreamSaturated, BreakerOpen, DeadlineExceeded]


def delay_s(error: UpstreamError, call: Call = READ, attempts: int = 1, random: float = 1.0) -> float | None:
    return retry_delay_s(error, call, attempts, POLICY, lambda: random)


@pytest.mark.parametrize("kind", PASSING)
def test_what_may_pass_is_asked_again(kind: type[UpstreamError]) -> None:
    """Faults that pass by themselves are retried for reads."""
    assert delay_s(kind(OMS, "stock")) is not None


@pytest.mark.parametrize("error", [*(kind(OMS, "stock") for kind in FINAL), UpstreamRejected(OMS, "stock", status=409)])
def test_what_stays_is_final(error: UpstreamError) -> None:
    """A refusal, an unreadable body and everything we decided ourselves are not retried."""
    assert delay_s(error) is None


def test_only_keyed_writes_are_repeated() -> None:
    """A write without an idempotency key is asked once, whatever happened; with a key it is like a read."""
    failed = UpstreamFailed(OMS, "orders")
    assert delay_s(failed, Call("orders", bytes, write=True)) is None
    assert delay_s(failed, Call("orders", bytes, write=True, idempotency_key="k")) is not None


def test_attempts_are_limited() -> None:
    """After `retries_max` retries the error is final."""
    failed = UpstreamFailed(OMS, "stock")
    assert delay_s(failed, attempts=POLICY.retries_max) is not None
    assert delay_s(failed, attempts=POLICY.retries_max + 1) is None


@given(st.integers(1, 2), st.floats(0, 1), st.none() | st.floats(0, 2))
def test_delays_have_full_jitter_on_top_of_retry_after(attempts: int, random: float, asked_s: float | None) -> None:
    """The delay lies anywhere between what the system asks for and that plus the doubling ceiling."""
    delay = delay_s(UpstreamFailed(OMS, "stock", retry_after_s=asked_s), attempts=attempts, random=random)
    assert delay is not None
    assert delay == pytest.approx((asked_s or 0.0) + random * min(0.3, 0.1 * 2 ** (attempts - 1)))


def test_a_long_retry_after_is_for_the_caller() -> None:
    """A wait beyond the limit is not sat out inside the call."""
    assert delay_s(UpstreamFailed(OMS, "stock", retry_after_s=2.1)) is None


@given(
    st.floats(0, 1),
    st.floats(0, 5),
    st.lists(st.tuples(st.floats(0, 2), st.integers(0, 5), st.integers(0, 20)), max_size=40),
)
def test_the_budget_is_never_exceeded(ratio: float, floor: float, story: list[tuple[float, int, int]]) -> None:
    """However calls, answers and pauses mix, attempts stay within (1 + ratio) x calls + floor x (seconds + 1)."""
    policy = dataclasses.replace(POLICY, retry_budget_ratio=ratio, retry_floor_per_s=floor)
    now, calls, retries = 500.0, 0, 0
    budget = RetryBudget(policy, now)
    for pause_s, answered, failed in story:
        now += pause_s
        calls += answered + failed
        for _ in range(answered):
            budget.earn()
        retries += sum(budget.spend(now) for _ in range(failed))
    assert calls + retries <= (1 + ratio) * calls + floor * (now - 500.0) + floor + 1e-6


def test_what_is_saved_up_is_bounded() -> None:
    """A quiet hour does not buy a storm of retries."""
    budget = RetryBudget(dataclasses.replace(POLICY, retry_floor_per_s=2.0), 0.0)
    assert sum(budget.spend(3600.0) for _ in range(1000)) == 2 * BURST_S


def test_with_a_stand_in() -> None:
    """With something to fall back on retries go on until a call counts as slow; else until the time is up."""
    assert time_for_retries_s(4.0, 1.0, POLICY) == 4.0
    with stand_in_at_hand():
        assert time_for_retries_s(4.0, 0.1, POLICY) == pytest.approx(POLICY.slow_call_s - 0.1)
        assert time_for_retries_s(0.2, 0.1, POLICY) == 0.2
        assert time_for_retries_s(4.0, POLICY.timeout_s, POLICY) < 0
