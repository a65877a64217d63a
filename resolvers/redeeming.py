"""Setting points aside, and giving them back."""

from decimal import Decimal
from typing import Annotated

import strawberry

from domains import loyalty
from domains.loyalty import HoldPoints, VoidRedemption
from domains.vocabulary import MembershipId, RedemptionId, Refusal, UpstreamError
from resolvers.context import Info
from resolvers.directives import LOYALTY_LIVE
from resolvers.identity import name_of, native_id, scoped_key
from resolvers.loyalty import visible_memberships
from resolvers.ownership import serves
from resolvers.redemption import LoyaltyRedemption, visible_redemptions
from resolvers.refusals import (
    BackendUnavailable,
    IdempotencyConflict,
    IllegalRedemptionState,
    InsufficientPoints,
    MembershipNotFound,
    RedemptionNotFound,
    not_asked,
)

HOLD_S = 900
"""A quarter of an hour: a checkout's length, with a pause for finding the card."""


@strawberry.input(description="Which points to set aside.")
class LoyaltyRedemptionHoldInput:
    membership_id: strawberry.ID = strawberry.field(description="Whose points.")
    points: Decimal = strawberry.field(description="How many: more than 0.")
    basket_reference: str | None = strawberry.field(
        default=None, description="Names the basket, for people and reports."
    )
    ttl_seconds: int = strawberry.field(
        default=HOLD_S, description="After how many seconds they are given back unless they are spent: a week at most."
    )
    idempotency_key: str = strawberry.field(
        description="Names this request, 1 to 255 characters: a repeat with the same key changes nothing more."
    )


@strawberry.input(description="Which held points to give back.")
class LoyaltyRedemptionVoidInput:
    redemption_id: strawberry.ID = strawberry.field(description="The redemption that holds them.")
    idempotency_key: str = strawberry.field(
        description="Names this request, 1 to 255 characters: a repeat with the same key changes nothing more."
    )


HoldResult = Annotated[
    LoyaltyRedemption | InsufficientPoints | MembershipNotFound | IdempotencyConflict | BackendUnavailable,
    strawberry.union("LoyaltyRedemptionHoldResult", description="The redemption that holds the points, or why not."),
]
VoidResult = Annotated[
    LoyaltyRedemption | RedemptionNotFound | IllegalRedemptionState | IdempotencyConflict | BackendUnavailable,
    strawberry.union("LoyaltyRedemptionVoidResult", description="The voided redemption, or why it is not voided."),
]


async def _hold(
    info: Info,
    given: Annotated[LoyaltyRedemptionHoldInput, strawberry.argument(name="input", description="What to hold.")],
) -> loyalty.LoyaltyRedemption | Refusal:
    context = info.context
    command = HoldPoints(
        membership_id=MembershipId(native_id("LoyaltyMembership", given.membership_id, "input", "membershipId")),
        points=given.points,
        basket_reference=given.basket_reference and name_of(given.basket_reference, "input", "basketReference"),
        ttl_s=given.ttl_seconds,
        idempotency_key=scoped_key(
            context.caller, "loyaltyRedemptionHold", given.idempotency_key, "input", "idempotencyKey"
        ),
    )
    if not serves(context.caller):
        (own,) = await visible_memberships(info, [command.membership_id])
        if isinstance(own, UpstreamError):
            return not_asked(own)
        if own is None:
            return loyalty.MembershipNotFound(
                message=f"There is no membership {command.membership_id}. Check the id.",
                path=("input", "membershipId"),
            )
    answer = await loyalty.hold(context.retail.loyalty, command)
    context.loaders.forget()
    return answer


async def _void(
    info: Info,
    given: Annotated[LoyaltyRedemptionVoidInput, strawberry.argument(name="input", description="What to give back.")],
) -> loyalty.LoyaltyRedemption | Refusal:
    context = info.context
    command = VoidRedemption(
        redemption_id=RedemptionId(native_id("LoyaltyRedemption", given.redemption_id, "input", "redemptionId")),
        idempotency_key=scoped_key(
            context.caller, "loyaltyRedemptionVoid", given.idempotency_key, "input", "idempotencyKey"
        ),
    )
    if not serves(context.caller):
        (own,) = await visible_redemptions(info, [command.redemption_id])
        if isinstance(own, UpstreamError):
            return not_asked(own)
        if own is None:
            return loyalty.RedemptionNotFound(
                message=f"There is no redemption {command.redemption_id}. Check the id.",
                path=("input", "redemptionId"),
            )
    answer = await loyalty.void(context.retail.loyalty, command)
    context.loaders.forget()
    return answer


@strawberry.type
class LoyaltyMutation:
    loyalty_redemption_hold: object = strawberry.field(
        resolver=_hold,
        graphql_type=HoldResult | None,
        description="Set points aside for a basket, so that they can be spent with it and with nothing else.",
        directives=LOYALTY_LIVE,
    )
    loyalty_redemption_void: object = strawberry.field(
        resolver=_void,
        graphql_type=VoidResult | None,
        description="Give held points back.",
        directives=LOYALTY_LIVE,
    )
