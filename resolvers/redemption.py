"""Redemptions: points set aside for a basket, spent, or given back."""

from collections.abc import Sequence
from datetime import datetime

import strawberry

from domains import loyalty
from domains.loyalty import RedemptionState
from domains.vocabulary import Reading, RedemptionId, UpstreamError
from resolvers.context import Info
from resolvers.identity import Node, node_id
from resolvers.ownership import may_see, serves
from resolvers.pagination import Connection, Edge
from resolvers.vocabulary import Money, PointsAmount


@strawberry.type(description="Points set aside for, or spent on, a basket.")
class LoyaltyRedemption(Node):
    record = loyalty.LoyaltyRedemption

    id: strawberry.ID = node_id("LoyaltyRedemption")
    state: RedemptionState = strawberry.field(description="How far it has come.")
    points: PointsAmount = strawberry.field(description="How many points.")
    value: Money | None = strawberry.field(description="What they are worth on the basket.")
    basket_reference: str | None = strawberry.field(description="The basket, as whoever held the points named it.")
    expires_at: datetime | None = strawberry.field(description="When a hold ends by itself.")


@strawberry.type(description="A redemption on a page.")
class LoyaltyRedemptionEdge(Edge):
    node: LoyaltyRedemption = strawberry.field(description="The redemption.")


@strawberry.type(description="One page of redemptions.")
class LoyaltyRedemptionConnection(Connection):
    edges: list[LoyaltyRedemptionEdge] = strawberry.field(description="The redemptions of this page, newest first.")
    nodes: list[LoyaltyRedemption] = strawberry.field(description="The redemptions without their cursors.")


async def visible_redemptions(
    info: Info, ids: Sequence[RedemptionId]
) -> list[Reading[loyalty.LoyaltyRedemption] | UpstreamError | None]:
    """The redemptions of `ids`, None in the place of one that the caller may not see."""
    port, loaders = info.context.retail.loyalty, info.context.loaders
    found = await loaders.of(port.redemptions).settle(ids)
    if serves(info.context.caller):
        return found
    whose = [one.value.membership_id if isinstance(one, Reading) else None for one in found]
    memberships = await loaders.of(port.by_id).settle(whose)
    return [_if_own(info, redemption, membership) for redemption, membership in zip(found, memberships, strict=True)]


def _if_own(
    info: Info,
    redemption: Reading[loyalty.LoyaltyRedemption] | UpstreamError | None,
    membership: Reading[loyalty.LoyaltyMembership] | UpstreamError | None,
) -> Reading[loyalty.LoyaltyRedemption] | UpstreamError | None:
    if not isinstance(redemption, Reading) or isinstance(membership, UpstreamError):
        return membership if isinstance(membership, UpstreamError) else redemption
    return redemption if membership and may_see(info.context.caller, membership.value.customer_id) else None
