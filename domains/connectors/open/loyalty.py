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
    ReferenceAsk,
    WrittenEntry,
)
from domains.loyalty import (
    Accrual,
    AccrualReversal,
    AllPrograms,
    LedgerQuery,
    Loyalty,
    LoyaltyBalance,
    LoyaltyLedgerEntry,
    LoyaltyMembership,
    LoyaltyProgram,
    LoyaltyRedemption,
    LoyaltyWrites,
    OrderPoints,
    PointsHold,
    PointsMovement,
    PointsMovements,
    RedemptionQuery,
)
from domains.vocabulary import CustomerId, Fetch, IdempotencyKey, MembershipId, OrderId, Record, RedemptionId

_PROGRAMS: AllPrograms = "programs"


def loyalty(client: OpenClient) -> Loyalty:
    async def hold(points: PointsHold, key: IdempotencyKey) -> LoyaltyRedemption:
        return await client.write("redemptions", "/v1/redemptions", points, LoyaltyRedemption, key, sent_once=True)

    async def void(id_: RedemptionId, key: IdempotencyKey) -> LoyaltyRedemption:
        return await _end(client, "redemptions", id_, "void", key)

    async def capture(id_: RedemptionId, key: IdempotencyKey) -> LoyaltyRedemption:
        return await _end(client, "redemptions", id_, "capture", key)

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
        capture=capture,
        entries=_entries(client),
    )


# A capability of its own: steps that fail in the background do not close the holds that a checkout waits for.
def loyalty_writes(client: OpenClient) -> LoyaltyWrites:
    async def enter(path: str, body: Record, key: IdempotencyKey) -> LoyaltyLedgerEntry:
        return await client.write("loyalty-writes", path, body, LoyaltyLedgerEntry, key)

    async def capture(id_: RedemptionId, key: IdempotencyKey) -> LoyaltyRedemption:
        return await _end(client, "loyalty-writes", id_, "capture", key)

    async def reverse(id_: RedemptionId, key: IdempotencyKey) -> LoyaltyRedemption:
        return await _end(client, "loyalty-writes", id_, "reverse", key)

    async def accrue(accrual: Accrual, key: IdempotencyKey) -> LoyaltyLedgerEntry:
        return await enter("/v1/accruals", accrual, key)

    async def finalise(id_: OrderId, key: IdempotencyKey) -> LoyaltyLedgerEntry:
        return await enter(f"/v1/accruals/{segment(id_)}/finalise", Nothing(), key)

    async def take_back(reversal: AccrualReversal, key: IdempotencyKey) -> LoyaltyLedgerEntry:
        return await enter("/v1/accruals/reversals", reversal, key)

    async def restore(reversal: AccrualReversal, key: IdempotencyKey) -> LoyaltyLedgerEntry:
        return await enter("/v1/accruals/restores", reversal, key)

    return LoyaltyWrites(
        capture=capture,
        reverse=reverse,
        accrue=accrue,
        finalise=finalise,
        take_back=take_back,
        restore=restore,
        entries=_entries(client),
    )


def movements(client: OpenClient) -> PointsMovements:
    async def debit(movement: PointsMovement, key: IdempotencyKey) -> LoyaltyLedgerEntry:
        return await client.write("redemptions", "/v1/ledger/debits", movement, LoyaltyLedgerEntry, key, sent_once=True)

    async def credit(movement: PointsMovement, key: IdempotencyKey) -> LoyaltyLedgerEntry:
        return await client.write(
            "redemptions", "/v1/ledger/credits", movement, LoyaltyLedgerEntry, key, sent_once=True
        )

    return PointsMovements(debit=debit, credit=credit)


async def _end(
    client: OpenClient, capability: str, id_: RedemptionId, how: str, key: IdempotencyKey
) -> LoyaltyRedemption:
    path = f"/v1/redemptions/{segment(id_)}/{how}"
    return await client.write(capability, path, Nothing(), LoyaltyRedemption, key, sent_once=True)


def _entries(client: OpenClient) -> Fetch[str, LoyaltyLedgerEntry]:
    return client.lookup(
        "ledger",
        "/v1/ledger/by-reference",
        lambda references: ReferenceAsk(references=references),
        Found[WrittenEntry],
        lambda written: (written.reference, written.entry),
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
