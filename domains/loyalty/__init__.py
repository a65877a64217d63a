"""Points: programs, balances, the ledger, redemptions.

Deliberately does not know baskets, orders, or which engine keeps the points."""

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

__all__ = [
    "AllPrograms",
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
    "OrderPoints",
    "PointsExpiry",
    "PointsHold",
    "RedemptionQuery",
    "RedemptionState",
]
