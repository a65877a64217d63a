"""One engine that cannot hold and our holds, asked as a checkout and as a flow ask them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from domains.loyalty import (
    CaptureRedemption,
    HoldPoints,
    LoyaltyRedemption,
    RedemptionQuery,
    RedemptionState,
    VoidRedemption,
    at_present,
    capture,
    hold,
    void,
)
from domains.vocabulary import IdempotencyKey, Money, RedemptionId, Refusal
from gateway.durable import Holds
from gateway.wiring.holding import HeldHere
from tests.domains.loyalty.vendor import Vendor

A_CENT = Money(amount=Decimal("0.01"), currency_code="EUR")


@dataclass
class Till:
    """Each command goes the way of a mutation: `loyalty` is the house's port, `writes` that of a flow."""

    vendor: Vendor
    holds: Holds

    def __post_init__(self) -> None:
        self.here = HeldHere(self.vendor.ports(), self.vendor.movements(), self.holds, A_CENT)
        self.loyalty = self.here.over(self.vendor.ports().loyalty)
        self.writes = self.here.ports().loyalty_writes

    async def hold(self, value: int, key: str, ttl_s: int = 60) -> LoyaltyRedemption | Refusal:
        command = HoldPoints(
            membership_id=self.vendor.member, points=Decimal(value), idempotency_key=IdempotencyKey(key), ttl_s=ttl_s
        )
        return await hold(self.loyalty, command)

    async def held(self, value: int, key: str = "hold", ttl_s: int = 60) -> RedemptionId:
        answer = await self.hold(value, key, ttl_s)
        assert isinstance(answer, LoyaltyRedemption), answer
        return answer.id

    async def capture(self, id_: RedemptionId, key: str = "capture") -> LoyaltyRedemption | Refusal:
        return await capture(self.loyalty, CaptureRedemption(redemption_id=id_, idempotency_key=IdempotencyKey(key)))

    async def void(self, id_: RedemptionId, key: str = "void") -> LoyaltyRedemption | Refusal:
        return await void(self.loyalty, VoidRedemption(redemption_id=id_, idempotency_key=IdempotencyKey(key)))

    async def reverse(self, id_: RedemptionId, key: str = "reverse") -> LoyaltyRedemption:
        return await self.writes.reverse(id_, IdempotencyKey(key))

    async def state(self, id_: RedemptionId) -> RedemptionState:
        redemption = await at_present(self.loyalty.redemptions, id_)
        assert redemption is not None
        return redemption.state

    async def all(self) -> tuple[LoyaltyRedemption, ...]:
        page = await at_present(self.loyalty.redemptions_of, RedemptionQuery(self.vendor.member, 100))
        assert page is not None
        return page.items

    async def balance(self) -> tuple[int, int]:
        """Available and held."""
        balance = await at_present(self.loyalty.balances, self.vendor.member)
        assert balance is not None
        return int(balance.available.value), int(balance.held.value)
