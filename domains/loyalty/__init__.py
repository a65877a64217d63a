"""Points: programs, balances, the ledger, redemptions.

Deliberately does not know baskets, orders, or which engine keeps the points."""

from domains.loyalty.balance import Tally, tally
from domains.loyalty.lifecycle import may_become
from domains.loyalty.model import (
    LedgerEntryStatus,
    LedgerEntryType,
    LedgerQuery,
    LoyaltyBalance,
    LoyaltyLedgerEntry,
    LoyaltyMembership,
    LoyaltyProgram,
    LoyaltyRedemption,
    LoyaltyTier,
    OrderPoints,
    PointsExpiry,
    RedemptionQuery,
    RedemptionState,
)
from domains.loyalty.port import (
    AllPrograms,
    Loyalty,
    PointsHold,
)
from domains.loyalty.redemption import (
    HoldPoints,
    IllegalRedemptionState,
    InsufficientPoints,
    MembershipNotFound,
    RedemptionNotFound,
    VoidRedemption,
    hold,
    void,
)

__all__ = [
    "AllPrograms",
    "HoldPoints",
    "IllegalRedemptionState",
    "InsufficientPoints",
    "LedgerEntryStatus",
    "LedgerEntryType",
    "LedgerQuery",
    "Loyalty",
    "LoyaltyBalance",
    "LoyaltyLedgerEntry",
    "LoyaltyMembership",
    "LoyaltyProgram",
    "LoyaltyRedemption",
    "LoyaltyTier",
    "MembershipNotFound",
    "OrderPoints",
    "PointsExpiry",
    "PointsHold",
    "RedemptionNotFound",
    "RedemptionQuery",
    "RedemptionState",
    "Tally",
    "VoidRedemption",
    "hold",
    "may_become",
    "tally",
    "void",
]
