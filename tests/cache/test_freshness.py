"""How long an answer is good for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache import FreshnessPolicy
from cache.freshness import Verdict

times = st.floats(min_value=0, max_value=1e6)
shares = st.floats(min_value=0, max_value=1)
policies = st.builds(
    FreshnessPolicy,
    fresh_s=times,
    stale_while_revalidate_s=times,
    stale_if_error_s=times,
    negative_s=times,
    jitter_ratio=shares,
)
ORDER = list(Verdict)


@given(policy=policies, luck=st.floats(min_value=0, max_value=1, exclude_max=True), ages=st.tuples(times, times))
def test_verdicts_only_get_worse(policy: FreshnessPolicy, luck: float, ages: tuple[float, float]) -> None:
    """As an entry ages, what may be done with it only becomes less."""
    younger, older = sorted(ages)
    for absent in (False, True):
        verdicts = [policy.judge(age, luck, absent=absent) for age in (younger, older)]
        assert ORDER.index(verdicts[0]) <= ORDER.index(verdicts[1])


@given(policy=policies, luck=st.floats(min_value=0, max_value=1, exclude_max=True), age=times)
def test_nothing_is_dropped_while_it_is_of_use(policy: FreshnessPolicy, luck: float, age: float) -> None:
    """Whatever a verdict may still allow is kept, and jitter only ever shortens."""
    for absent in (False, True):
        if policy.judge(age, luck, absent=absent) is not Verdict.GONE:
            assert age < policy.keep_s(absent=absent)
        if policy.judge(age, luck, absent=absent) is Verdict.FRESH:
            assert policy.judge(age, 0.0, absent=absent) is Verdict.FRESH


@pytest.mark.parametrize(
    ("age_s", "verdict"),
    [
        (0, Verdict.FRESH), (9.9, Verdict.FRESH), (10, Verdict.STALE), (29.9, Verdict.STALE), (30, Verdict.FALLBACK),
        (69.9, Verdict.FALLBACK), (70, Verdict.GONE),
    ],
)  # fmt: skip
def test_the_bounds(age_s: float, verdict: Verdict) -> None:
    """Both stale times count from the end of the fresh one."""
    policy = FreshnessPolicy(fresh_s=10, stale_while_revalidate_s=20, stale_if_error_s=60, jitter_ratio=0.5)
    assert policy.judge(age_s, 0.0) is verdict
    assert policy.judge(6, 0.9) is Verdict.STALE


@pytest.mark.parametrize("numbers", [{"fresh_s": -1}, {"fresh_s": 1, "jitter_ratio": 1.1}])
def test_nonsense_is_refused(numbers: dict[str, float]) -> None:
    """Negative times and shares above one are mistakes of a settings file, found when it is read."""
    with pytest.raises(ValueError):
        FreshnessPolicy(**numbers)


@given(policy=policies, luck=st.floats(min_value=0, max_value=1, exclude_max=True), age=times)
def test_what_is_surely_fresh_is_fresh(policy: FreshnessPolicy, luck: float, age: float) -> None:
    """Below the age that every draw of the jitter allows no entry has to be judged by itself."""
    if age < policy.surely_fresh_s:
        assert policy.judge(age, luck) is Verdict.FRESH
