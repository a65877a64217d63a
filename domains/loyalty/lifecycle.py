"""The life of a redemption, as one table."""

from collections.abc import Mapping

from domains.loyalty.model import RedemptionState

_FINAL: frozenset[RedemptionState] = frozenset()

TRANSITIONS: Mapping[RedemptionState, frozenset[RedemptionState]] = {
    RedemptionState.HELD: frozenset(
        {RedemptionState.CAPTURED, RedemptionState.VOIDED, RedemptionState.EXPIRED, RedemptionState.UNKNOWN}
    ),
    RedemptionState.CAPTURED: frozenset({RedemptionState.REVERSED, RedemptionState.UNKNOWN}),
    RedemptionState.VOIDED: _FINAL,
    RedemptionState.EXPIRED: _FINAL,
    RedemptionState.REVERSED: _FINAL,
    # A write that was not answered leaves UNKNOWN; reading the engine again then tells any of the others.
    RedemptionState.UNKNOWN: frozenset(RedemptionState) - {RedemptionState.UNKNOWN},
}
"""What each state may become next."""


def may_become(state: RedemptionState, following: RedemptionState) -> bool:
    """Whether a redemption in `state` may go to `following` in one step. Staying is no step."""
    return following in TRANSITIONS[state]
