"""The same of points that were set aside."""

from __future__ import annotations

from datetime import datetime

from domains.durable import Mismatch
from domains.loyalty import LoyaltyRedemption, RedemptionState
from gateway.reconcile.books import NOTHING


def compare_redemption(
    key: str, redemption: LoyaltyRedemption | None, *, has_order: bool, now: datetime
) -> tuple[Mismatch, ...]:
    """Whether points that were set aside are spent with an order, or free again in time."""
    if redemption is None:
        return (Mismatch(key=key, what="the redemption", expected="there", found=NOTHING),)
    if redemption.state is RedemptionState.CAPTURED and not has_order:
        return (Mismatch(key=key, what="its order", expected="an order that spent it", found=NOTHING),)
    over = redemption.expires_at is not None and redemption.expires_at <= now
    if redemption.state is RedemptionState.HELD and over:
        until = f"{redemption.expires_at:%Y-%m-%d %H:%M} UTC"
        return (Mismatch(key=key, what="its hold", expected=f"over at {until}", found="HELD"),)
    return ()
