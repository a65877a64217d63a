"""Refusals: the business says no. One type for each, so that a client can tell them apart and act."""

import math
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

import strawberry

from domains import durable, loyalty, returns, vocabulary
from domains.loyalty import RedemptionState
from domains.returns import NonReturnableReason, ReturnMethod, ReturnStatus
from domains.vocabulary import SystemRole
from resolvers.reading import by_class, value_of
from resolvers.vocabulary import PointsAmount


def not_asked(error: vocabulary.UpstreamError) -> vocabulary.BackendUnavailable:
    """The refusal for a write that was not begun, because a read before it failed."""
    return vocabulary.BackendUnavailable(
        message=f"{error.public_message} Nothing was changed.",
        retryable=error.retryable,
        retry_after_seconds=None if error.retry_after_s is None else math.ceil(error.retry_after_s),
        system=error.system,
    )


@strawberry.interface(description="Why something was not done.")
class Refusal:
    record: ClassVar[type[vocabulary.Refusal]]
    """The domain's refusal, by which objects of the type are recognised."""

    code: str = strawberry.field(description="Names the refusal for programs; it never changes.")
    message: str = strawberry.field(description="Why, and what to do, in a sentence for people.")
    path: list[str] | None = strawberry.field(description="Leads to the member of the arguments that is at fault.")
    retryable: bool = strawberry.field(description="Whether the same request may succeed later.")
    retry_after_seconds: int | None = strawberry.field(description="After how many seconds, when that is known.")

    @classmethod
    @by_class
    def is_type_of(cls, obj: object, _info: object) -> bool:
        return type(value_of(obj)) is cls.record


@strawberry.type(description="Returned when the same idempotency key came with another input.")
class IdempotencyConflict(Refusal):
    record = vocabulary.IdempotencyConflict


@strawberry.type(
    description="Returned when the same request is being carried out at this moment, or when the gateway takes no more "
    "slow writes for now. A repeat with the same idempotency key is safe."
)
class RetryLater(Refusal):
    record = durable.RetryLater


@strawberry.type(
    description="Returned when the system that must decide cannot be asked now, or did not say what it did. Its "
    "message says which; a repeat with the same idempotency key is safe in both cases."
)
class BackendUnavailable(Refusal):
    record = vocabulary.BackendUnavailable

    system: SystemRole = strawberry.field(description="The system that did not answer.")


@strawberry.type(description="Returned when the membership has fewer points available than are to be held or spent.")
class InsufficientPoints(Refusal):
    record = loyalty.InsufficientPoints

    available: PointsAmount = strawberry.field(description="How many points are available.")


@strawberry.type(description="Returned when there is no such membership, or it is not the caller's.")
class MembershipNotFound(Refusal):
    record = loyalty.MembershipNotFound


@strawberry.type(description="Returned when there is no such redemption, or it is not the caller's.")
class RedemptionNotFound(Refusal):
    record = loyalty.RedemptionNotFound


@strawberry.type(
    description="Returned when the redemption is no longer held, so that nothing is left to spend or to give back."
)
class IllegalRedemptionState(Refusal):
    record = loyalty.IllegalRedemptionState

    state: RedemptionState = strawberry.field(description="What it is instead; UNKNOWN when the engine did not say.")


@strawberry.type(description="Returned when there is no such order, or it is not the caller's.")
class OrderNotFound(Refusal):
    record = returns.OrderNotFound


@strawberry.type(description="Returned when an item was delivered too long ago.")
class ReturnWindowExpired(Refusal):
    record = returns.ReturnWindowExpired

    expired_at: datetime = strawberry.field(description="When its return window closed.")


@strawberry.type(description="Returned when an item may not come back in any quantity.")
class ItemNotReturnable(Refusal):
    record = returns.ItemNotReturnable

    reason: NonReturnableReason = strawberry.field(description="Why it may not.")


@strawberry.type(description="Returned when more of an item is to come back than may.")
class QuantityExceeded(Refusal):
    record = returns.QuantityExceeded

    available: Decimal = strawberry.field(description="How much may come back.")


@strawberry.type(description="Returned when the items cannot all come back by the method that was chosen.")
class MethodNotOffered(Refusal):
    record = returns.MethodNotOffered

    offered: list[ReturnMethod] = strawberry.field(description="The methods by which they all can; none if none does.")


@strawberry.type(description="Returned when there is no such return, or it is not the caller's to change.")
class ReturnNotFound(Refusal):
    record = returns.ReturnNotFound


@strawberry.type(
    description="Returned when a return has come too far, or not far enough, for what is asked of it: what was "
    "received cannot be canceled, and what is not authorized cannot be received."
)
class IllegalReturnState(Refusal):
    record = returns.IllegalReturnState

    state: ReturnStatus = strawberry.field(
        description="How far it has come; UNKNOWN when the order system did not say."
    )
