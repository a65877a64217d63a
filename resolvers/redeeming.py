"""Setting points aside, spending them, and giving them back."""

from decimal import Decimal
from typing import Annotated

import strawberry

from domains import loyalty
from domains.loyalty import CaptureRedemption, HoldPoints, VoidRedemption
from domains.vocabulary import IdempotencyKey, MembershipId, RedemptionId, Refusal, UpstreamError
from resolvers.context import Info
from resolvers.directives import LOYALTY_LIVE, Cost
from resolvers.identity import name_of, native_id
from resolvers.keyed import KEY_DESCRIPTION, once
from resolvers.loyalty import visible_memberships
from resolvers.marks import AUTHENTICATED, scopes_needed, tagged
from resolvers.ownership import serves
from resolvers.redemption import LoyaltyRedemption, visible_redemptions
from resolvers.refusals import (
    BackendUnavailable,
    IdempotencyConflict,
    IllegalRedemptionState,
    InsufficientPoints,
    MembershipNotFound,
    RedemptionNotFound,
    RetryLater,
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
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="Which held points to spend.")
class LoyaltyRedemptionCaptureInput:
    redemption_id: strawberry.ID = strawberry.field(description="The redemption that holds them.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="Which held points to give back.")
class LoyaltyRedemptionVoidInput:
    redemption_id: strawberry.ID = strawberry.field(description="The redemption that holds them.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


HoldResult = Annotated[
    LoyaltyRedemption | InsufficientPoints | MembershipNotFound | IdempotencyConflict | RetryLater | BackendUnavailable,
    strawberry.union("LoyaltyRedemptionHoldResult", description="The redemption that holds the points, or why not."),
]
CaptureResult = Annotated[
    LoyaltyRedemption
    | RedemptionNotFound
    | IllegalRedemptionState
    | InsufficientPoints
    | IdempotencyConflict
    | RetryLater
    | BackendUnavailable,
    strawberry.union("LoyaltyRedemptionCaptureResult", description="The spent redemption, or why it is not spent."),
]
VoidResult = Annotated[
    LoyaltyRedemption
    | RedemptionNotFound
    | IllegalRedemptionState
    | IdempotencyConflict
    | RetryLater
    | BackendUnavailable,
    strawberry.union("LoyaltyRedemptionVoidResult", description="The voided redemption, or why it is not voided."),
]


async def _hold(
    info: Info,
    given: Annotated[LoyaltyRedemptionHoldInput, strawberry.argument(name="input", description="What to hold.")],
) -> loyalty.LoyaltyRedemption | Refusal:
    context = info.context
    membership_id = MembershipId(native_id("LoyaltyMembership", given.membership_id, "input", "membershipId"))
    basket_reference = given.basket_reference and name_of(given.basket_reference, "input", "basketReference")

    async def work(key: IdempotencyKey) -> loyalty.LoyaltyRedemption | Refusal:
        if not serves(context.caller):
            (own,) = await visible_memberships(info, [membership_id])
            if isinstance(own, UpstreamError):
                return not_asked(own)
            if own is None:
                return loyalty.MembershipNotFound(
                    message=f"There is no membership {membership_id}. Check the id.",
                    path=("input", "membershipId"),
                )
        command = HoldPoints(
            membership_id=membership_id,
            points=given.points,
            basket_reference=basket_reference,
            ttl_s=given.ttl_seconds,
            idempotency_key=key,
        )
        return await loyalty.hold(context.retail.loyalty, command)

    answers = (loyalty.LoyaltyRedemption, loyalty.InsufficientPoints, loyalty.MembershipNotFound)
    return await once(info, "loyaltyRedemptionHold", given.idempotency_key, given, answers, work)


async def _void(
    info: Info,
    given: Annotated[LoyaltyRedemptionVoidInput, strawberry.argument(name="input", description="What to give back.")],
) -> loyalty.LoyaltyRedemption | Refusal:
    context = info.context
    redemption_id = RedemptionId(native_id("LoyaltyRedemption", given.redemption_id, "input", "redemptionId"))

    async def work(key: IdempotencyKey) -> loyalty.LoyaltyRedemption | Refusal:
        if not serves(context.caller):
            (own,) = await visible_redemptions(info, [redemption_id])
            if isinstance(own, UpstreamError):
                return not_asked(own)
            if own is None:
                return loyalty.redemption_not_found(redemption_id)
        command = VoidRedemption(redemption_id=redemption_id, idempotency_key=key)
        return await loyalty.void(context.retail.loyalty, command)

    answers = (loyalty.LoyaltyRedemption, loyalty.RedemptionNotFound, loyalty.IllegalRedemptionState)
    return await once(info, "loyaltyRedemptionVoid", given.idempotency_key, given, answers, work)


async def _capture(
    info: Info,
    given: Annotated[LoyaltyRedemptionCaptureInput, strawberry.argument(name="input", description="What to spend.")],
) -> loyalty.LoyaltyRedemption | Refusal:
    context = info.context
    redemption_id = RedemptionId(native_id("LoyaltyRedemption", given.redemption_id, "input", "redemptionId"))

    async def work(key: IdempotencyKey) -> loyalty.LoyaltyRedemption | Refusal:
        if not serves(context.caller):
            # What a shopper holds is spent with their order, and by nothing else.
            return loyalty.redemption_not_found(redemption_id)
        command = CaptureRedemption(redemption_id=redemption_id, idempotency_key=key)
        return await loyalty.capture(context.retail.loyalty, command)

    answers = (
        loyalty.LoyaltyRedemption,
        loyalty.RedemptionNotFound,
        loyalty.IllegalRedemptionState,
        loyalty.InsufficientPoints,
    )
    return await once(info, "loyaltyRedemptionCapture", given.idempotency_key, given, answers, work)


@strawberry.type
class LoyaltyMutation:
    loyalty_redemption_hold: object = strawberry.field(
        resolver=_hold,
        graphql_type=HoldResult | None,
        description="Set points aside for a basket, so that they can be spent with it and with nothing else.",
        directives=(*LOYALTY_LIVE, Cost(loyalty=4), *tagged("account"), AUTHENTICATED),
    )
    loyalty_redemption_capture: object = strawberry.field(
        resolver=_capture,
        graphql_type=CaptureResult | None,
        description="Spend held points at a till, by those who serve customers. An order that was submitted with its "
        "redemption spends it by itself.",
        directives=(*LOYALTY_LIVE, *tagged("service"), scopes_needed("loyalty:capture")),
    )
    loyalty_redemption_void: object = strawberry.field(
        resolver=_void,
        graphql_type=VoidResult | None,
        description="Give held points back.",
        directives=(*LOYALTY_LIVE, Cost(loyalty=3), *tagged("account"), AUTHENTICATED),
    )
