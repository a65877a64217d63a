"""A reservation takes only the steps of its table."""

import pytest

from domains.inventory import ReservationState, may_become

STEPS = {
    ("CREATED", "COMMITTED"),
    ("CREATED", "RELEASED"),
    ("CREATED", "EXPIRED"),
    ("COMMITTED", "FULFILLED"),
    ("COMMITTED", "RELEASED"),
    ("CREATED", "UNKNOWN"),
    ("COMMITTED", "UNKNOWN"),
    *(("UNKNOWN", known) for known in ("CREATED", "COMMITTED", "RELEASED", "EXPIRED", "FULFILLED")),
}


@pytest.mark.parametrize("state", ReservationState)
@pytest.mark.parametrize("following", ReservationState)
def test_only_these_steps_are_taken(state: ReservationState, following: ReservationState) -> None:
    """Every pair of states is either one of the steps or refused; what was given back is never sold."""
    assert may_become(state, following) is ((state.value, following.value) in STEPS)
