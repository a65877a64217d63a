"""The life of a reservation, as one table."""

from collections.abc import Mapping

from domains.inventory.model import ReservationState

_FINAL: frozenset[ReservationState] = frozenset()

TRANSITIONS: Mapping[ReservationState, frozenset[ReservationState]] = {
    ReservationState.CREATED: frozenset(
        {ReservationState.COMMITTED, ReservationState.RELEASED, ReservationState.EXPIRED, ReservationState.UNKNOWN}
    ),
    # Committed to an order: it no longer expires, and its stock comes back only if the order is cancelled.
    ReservationState.COMMITTED: frozenset(
        {ReservationState.FULFILLED, ReservationState.RELEASED, ReservationState.UNKNOWN}
    ),
    ReservationState.RELEASED: _FINAL,
    ReservationState.EXPIRED: _FINAL,
    ReservationState.FULFILLED: _FINAL,
    # A write that was not answered leaves UNKNOWN; reading the OMS again then tells any of the others.
    ReservationState.UNKNOWN: frozenset(ReservationState) - {ReservationState.UNKNOWN},
}
"""What each state may become next."""


def may_become(state: ReservationState, following: ReservationState) -> bool:
    """Whether a reservation in `state` may go to `following` in one step. Staying is no step."""
    return following in TRANSITIONS[state]
