"""A return takes only the steps of its table."""

import pytest

from domains.returns import ReturnStatus, may_become, may_have_become

STEPS = {
    "REQUESTED": {"AUTHORIZED", "DECLINED", "CANCELED"},
    "AUTHORIZED": {"PARTIALLY_RECEIVED", "RECEIVED", "REFUND_PENDING", "CANCELED", "CLOSED"},
    "PARTIALLY_RECEIVED": {"RECEIVED", "REFUND_PENDING", "CLOSED"},
    "RECEIVED": {"REFUND_PENDING", "REFUNDED", "CLOSED"},
    "REFUND_PENDING": {"REFUNDED", "CLOSED"},
    "REFUNDED": {"CLOSED"},
    "DECLINED": set(),
    "CANCELED": set(),
    "CLOSED": set(),
    "UNKNOWN": {status.value for status in ReturnStatus} - {"UNKNOWN"},
}


@pytest.mark.parametrize("status", ReturnStatus)
@pytest.mark.parametrize("following", ReturnStatus)
def test_only_these_steps_are_taken(status: ReturnStatus, following: ReturnStatus) -> None:
    """Every pair of statuses is either one of the steps or refused; nothing is canceled once goods have come."""
    assert may_become(status, following) is (following.value in STEPS[status.value])


def test_every_return_can_end() -> None:
    """From every status a final one can be reached."""
    final = {status for status in ReturnStatus if not any(may_become(status, other) for other in ReturnStatus)}
    ends = set(final)
    for _ in ReturnStatus:
        ends |= {status for status in ReturnStatus if any(may_become(status, other) for other in ends)}
    assert ends == set(ReturnStatus)


@pytest.mark.parametrize("status", ReturnStatus)
def test_a_step_that_was_taken_is_behind(status: ReturnStatus) -> None:
    """Whoever repeats a step finds the return where it leads or beyond: a canceled one is canceled and nothing else."""
    assert may_have_become(status, status)
    assert may_have_become(status, ReturnStatus.CANCELED) is (status is ReturnStatus.CANCELED)
    reached = {"RECEIVED", "REFUND_PENDING", "REFUNDED", "CLOSED"}
    assert may_have_become(status, ReturnStatus.RECEIVED) is (status.value in reached)
