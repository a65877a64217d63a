"""The life of a return, as one table."""

from collections.abc import Mapping

from domains.returns.model import ReturnStatus

TRANSITIONS: Mapping[ReturnStatus, frozenset[ReturnStatus]] = {
    ReturnStatus.REQUESTED: frozenset({ReturnStatus.AUTHORIZED, ReturnStatus.DECLINED, ReturnStatus.CANCELED}),
    ReturnStatus.AUTHORIZED: frozenset(
        {
            ReturnStatus.PARTIALLY_RECEIVED,
            ReturnStatus.RECEIVED,
            ReturnStatus.REFUND_PENDING,  # the customer keeps the product, or is refunded ahead
            ReturnStatus.CANCELED,
            ReturnStatus.CLOSED,  # nothing came before it expired
        }
    ),
    ReturnStatus.PARTIALLY_RECEIVED: frozenset(
        {ReturnStatus.RECEIVED, ReturnStatus.REFUND_PENDING, ReturnStatus.CLOSED}
    ),
    ReturnStatus.RECEIVED: frozenset({ReturnStatus.REFUND_PENDING, ReturnStatus.REFUNDED, ReturnStatus.CLOSED}),
    ReturnStatus.REFUND_PENDING: frozenset({ReturnStatus.REFUNDED, ReturnStatus.CLOSED}),
    ReturnStatus.REFUNDED: frozenset({ReturnStatus.CLOSED}),
    ReturnStatus.DECLINED: frozenset(),
    ReturnStatus.CANCELED: frozenset(),
    ReturnStatus.CLOSED: frozenset(),
    # A vendor's word that is not understood hides any of the others, and is itself no step that a return takes.
    ReturnStatus.UNKNOWN: frozenset(ReturnStatus) - {ReturnStatus.UNKNOWN},
}
"""What each status may become next. DECLINED, CANCELED and CLOSED are final."""


def may_become(status: ReturnStatus, following: ReturnStatus) -> bool:
    """Whether a return in `status` may go to `following` in one step. Staying is no step."""
    return following in TRANSITIONS[status]


def may_have_become(status: ReturnStatus, following: ReturnStatus) -> bool:
    """Whether a return in `status` may have gone to `following` before, and perhaps further since.

    Who asks for a step a second time, because the first answer was lost, finds the return there.
    """
    reached, unseen = {following}, [following]
    while unseen:
        for after in TRANSITIONS[unseen.pop()] - reached:
            reached.add(after)
            unseen.append(after)
    return status in reached
