"""Why a return is not authorized, or goes no further."""

from decimal import Decimal
from typing import ClassVar

from domains.returns.model import NonReturnableReason, ReturnMethod, ReturnStatus
from domains.vocabulary import Instant, Refusal, ReturnId


class OrderNotFound(Refusal, frozen=True, kw_only=True):
    """Returned when the OMS knows no order of this id."""

    code: ClassVar[str] = "ORDER_NOT_FOUND"


class ReturnWindowExpired(Refusal, frozen=True, kw_only=True):
    """Returned when an item was delivered too long ago; `expired_at` is when its return window closed."""

    code: ClassVar[str] = "RETURN_WINDOW_EXPIRED"
    expired_at: Instant


class ItemNotReturnable(Refusal, frozen=True, kw_only=True):
    """Returned when an item may not come back in any quantity, for the `reason` given."""

    code: ClassVar[str] = "ITEM_NOT_RETURNABLE"
    reason: NonReturnableReason


class QuantityExceeded(Refusal, frozen=True, kw_only=True):
    """Returned when more of an item is to come back than may; `available` is how much may."""

    code: ClassVar[str] = "QUANTITY_EXCEEDED"
    available: Decimal


class MethodNotOffered(Refusal, frozen=True, kw_only=True):
    """Returned when the items cannot all come back by this method; `offered` are those by which they can."""

    code: ClassVar[str] = "METHOD_NOT_OFFERED"
    offered: tuple[ReturnMethod, ...]


class ReturnNotFound(Refusal, frozen=True, kw_only=True):
    """Returned when the OMS knows no return of this id."""

    code: ClassVar[str] = "RETURN_NOT_FOUND"


class IllegalReturnState(Refusal, frozen=True, kw_only=True):
    """Returned when a return has come too far, or not far enough, for what is asked of it.

    `state` is how far it has come; UNKNOWN when the OMS did not say.
    """

    code: ClassVar[str] = "ILLEGAL_RETURN_STATE"
    state: ReturnStatus


def return_not_found(return_id: ReturnId) -> ReturnNotFound:
    """The refusal for a return that is not there, or not the caller's to change."""
    return ReturnNotFound(message=f"There is no return {return_id}. Check the id.", path=("input", "returnId"))
