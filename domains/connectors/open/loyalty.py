"""Programs, memberships, points and redemptions, from a loyalty engine."""

from domains.connectors.open.client import OpenClient, segment
from domains.connectors.open.messages import (
    CustomerAsk,
    Found,
    LedgerSearch,
    LedgerSearchItem,
    MembershipAsk,
    Nothing,
    OrderAsk,
    Pages,
    RedemptionAsk,
    RedemptionSearch,
    RedemptionSearchItem,
)
from domains.loyalty import (
    AllPrograms,
    LedgerQuery,
    Loyalty,
    LoyaltyBalance,
    LoyaltyLedgerEntry,
    LoyaltyMembership,
    LoyaltyProgram,
    LoyaltyRedemption,
    OrderPoints,
    PointsHold,
    RedemptionQuery,
)
from domains.vocabulary import CustomerId, Fetch, IdempotencyKey, MembershipId, OrderId, RedemptionId

_PROGRAMS: AllPrograms = "programs"


def loyalty(client: OpenClient) -> Loyalty:
    async def hold(points: PointsHold, key: IdempotencyKey) -> LoyaltyRedemption:
        return await client.write("redemptions", "/v1/redemptions", points, LoyaltyRedemption, key)

    async def void(id_: RedemptionId, key: IdempotencyKey) -> LoyaltyRedemption:
        path = f"/v1/redemptions/{segment(id_)}/void"
        return await client.write("redemptions", path, Nothing(), LoyaltyRedemption, key)

    return Loyalty(
        programs=client.everything("programs", "/v1/programs", _PROGRAMS, Found[LoyaltyProgram]),
        by_id=_memberships(client),
        by_customer=_memberships_of(client),
        balances=client.lookup(
            "balances",
            "/v1/balances/lookup",
            lambda ids: MembershipAsk(membership_ids=ids),
            Found[LoyaltyBalance],
            lambda balance: (balance.membership_id, balance),
        ),
        ledger=client.search("ledger", "/v1/ledger/search", _ledger_search, Pages[LoyaltyLedgerEntry]),
        redemptions=client.lookup(
            "redemptions",
            "/v1/redemptions/lookup",
            lambda ids: RedemptionAsk(redemption_ids=ids),
            Found[LoyaltyRedemption],
            lambda redemption: (redemption.id, redemption),
        ),
        redemptions_of=client.search(
            "redemptions", "/v1/redemptions/search", _redemption_search, Pages[LoyaltyRedemption]
        ),
        order_points=_order_points(client),
        hold=hold,
        void=void,
    )


def _memberships(client: OpenClient) -> Fetch[MembershipId, LoyaltyMembership]:
    return client.lookup(
        "memberships",
        "/v1/memberships/lookup",
        lambda ids: MembershipAsk(membership_ids=ids),
        Found[LoyaltyMembership],
        lambda membership: (membership.id, membership),
    )


def _memberships_of(client: OpenClient) -> Fetch[CustomerId, LoyaltyMembership]:
    return client.lookup(
        "memberships",
        "/v1/memberships/by-customer",
        lambda ids: CustomerAsk(customer_ids=ids),
        Found[LoyaltyMembership],
        # A membership that names no customer is nobody's answer: the empty id is never asked for.
        lambda membership: (membership.customer_id or CustomerId(""), membership),
    )


def _order_points(client: OpenClient) -> Fetch[OrderId, OrderPoints]:
    return client.lookup(
        "order-points",
        "/v1/order-points/lookup",
        lambda ids: OrderAsk(order_ids=ids),
        Found[OrderPoints],
        lambda points: (points.order_id, points),
    )


def _ledger_search(queries: tuple[LedgerQuery, ...]) -> LedgerSearch:
    return LedgerSearch(
        queries=tuple(
            LedgerSearchItem(membership_id=query.membership_id, first=query.first, after=query.after)
            for query in queries
        )
    )


def _redemption_search(queries: tuple[RedemptionQuery, ...]) -> RedemptionSearch:
    return RedemptionSearch(
        queries=tuple(
            RedemptionSearchItem(
                membership_id=query.membership_id,
                first=query.first,
                after=None if query.after is None else RedemptionId(query.after),
                state=query.state,
            )
            for query in queries
        )
    )
