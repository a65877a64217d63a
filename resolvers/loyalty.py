"""The loyalty program, its members, and their points."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

import strawberry
from strawberry.types.lazy_type import LazyType

from domains import loyalty
from domains.loyalty import LedgerEntryStatus, LedgerEntryType, LedgerQuery, RedemptionQuery, RedemptionState
from domains.vocabulary import MembershipId, Reading, UpstreamError
from resolvers.batching import batch_field
from resolvers.context import Info
from resolvers.directives import LOYALTY_LIVE, OMS_LIVE, Degradation
from resolvers.freshness import Freshness, freshness_field
from resolvers.identity import Node, node_id
from resolvers.marks import tagged
from resolvers.ownership import by_channel, may_see, may_see_order
from resolvers.pagination import After, Connection, Edge, First, id_after, page_size, pages_of
from resolvers.reading import each
from resolvers.redemption import LoyaltyRedemptionConnection
from resolvers.roots import root_field
from resolvers.vocabulary import PointsAmount, RewardCurrency

Parents = list[Reading[loyalty.LoyaltyMembership]]
Programs = Reading[tuple[loyalty.LoyaltyProgram, ...]]


@strawberry.type(description="A status level of a loyalty program.")
class LoyaltyTier:
    code: str = strawberry.field(description="Its code, unique within the program.")
    name: str = strawberry.field(description="What customers call it.")
    rank: int = strawberry.field(description="Its place among the levels; 0 is the lowest.")


@strawberry.type(description="A loyalty program: what its points are called, and which levels it has.")
class LoyaltyProgram:
    id: strawberry.ID = strawberry.field(description="The program's own id.")
    name: str = strawberry.field(description="What customers call it.")
    currencies: list[RewardCurrency] = strawberry.field(description="The points it gives.")
    tiers: list[LoyaltyTier] = strawberry.field(description="Its levels.")


@strawberry.type(description="Points that will lapse.")
class PointsExpiry:
    points: PointsAmount = strawberry.field(description="How many.")
    at: date = strawberry.field(description="On which day.")


@strawberry.type(description="What a membership has.")
class LoyaltyBalance:
    available: PointsAmount = strawberry.field(description="May be redeemed now.")
    held: PointsAmount = strawberry.field(description="Set aside by open holds.")
    pending: PointsAmount = strawberry.field(description="Earned, and not yet posted.")
    expiring: list[PointsExpiry] = strawberry.field(description="What will lapse, soonest first.")
    freshness: Freshness = freshness_field()


async def _order(parents: list[Reading[loyalty.LoyaltyLedgerEntry]], info: Info) -> Sequence[object]:
    orders = info.context.loaders.of(info.context.retail.orders.by_id)
    found = await orders.settle([parent.value.order_id for parent in parents])
    caller = info.context.caller
    if not by_channel(caller):
        return found
    return [
        one if not isinstance(one, Reading) or may_see_order(caller, one.value.customer_id, one.value.channel) else None
        for one in found
    ]


@strawberry.type(description="One line of a membership's ledger.")
class LoyaltyLedgerEntry:
    id: strawberry.ID = strawberry.field(description="The entry's own id.")
    type: LedgerEntryType = strawberry.field(description="Why points moved.")
    status: LedgerEntryStatus = strawberry.field(description="How far it has come.")
    points: PointsAmount = strawberry.field(description="How many; negative takes away.")
    order: object = batch_field(
        _order,
        graphql_type=LazyType("Order", "resolvers.orders") | None,
        description="The order they were earned or spent with, if any.",
        degrades=Degradation.LAST_KNOWN,
        served=OMS_LIVE,
    )
    occurred_at: datetime = strawberry.field(description="When they moved.")


@strawberry.type(description="A ledger entry on a page.")
class LoyaltyLedgerEdge(Edge):
    node: LoyaltyLedgerEntry = strawberry.field(description="The entry.")


@strawberry.type(description="One page of a ledger.")
class LoyaltyLedgerConnection(Connection):
    edges: list[LoyaltyLedgerEdge] = strawberry.field(description="The entries of this page, newest first.")
    nodes: list[LoyaltyLedgerEntry] = strawberry.field(description="The entries without their cursors.")


async def _program(parents: Parents, info: Info) -> Sequence[object]:
    programs = await _programs(info)
    by_id = {} if programs is None else {program.value.id: program for program in each(programs, programs.value)}
    wanted = [parent.value.program_id for parent in parents]
    return [None if program_id is None else by_id.get(program_id) for program_id in wanted]


async def _balance(parents: Parents, info: Info) -> Sequence[object]:
    balances = info.context.loaders.of(info.context.retail.loyalty.balances)
    return await balances.settle([parent.value.id for parent in parents])


async def _ledger(parents: Parents, info: Info, first: First = 20, after: After = None) -> Sequence[object]:
    size, last_id = page_size(first), id_after("ledger", after)
    ledger = info.context.loaders.of(info.context.retail.loyalty.ledger)
    found = await ledger.settle([LedgerQuery(parent.value.id, size, last_id) for parent in parents])
    return pages_of("ledger", found, after, lambda entry: entry.id)


async def _redemptions(
    parents: Parents,
    info: Info,
    state: Annotated[RedemptionState | None, strawberry.argument(description="Only those in this state.")] = None,
    first: First = 20,
    after: After = None,
) -> Sequence[object]:
    size, last_id = page_size(first), id_after("redemption", after)
    redemptions = info.context.loaders.of(info.context.retail.loyalty.redemptions_of)
    found = await redemptions.settle([RedemptionQuery(parent.value.id, size, last_id, state) for parent in parents])
    return pages_of("redemption", found, after, lambda redemption: redemption.id)


@strawberry.federation.type(keys=["id"], description="A customer's membership of the loyalty program.")
class LoyaltyMembership(Node):
    record = loyalty.LoyaltyMembership

    id: strawberry.ID = node_id("LoyaltyMembership")
    number: str | None = strawberry.field(description="The number on the customer's card.")
    program: object = batch_field(
        _program,
        graphql_type=LoyaltyProgram | None,
        description="Of which program.",
        degrades=Degradation.LAST_KNOWN,
        served=LOYALTY_LIVE,
    )
    tier: LoyaltyTier | None = strawberry.field(description="Its level now.")
    balance: object = batch_field(
        _balance,
        graphql_type=LoyaltyBalance | None,
        description="Its points now.",
        degrades=Degradation.LAST_KNOWN,
        served=LOYALTY_LIVE,
    )
    ledger: object = batch_field(
        _ledger,
        graphql_type=LoyaltyLedgerConnection | None,
        description="How its points moved, newest first.",
        degrades=Degradation.LAST_KNOWN,
        served=LOYALTY_LIVE,
    )
    redemptions: object = batch_field(
        _redemptions,
        graphql_type=LoyaltyRedemptionConnection | None,
        description="Its points set aside or spent, newest first.",
        degrades=Degradation.LAST_KNOWN,
        served=LOYALTY_LIVE,
    )


async def visible_memberships(
    info: Info, ids: Sequence[MembershipId | None]
) -> list[Reading[loyalty.LoyaltyMembership] | UpstreamError | None]:
    """The memberships of `ids`, None in the place of one that the caller may not see."""
    caller = info.context.caller
    found = await info.context.loaders.of(info.context.retail.loyalty.by_id).settle(ids)
    return [None if isinstance(one, Reading) and not may_see(caller, one.value.customer_id) else one for one in found]


async def _programs(info: Info) -> Programs | None:
    return await info.context.loaders.of(info.context.retail.loyalty.programs).load("programs")


async def _main_program(info: Info) -> Reading[loyalty.LoyaltyProgram] | None:
    programs = await _programs(info)
    return None if programs is None else next(iter(each(programs, programs.value[:1])), None)


@strawberry.type
class LoyaltyQuery:
    loyalty_program: object = root_field(
        _main_program,
        graphql_type=LoyaltyProgram | None,
        description="The retailer's loyalty program; the first one where there are several.",
        degrades=Degradation.LAST_KNOWN,
        served=LOYALTY_LIVE,
        marks=tagged("account"),
    )
