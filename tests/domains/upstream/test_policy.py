"""Policies that contradict themselves are refused, and every role has one that does not."""

import dataclasses

import pytest

from domains.upstream import DEFAULTS, WirePolicy
from domains.vocabulary import SystemRole


@pytest.mark.parametrize(
    "numbers",
    [
        {"timeout_s": 0.0},
        {"slots_max": 0},
        {"queue_max": -1},
        {"failure_ratio": 1.5},
        {"failure_ratio": 0.0},
        {"slow_call_s": 2.0, "timeout_s": 1.0},
        {"cool_down_s": 60.0, "cool_down_max_s": 30.0},
    ],
)
def test_contradictions_are_refused(numbers: dict[str, float]) -> None:
    """A number out of its range, or two that cannot both hold, never become a policy."""
    with pytest.raises(ValueError):
        dataclasses.replace(WirePolicy(), **numbers)  # type: ignore[arg-type]  # the field types vary by name


def test_every_role_has_a_policy() -> None:
    """No system is left to numbers that nobody thought about."""
    assert set(DEFAULTS) == set(SystemRole)
