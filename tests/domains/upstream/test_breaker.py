"""The breaker against a model that remembers everything and computes from scratch."""

import dataclasses
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from domains.upstream import BreakerState, Verdict, WirePolicy
from domains.upstream.breaker import BUCKETS, Breaker, Permit

POLICY = WirePolicy(
    window_s=10.0, minimum_calls=4, failure_ratio=0.5, slow_call_s=0.5, slow_ratio=0.75, cool_down_s=1.0,
    cool_down_max_s=8.0, jitter_ratio=0.5,
)  # fmt: skip
JITTER = 0.75  # what a jitter_ratio of 0.5 makes of a random number of 0.5
GOOD, FAILED, IGNORED = Verdict.SUCCESS, Verdict.FAILURE, Verdict.IGNORED


class BreakerMachine(RuleBasedStateMachine):
    """Any order of time passing, calls starting and calls ending, late ones included."""

    permits = Bundle("permits")

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.breaker = Breaker(POLICY, random=lambda: 0.5)
        self.state = BreakerState.CLOSED
        self.history: list[tuple[int, bool, bool]] = []
        self.open_until = 0.0
        self.cool_down_s = POLICY.cool_down_s
        self.probe: Permit | None = None
        self.since_change: list[Permit] = []

    def change(self, state: BreakerState) -> None:
        self.state, self.probe, self.since_change = state, None, []

    def open(self) -> None:
        self.open_until = self.now + min(self.cool_down_s, POLICY.cool_down_max_s) * JITTER
        self.change(BreakerState.OPEN)

    @rule(seconds=st.sampled_from([0.01, 0.5, 1.0, 3.0, 12.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(target=permits)
    def a_call_starts(self) -> Any:
        permit = self.breaker.admit(self.now)
        if self.state is BreakerState.OPEN and self.now >= self.open_until:
            self.change(BreakerState.HALF_OPEN)
        refused = self.state is BreakerState.OPEN or self.probe is not None
        assert (permit is None) == refused
        if permit is None:
            return None
        self.since_change.append(permit)
        if self.state is BreakerState.HALF_OPEN:
            self.probe = permit
        return permit

    @rule(
        permit=consumes(permits), verdict=st.sampled_from(Verdict), elapsed_s=st.sampled_from([0.0, 0.49, 0.5, 2.0])
    )  # fmt: skip
    def a_call_ends(self, permit: Permit | None, verdict: Verdict, elapsed_s: float) -> None:
        if permit is None:
            return
        self.breaker.settle(permit, verdict, elapsed_s, self.now)
        if not any(permit is known for known in self.since_change):
            return
        slow = elapsed_s >= POLICY.slow_call_s
        if self.state is BreakerState.HALF_OPEN:
            self.probe = None
            if verdict is GOOD and not slow:
                self.history, self.cool_down_s = [], POLICY.cool_down_s
                self.change(BreakerState.CLOSED)
            elif verdict is not IGNORED:
                self.cool_down_s *= 2
                self.open()
        elif verdict is not IGNORED:
            bucket = int(self.now / (POLICY.window_s / BUCKETS))
            self.history.append((bucket, verdict is FAILED, slow))
            recent = [entry for entry in self.history if entry[0] > bucket - BUCKETS]
            failures, slows = sum(entry[1] for entry in recent), sum(entry[2] for entry in recent)
            bad = verdict is FAILED or slow
            if bad and len(recent) >= 4 and (failures / len(recent) >= 0.5 or slows / len(recent) >= 0.75):
                self.open()

    @invariant()
    def both_are_in_the_same_state(self) -> None:
        assert self.breaker.state is self.state

    @invariant()
    def one_probe_at_a_time(self) -> None:
        if self.state is BreakerState.HALF_OPEN:
            assert (self.breaker.refused_for_s(self.now) is not None) == (self.probe is not None)

    @invariant()
    def refusals_say_until_when(self) -> None:
        if self.state is BreakerState.OPEN:
            left = self.open_until - self.now
            assert self.breaker.refused_for_s(self.now) == (left if left > 0 else None)


TestBreakerMachine = BreakerMachine.TestCase
TestBreakerMachine.settings = settings(max_examples=60, stateful_step_count=50)


def tripped(policy: WirePolicy = POLICY, now: float = 0.0) -> Breaker:
    breaker = Breaker(policy, random=lambda: 0.0)
    for _ in range(policy.minimum_calls):
        end(breaker, FAILED, now)
    assert breaker.state is BreakerState.OPEN
    return breaker


def end(breaker: Breaker, verdict: Verdict, now: float, elapsed_s: float = 0.0) -> None:
    permit = breaker.admit(now)
    assert permit is not None
    breaker.settle(permit, verdict, elapsed_s, now)


def test_few_calls_open_nothing() -> None:
    """Below the minimum volume not even failures alone open the breaker."""
    breaker = Breaker(POLICY, random=lambda: 0.0)
    for _ in range(POLICY.minimum_calls - 1):
        end(breaker, FAILED, 0.0)
    assert breaker.state is BreakerState.CLOSED


def test_slow_answers_open_it() -> None:
    """A system that answers everything correctly but slowly is given a rest as well."""
    breaker = Breaker(POLICY, random=lambda: 0.0)
    for _ in range(4):
        end(breaker, GOOD, 0.0, elapsed_s=0.6)
    assert breaker.state is BreakerState.OPEN


def test_old_failures_are_forgotten() -> None:
    """Failures from before the window do not add up with new ones."""
    breaker = Breaker(POLICY, random=lambda: 0.0)
    for now in (0.0, 4.0, 8.0, 12.0, 16.0, 20.0):
        end(breaker, FAILED, now)
    assert breaker.state is BreakerState.CLOSED


def test_a_good_answer_opens_nothing() -> None:
    """When the good answers from before an outage are forgotten first, those that come after it do not pay for that."""
    breaker = Breaker(POLICY, random=lambda: 0.0)
    for now, verdict in ((0.0, GOOD), (0.0, GOOD), (0.0, GOOD), (6.0, FAILED), (6.0, FAILED), (7.0, GOOD)):
        end(breaker, verdict, now)
    for _ in range(2):
        end(breaker, GOOD, 11.0)
        assert breaker.state is BreakerState.CLOSED
    end(breaker, FAILED, 11.0)
    assert breaker.state is BreakerState.OPEN


def test_cool_down_doubles_up_to_its_maximum() -> None:
    """Each failed probe doubles the wait: 1, 2, 4, 8 and then always 8 seconds."""
    breaker, now, waits = tripped(), 0.0, []
    for _ in range(6):
        waits.append(breaker.refused_for_s(now))
        now += waits[-1] or 0.0
        end(breaker, FAILED, now)
    assert waits == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0]


def test_a_month_of_outage_does_not_overflow() -> None:
    """The doubling stays finite however often probes fail."""
    policy = dataclasses.replace(POLICY, cool_down_max_s=30.0)
    breaker, now = tripped(policy), 0.0
    for _ in range(5_000):
        now += breaker.refused_for_s(now) or 0.0
        end(breaker, FAILED, now)
    assert breaker.refused_for_s(now) == 30.0


def test_an_abandoned_probe_gives_its_place_back() -> None:
    """When the caller of the probe goes away, the next call probes; nobody waits for an end that never comes."""
    breaker = tripped()
    probe = breaker.admit(1.0)
    assert probe is not None
    assert breaker.admit(1.0) is None
    breaker.settle(probe, IGNORED, 3.0, 1.0)
    end(breaker, GOOD, 1.0)
    assert breaker.state is BreakerState.CLOSED


def test_a_late_end_does_not_speak_for_the_probe() -> None:
    """A call from before the outage that ends well while the breaker is half open closes nothing."""
    breaker = Breaker(POLICY, random=lambda: 0.0)
    early = breaker.admit(0.0)
    assert early is not None
    for _ in range(4):
        end(breaker, FAILED, 0.0)
    assert breaker.admit(1.0) is not None
    breaker.settle(early, GOOD, 0.0, 1.0)
    assert breaker.state is BreakerState.HALF_OPEN
