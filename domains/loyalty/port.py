"""What the loyalty slice asks of an outside system."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from domains.loyalty.model import (
    LedgerQuery,
    LoyaltyBalance,
    LoyaltyLedgerEntry,
    LoyaltyMembership,
    LoyaltyProgram,
    LoyaltyRedemption,
    OrderPoints,
    RedemptionQuery,
)
from domains.vocabulary import (
    CustomerId,
    Fetch,
    IdempotencyKey,
    MembershipId,
    OrderId,
    Page,
    PointsAmount,
    Record,
    RedemptionId,
)

AllPrograms = Literal["programs"]
"""The one key of the list of programs."""


class PointsHold(Record, frozen=True, kw_only=True):
    """Set `points` of a membership aside for a basket, for `ttl_s` seconds."""

    membership_id: MembershipId
    points: PointsAmount
    basket_reference: str | None = None
    ttl_s: Annotated[int, Meta(ge=1, le=604_800)] = 900


@dataclass(frozen=True)
class Loyalty:
    """Reads and writes of the loyalty engine.

    `hold`, `void` and `capture` answer the redemption as the engine now has it. They raise UpstreamRejected when the
    engine says no; `reason` is then one of INSUFFICIENT_POINTS, MEMBERSHIP_NOT_FOUND, REDEMPTION_NOT_FOUND,
    ILLEGAL_TRANSITION, IDEMPOTENCY_CONFLICT. None of them is sent a second time before somebody has looked what became
    of the first: `redemptions`, `redemptions_of` and `entries`, which finds what was written under an idempotency key.
    """

    programs: Fetch[AllPrograms, tuple[LoyaltyProgram, ...]]
    by_id: Fetch[MembershipId, LoyaltyMembership]
    by_customer: Fetch[CustomerId, LoyaltyMembership]
    balances: Fetch[MembershipId, LoyaltyBalance]
    ledger: Fetch[LedgerQuery, Page[LoyaltyLedgerEntry]]
    redemptions: Fetch[RedemptionId, LoyaltyRedemption]
    redemptions_of: Fetch[RedemptionQuery, Page[LoyaltyRedemption]]
    order_points: Fetch[OrderId, OrderPoints]
    hold: Callable[[PointsHold, IdempotencyKey], Awaitable[LoyaltyRedemption]]
    void: Callable[[RedemptionId, IdempotencyKey], Awaitable[LoyaltyRedemption]]
    capture: Callable[[RedemptionId, IdempotencyKey], Awaitable[LoyaltyRedemption]]
    entries: Fetch[str, LoyaltyLedgerEntry]
