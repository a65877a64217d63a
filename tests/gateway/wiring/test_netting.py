"""Balances less what is held here, also where they are remembered from before."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from domains.loyalty import (
    CAPTURE,
    KeptHold,
    LoyaltyBalance,
    LoyaltyRedemption,
    RedemptionState,
    arrived,
    set_out,
)
from domains.vocabulary import (
    FreshnessTier,
    MembershipId,
    Reading,
    RedemptionId,
    SystemRole,
    UpstreamError,
    UpstreamTimeout,
    demanded_age_s,
)
from gateway.wiring.netting import SKEW_S, NetOfHolds
from tests.domains.loyalty.engine import MEMBER, points

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
OTHER = MembershipId("mem-00002")
DOWN = UpstreamTimeout(SystemRole.LOYALTY, "balances")
LIVE, FRESH, LAST_KNOWN = FreshnessTier.LIVE, FreshnessTier.FRESH, FreshnessTier.STALE_DEGRADED


def held(value: int) -> KeptHold:
    redemption = LoyaltyRedemption(
        id=RedemptionId("gh-1"),
        membership_id=MEMBER,
        state=RedemptionState.HELD,
        points=points(value),
        expires_at=NOW + timedelta(seconds=60),
    )
    return KeptHold(redemption=redemption)


def spent(value: int, at: datetime) -> KeptHold:
    sent = set_out(held(value), CAPTURE, "c", at)
    assert sent is not None
    return arrived(sent)


@dataclass
class House:
    """A cache in front of an engine that knows 100 points, and the holds of one member."""

    tier: FreshnessTier = LIVE
    read_s_ago: float = 0.0
    engine: UpstreamError | int = 100
    holds: tuple[KeptHold, ...] = ()
    failing: UpstreamError | None = None
    asked_anew: list[Collection[MembershipId]] = field(default_factory=list)

    async def outcomes(
        self, keys: frozenset[MembershipId], /
    ) -> Mapping[MembershipId, Reading[LoyaltyBalance] | UpstreamError]:
        if demanded_age_s() == 0:
            self.asked_anew.append(keys)
            if isinstance(self.engine, int):
                return {key: self._reading(self.engine, LIVE, 0.0) for key in keys}
        return {key: DOWN if key == "down" else self._reading(100, self.tier, self.read_s_ago) for key in keys}

    async def __call__(self, keys: frozenset[MembershipId], /) -> Mapping[MembershipId, Reading[LoyaltyBalance]]:
        raise AssertionError("asked as a whole, although it can tell keys apart")

    async def in_play(
        self, members: Collection[MembershipId], since: float
    ) -> Mapping[MembershipId, tuple[KeptHold, ...]]:
        if self.failing:
            raise self.failing
        held = tuple(
            kept
            for kept in self.holds
            if kept.state is RedemptionState.HELD or (kept.capture and kept.capture.at.timestamp() > since)
        )
        return {MEMBER: held} if held else {}

    async def balance(self) -> tuple[int, int]:
        net = NetOfHolds(self, self.in_play, lambda: NOW)
        balance = (await net(frozenset({MEMBER})))[MEMBER].value
        return int(balance.available.value), int(balance.held.value)

    def _reading(self, available: int, tier: FreshnessTier, age_s: float) -> Reading[LoyaltyBalance]:
        balance = LoyaltyBalance(membership_id=MEMBER, available=points(available), held=points(0), pending=points(0))
        return Reading(balance, "loyalty:test", tier, NOW.timestamp() - age_s, 2.0)


@pytest.mark.parametrize("tier", [LIVE, FRESH, LAST_KNOWN])
async def test_what_is_held_is_off_every_balance(tier: FreshnessTier) -> None:
    """Remembered or not, the open holds are taken off after the cache."""
    house = House(tier, 1.0, holds=(held(30), held(20)))
    assert await house.balance() == (50, 50)
    assert house.asked_anew == []


async def test_a_balance_from_before_a_hold_was_spent_is_asked_for_again() -> None:
    """What was remembered would show points that are gone; the engine knows."""
    house = House(FRESH, 10.0, engine=70, holds=(spent(30, NOW - timedelta(seconds=5)),))
    assert await house.balance() == (70, 0)
    assert house.asked_anew == [{MEMBER}]
    house = House(FRESH, 1.0, engine=70, holds=(spent(30, NOW - timedelta(seconds=2 + SKEW_S)),))
    assert await house.balance() == (100, 0)
    assert house.asked_anew == [], "it was read after the points were spent, by any clock"


async def test_a_question_of_somebody_else_may_be_older_than_what_was_spent() -> None:
    """A balance is LIVE for all who waited for it, also for who asked after the points were spent."""
    house = House(LIVE, 1.0, engine=70, holds=(spent(30, NOW - timedelta(seconds=0.5)),))
    assert await house.balance() == (70, 0)
    assert house.asked_anew == [{MEMBER}]


async def test_where_the_engine_cannot_be_asked_spent_points_are_taken_off() -> None:
    """The last known balance stands in, less what was spent since."""
    house = House(LAST_KNOWN, 10.0, engine=DOWN, holds=(spent(30, NOW - timedelta(seconds=5)), held(20)))
    assert await house.balance() == (50, 20)


async def test_a_balance_may_be_remembered_for_long() -> None:
    """Settings may keep the last known balance for an hour: what was spent half an hour ago is not in it."""
    house = House(LAST_KNOWN, 3600.0, engine=DOWN, holds=(spent(30, NOW - timedelta(minutes=30)), held(20)))
    assert await house.balance() == (50, 20)


async def test_one_failure_spares_the_rest() -> None:
    """Keys fail by themselves; where the holds cannot be read, no balance is told."""
    house = House(holds=(held(30),))
    net = NetOfHolds(house, house.in_play, lambda: NOW)
    down = MembershipId("down")
    told = await net.outcomes(frozenset({MEMBER, OTHER, down}))
    assert told[down] is DOWN
    other = told[OTHER]
    assert isinstance(other, Reading)
    assert other.value.available == points(100)
    with pytest.raises(UpstreamTimeout):
        await net(frozenset({down}))
    house.failing = DOWN
    assert await net.outcomes(frozenset({MEMBER})) == {MEMBER: DOWN}
