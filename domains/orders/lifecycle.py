"""The life of an order, as one table."""

from collections.abc import Mapping

from domains.orders.model import OrderStatus

_S = OrderStatus
_STOPPED = frozenset({_S.MANUAL_REVIEW, _S.ON_HOLD})
_FINAL: frozenset[OrderStatus] = frozenset()

TRANSITIONS: Mapping[OrderStatus, frozenset[OrderStatus]] = {
    _S.CREATED: _STOPPED | {_S.CONFIRMED, _S.PROCESSING, _S.SHIPPED, _S.COMPLETED, _S.CANCELED, _S.UNKNOWN},
    _S.CONFIRMED: _STOPPED | {_S.PROCESSING, _S.SHIPPED, _S.COMPLETED, _S.CANCELED, _S.UNKNOWN},
    # Whoever stopped it lets it go on from where it was.
    _S.MANUAL_REVIEW: frozenset(_S) - {_S.MANUAL_REVIEW},
    _S.ON_HOLD: frozenset(_S) - {_S.ON_HOLD},
    # As long as nothing has left, which `cancelable` knows and a status does not.
    _S.PROCESSING: _STOPPED | {_S.SHIPPED, _S.COMPLETED, _S.CANCELED, _S.UNKNOWN},
    _S.SHIPPED: frozenset({_S.COMPLETED, _S.UNKNOWN}),
    _S.COMPLETED: _FINAL,
    _S.CANCELED: _FINAL,
    # A system that said a word we do not know may say any other next.
    _S.UNKNOWN: frozenset(_S) - {_S.UNKNOWN},
}
"""What each status may become next. Systems report from time to time, so what lies between may be left out."""


def may_become(status: OrderStatus, following: OrderStatus) -> bool:
    """Whether an order in `status` may go to `following` in one step. Staying is no step."""
    return following in TRANSITIONS[status]
