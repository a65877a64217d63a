"""What is bought in the tests of flows, by whom, and what was set aside for it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from domains.inventory import InventoryReservation, ReservationKind, ReservationLine, ReservationState
from domains.loyalty import LoyaltyRedemption, RedemptionState
from domains.vocabulary import (
    CustomerId,
    MembershipId,
    Money,
    PointsAmount,
    RedemptionId,
    RewardCurrency,
    Sku,
    SystemRole,
)
from tests.domains.flows.runner import NOON

ADA = CustomerId("cust-1")
MEMBER = MembershipId("mem-1")
RESERVATION = "rsv-1"
REDEMPTION = RedemptionId("red-1")
SHIRT, SOCKS = Sku("SHIRT"), Sku("SOCKS")
POINTS = RewardCurrency(code="PTS", name="points")
OMS, LOYALTY, ERP, CRM = SystemRole.OMS, SystemRole.LOYALTY, SystemRole.ERP, SystemRole.CRM


def euros(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency_code="EUR")


def reservation(state: ReservationState = ReservationState.CREATED) -> InventoryReservation:
    """Two shirts from two places, and socks, for a quarter of an hour."""
    return InventoryReservation(
        id=RESERVATION,
        kind=ReservationKind.SOFT,
        state=state,
        lines=(
            ReservationLine(sku=SHIRT, quantity=Decimal(1)),
            ReservationLine(sku=SHIRT, quantity=Decimal(1)),
            ReservationLine(sku=SOCKS, quantity=Decimal(3)),
        ),
        expires_at=NOON + timedelta(minutes=15),
    )


def redemption(state: RedemptionState = RedemptionState.HELD, value: str = "5.00") -> LoyaltyRedemption:
    return LoyaltyRedemption(
        id=REDEMPTION,
        membership_id=MEMBER,
        state=state,
        points=PointsAmount(value=Decimal(500), currency=POINTS),
        value=euros(value),
        expires_at=NOON + timedelta(minutes=15),
    )
