"""A loyalty engine to test with: one member, one redemption."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from domains.loyalty import (
    Loyalty,
    LoyaltyBalance,
    LoyaltyRedemption,
    PointsHold,
    RedemptionState,
)
from domains.vocabulary import (
    FreshnessTier,
    IdempotencyKey,
    MembershipId,
    PointsAmount,
    Reading,
    RedemptionId,
    RewardCurrency,
    SystemRole,
    UpstreamError,
    UpstreamRejected,
)

POINTS = RewardCurrency(code="PTS", name="points")
MEMBER, HELD = MembershipId("mem-00001"), RedemptionId("red-1")


def points(value: int) -> PointsAmount:
    return PointsAmount(value=Decimal(value), currency=POINTS)


def rejected(reason: str | None, status: int = 409) -> UpstreamRejected:
    return UpstreamRejected(SystemRole.LOYALTY, "redemptions", status=status, reason=reason)


async def nothing(_keys: frozenset[Any], /) -> Mapping[Any, Reading[Any]]:
    return {}


class Engine:
    """A loyalty engine of one member: answers, or raises what it is given; remembers what it was asked to do."""

    def __init__(self, available: int = 100, held: int = 0, tier: FreshnessTier = FreshnessTier.LIVE) -> None:
        self.balance = LoyaltyBalance(
            membership_id=MEMBER, available=points(available), held=points(held), pending=points(0)
        )
        self.tier = tier
        self.state: RedemptionState | None = RedemptionState.HELD
        self.balance_error: UpstreamError | None = None
        self.state_error: UpstreamError | None = None
        self.write_error: UpstreamError | None = None
        self.writes: list[tuple[object, str]] = []

    def port(self) -> Loyalty:
        return Loyalty(
            programs=nothing,
            by_id=nothing,
            by_customer=nothing,
            balances=self._balances,
            ledger=nothing,
            redemptions=self._redemptions,
            redemptions_of=nothing,
            order_points=nothing,
            hold=self._hold,
            void=self._void,
            capture=self._capture,
            entries=nothing,
        )

    async def _balances(self, keys: frozenset[MembershipId], /) -> Mapping[MembershipId, Reading[LoyaltyBalance]]:
        if self.balance_error:
            raise self.balance_error
        return {key: self._read(self.balance) for key in keys if key == MEMBER}

    async def _redemptions(self, keys: frozenset[RedemptionId], /) -> Mapping[RedemptionId, Reading[LoyaltyRedemption]]:
        if self.state_error:
            raise self.state_error
        return {key: self._read(self._redemption(self.state)) for key in keys if self.state}

    async def _hold(self, draft: PointsHold, key: IdempotencyKey) -> LoyaltyRedemption:
        return self._write(draft, key, RedemptionState.HELD)

    async def _void(self, id_: RedemptionId, key: IdempotencyKey) -> LoyaltyRedemption:
        return self._write(id_, key, RedemptionState.VOIDED)

    async def _capture(self, id_: RedemptionId, key: IdempotencyKey) -> LoyaltyRedemption:
        return self._write(id_, key, RedemptionState.CAPTURED)

    def _write(self, what: object, key: str, state: RedemptionState) -> LoyaltyRedemption:
        self.writes.append((what, key))
        if self.write_error:
            raise self.write_error
        return self._redemption(state)

    def _redemption(self, state: RedemptionState | None) -> LoyaltyRedemption:
        assert state is not None
        return LoyaltyRedemption(id=HELD, membership_id=MEMBER, state=state, points=points(30))

    def _read(self, value: Any) -> Reading[Any]:
        return Reading(value=value, source="loyalty:open", tier=self.tier, observed_at=0.0, max_age_s=1.0)
