"""The latency estimate: when it speaks, when it keeps quiet, and how it recovers."""

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from domains.upstream import WirePolicy
from domains.upstream.latency import Latency

POLICY = WirePolicy(latency_minimum=10, latency_samples_max=100, latency_window_s=10.0, latency_probe_every_s=1.0)


def latency(samples: list[float], now: float = 0.0) -> Latency:
    estimate = Latency(POLICY)
    for sample in samples:
        estimate.answered(sample, now)
    return estimate


def test_few_samples_say_nothing() -> None:
    """With fewer than the minimum there is no estimate and no call is held back."""
    estimate = latency([0.9] * 9)
    assert estimate.quantile_s(0.95, 0.0) is None
    assert not estimate.is_too_late(0.001, 0.0)


def test_quantiles_are_those_of_the_sorted_samples() -> None:
    """p50 and p95 of 1 to 100 ms are 51 and 96 ms (the value that at least this share lies below)."""
    estimate = latency([n / 1000 for n in range(1, 101)])
    assert estimate.quantile_s(0.5, 0.0) == 0.051
    assert estimate.quantile_s(0.95, 0.0) == 0.096
    assert estimate.quantile_s(1.0, 0.0) == 0.1


def test_calls_without_a_chance_are_not_made_but_for_one_a_second() -> None:
    """With less time than p95 left a call is held back, except one per second that may prove the estimate wrong."""
    estimate = latency([0.4] * 20)
    assert not estimate.is_too_late(0.4, 0.0)
    assert [estimate.is_too_late(0.1, now) for now in (0.0, 0.1, 0.9, 1.0, 1.1)] == [False, True, True, False, True]


def test_old_samples_and_surplus_samples_are_forgotten() -> None:
    """Slowness is forgiven when the window has passed, and the ring holds no more than its size."""
    estimate = latency([0.4] * 20)
    assert estimate.quantile_s(0.95, 10.1) is None
    estimate = latency([0.4] * 20 + [0.1] * 100)
    assert estimate.quantile_s(0.99, 0.0) == 0.1


def test_impatience_cannot_talk_the_estimate_down() -> None:
    """A call cut early counts as at least the estimate; cut late, it raises it."""
    estimate = latency([0.4] * 20)
    for _ in range(200):
        estimate.cut(0.05, 0.0)
    assert estimate.quantile_s(0.95, 0.0) == 0.4
    for _ in range(200):
        estimate.cut(0.7, 0.0)
    assert estimate.is_too_late(0.5, 5.0) is False
    assert estimate.is_too_late(0.5, 5.1) is True


def test_memory_is_bounded() -> None:
    """Any number of answers keeps as many samples as the policy says."""
    estimate = Latency(dataclasses.replace(POLICY, latency_samples_max=16))
    for n in range(10_000):
        estimate.answered(float(n), 0.0)
    assert estimate.quantile_s(0.0, 0.0) == 10_000 - 16


def hung() -> Latency:
    """Answers of 10 ms for a while, then 20 calls that were cut after 2 s, the last at second 4."""
    estimate = latency([0.01] * 80, now=0.0)
    for _ in range(20):
        estimate.cut(2.0, 4.0)
    return estimate


def test_a_probe_that_is_answered_ends_the_doubt() -> None:
    """After a hang calls are held back until one probe comes back in time, not until the cuts are too old."""
    estimate = hung()
    assert [estimate.is_too_late(1.9, now) for now in (4.0, 4.1)] == [False, True]
    estimate.answered(0.01, 4.2)
    assert [estimate.is_too_late(1.9, now) for now in (4.2, 4.3)] == [False, False]


def test_a_probe_that_is_cut_or_slow_confirms_the_doubt() -> None:
    """Neither another cut nor an answer that took as long as was feared opens the way."""
    estimate = hung()
    assert not estimate.is_too_late(1.9, 4.0)
    estimate.cut(1.9, 5.9)
    estimate.answered(2.0, 6.0)
    assert not estimate.is_too_late(1.9, 6.0)  # the next probe
    assert estimate.is_too_late(1.9, 6.1)


def test_an_answer_to_an_earlier_question_is_no_proof() -> None:
    """Only an answer to what was asked since the probe set off says that the system is well again."""
    estimate = hung()
    assert not estimate.is_too_late(1.9, 4.0)
    estimate.answered(0.5, 4.2)
    assert estimate.is_too_late(1.9, 4.3)


def test_answers_that_were_slow_are_not_forgotten_for_a_quick_one() -> None:
    """What was measured stands beside a quick probe; only what was guessed gives way to it."""
    estimate = latency([0.4] * 20)
    assert not estimate.is_too_late(0.1, 0.0)
    estimate.answered(0.01, 0.1)
    assert estimate.is_too_late(0.1, 0.2)


def quantile(taken: list[tuple[float, float]], share: float, now: float) -> float | None:
    young = sorted(elapsed_s for at, elapsed_s in taken if at >= now - POLICY.latency_window_s)
    return young[min(len(young) - 1, int(share * len(young)))] if len(young) >= POLICY.latency_minimum else None


@given(
    answers=st.lists(st.tuples(st.floats(0, 2), st.floats(0, 3), st.booleans()), min_size=1, max_size=250),
    share=st.floats(0, 1),
)
def test_the_order_is_kept_as_samples_come_and_go(answers: list[tuple[float, float, bool]], share: float) -> None:
    """Whenever somebody asks, a quantile is that of the newest answers that are young enough, however many came since
    the last question."""
    estimate, now = Latency(POLICY), 0.0
    taken: list[tuple[float, float]] = []
    for elapsed_s, pause_s, is_asked in answers:
        now += pause_s if is_asked else pause_s / 100
        estimate.answered(elapsed_s, now)
        taken = [*taken, (now, elapsed_s)][-POLICY.latency_samples_max :]
        if is_asked:
            assert estimate.quantile_s(share, now) == quantile(taken, share, now)
    assert estimate.quantile_s(share, now) == quantile(taken, share, now)


@given(
    elapsed_s=st.lists(st.floats(0, 2), min_size=10, max_size=150), left_s=st.floats(0, 2), asked_at=st.integers(0, 149)
)
def test_who_has_enough_time_is_never_held_back(elapsed_s: list[float], left_s: float, asked_at: int) -> None:
    """A call is held back exactly where it has less time than p95, whether or not there was a question before."""
    estimate = latency(elapsed_s[:asked_at])
    estimate.is_too_late(0.0, 0.0)  # the probe of this second, if there is anything to be disproved
    for one in elapsed_s[asked_at:]:
        estimate.answered(one, 0.0)
    p95 = quantile([(0.0, one) for one in elapsed_s[-POLICY.latency_samples_max :]], 0.95, 0.0)
    assert p95 is not None
    estimate.is_too_late(-1.0, 0.0)  # the same, for who has no time at all
    assert estimate.is_too_late(left_s, 0.5) == (left_s < p95)
