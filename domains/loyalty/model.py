"""Programs, memberships, balances, the ledger behind them, and redemptions."""

import enum
from datetime import date
from typing import NamedTuple

from domains.vocabulary import (
    CustomerId,
    Instant,
    MembershipId,
    Money,
    OrderId,
    PointsAmount,
    ProgramId,
    Record,
    RedemptionId,
    RewardCurrency,
    VendorWord,
)


class LoyaltyTier(Record, frozen=True, kw_only=True):
    """A status level. `rank` orders them, 0 is the lowest."""

    code: str
    name: str
    rank: int


class LoyaltyProgram(Record, frozen=True, kw_only=True):
    id: ProgramId
    name: str
    currencies: tuple[RewardCurrency, ...]
    tiers: tuple[LoyaltyTier, ...] = ()


class LoyaltyMembership(Record, frozen=True, kw_only=True):
    id: MembershipId
    number: str | None = None
    customer_id: CustomerId | None = None
    program_id: ProgramId | None = None
    tier: LoyaltyTier | None = None


class PointsExpiry(Record, frozen=True, kw_only=True):
    points: PointsAmount
    at: date


class LoyaltyBalance(Record, frozen=True, kw_only=True):
    """`available` may be redeemed now, `held` is set aside by open holds, `pending` is earned and not yet posted."""

    membership_id: MembershipId
    available: PointsAmount
    held: PointsAmount
    pending: PointsAmount
    expiring: tuple[PointsExpiry, ...] = ()


class LedgerEntryType(enum.Enum):
    ACCRUAL = "ACCRUAL"
    REDEMPTION = "REDEMPTION"
    REVERSAL = "REVERSAL"
    ADJUSTMENT = "ADJUSTMENT"
    EXPIRY = "EXPIRY"
    TRANSFER = "TRANSFER"
    HOLD = "HOLD"
    RELEASE = "RELEASE"


class LedgerEntryStatus(enum.Enum):
    PENDING = "PENDING"
    POSTED = "POSTED"
    REJECTED = "REJECTED"
    REVERSED = "REVERSED"


class LoyaltyLedgerEntry(Record, frozen=True, kw_only=True):
    """One line of the ledger; `points` is signed, negative takes away. `reference` is the key it was written under."""

    id: str
    type: LedgerEntryType
    status: LedgerEntryStatus
    points: PointsAmount
    order_id: OrderId | None = None
    reference: str | None = None
    occurred_at: Instant


class RedemptionState(VendorWord):
    HELD = "HELD"
    CAPTURED = "CAPTURED"
    VOIDED = "VOIDED"
    EXPIRED = "EXPIRED"
    REVERSED = "REVERSED"
    UNKNOWN = "UNKNOWN"


class LoyaltyRedemption(Record, frozen=True, kw_only=True):
    """Points set aside for, or spent on, a basket. `value` is what they are worth there.

    `reference` is the key of the write that held them, where the engine says it: by it a hold is found again whose
    answer was lost.
    """

    id: RedemptionId
    membership_id: MembershipId
    state: RedemptionState
    points: PointsAmount
    value: Money | None = None
    basket_reference: str | None = None
    expires_at: Instant | None = None
    reference: str | None = None


class OrderPoints(Record, frozen=True, kw_only=True):
    """What one order earned, will earn and spent."""

    order_id: OrderId
    earned: PointsAmount | None = None
    pending: PointsAmount | None = None
    redeemed: PointsAmount | None = None


class LedgerQuery(NamedTuple):
    """A page of one membership's ledger, newest first. `after` is the id of the last entry seen."""

    membership_id: MembershipId
    first: int
    after: str | None = None


class RedemptionQuery(NamedTuple):
    """A page of one membership's redemptions, newest first."""

    membership_id: MembershipId
    first: int
    after: str | None = None
    state: RedemptionState | None = None
