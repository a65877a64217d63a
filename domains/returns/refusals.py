"""Why a return is not authorized."""

from decimal import Decimal
from typing import ClassVar

from domains.returns.model import NonReturnableReason, ReturnMethod
from domains.vocabulary import Instant, Refusal


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
