"""A redemption takes only the steps of its table."""

import pytest

from domains.loyalty import RedemptionState, may_become

STEPS = {
    ("HELD", "CAPTURED"),
    ("HELD", "VOIDED"),
    ("HELD", "EXPIRED"),
    ("HELD", "UNKNOWN"),
    ("CAPTURED", "REVERSED"),
    ("CAPTURED", "UNKNOWN"),
    ("UNKNOWN", "HELD"),
    ("UNKNOWN", "CAPTURED"),
    ("UNKNOWN", "VOIDED"),
    ("UNKNOWN", "EXPIRED"),
    ("UNKNOWN", "REVERSED"),
}


@pytest.mark.parametrize("state", RedemptionState)
@pytest.mark.parametrize("following", RedemptionState)
def test_only_these_steps_are_taken(state: RedemptionState, following: RedemptionState) -> None:
    """Every pair of states is either one of the steps or refused; nobody spends points that were given back."""
    assert may_become(state, following) is ((state.value, following.value) in STEPS)
