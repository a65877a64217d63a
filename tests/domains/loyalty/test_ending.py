"""Held points are spent or given back by the engine's word, and every no says why."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from domains.loyalty import (
    CaptureRedemption,
    IllegalRedemptionState,
    InsufficientPoints,
    Loyalty,
    LoyaltyRedemption,
    PointsHold,
    RedemptionNotFound,
    RedemptionState,
    VoidRedemption,
    capture,
    void,
)
from domains.vocabulary import (
    BackendUnavailable,
    BreakerOpen,
    IdempotencyConflict,
    IdempotencyKey,
    RedemptionId,
    Refusal,
    SystemRole,
    UpstreamRejected,
    UpstreamTimeout,
)
from tests.domains.loyalty.engine import HELD, Engine, points, rejected
from tests.domains.loyalty.vendor import Fate, Vendor

KEY = IdempotencyKey("key-2")
Ending = Callable[[Loyalty], Awaitable[LoyaltyRedemption | Refusal]]


def voiding(loyalty: Loyalty, id_: RedemptionId = HELD, key: IdempotencyKey = KEY) -> Awaitable[object]:
    return void(loyalty, VoidRedemption(redemption_id=id_, idempotency_key=key))


def capturing(loyalty: Loyalty, id_: RedemptionId = HELD, key: IdempotencyKey = KEY) -> Awaitable[object]:
    return capture(loyalty, CaptureRedemption(redemption_id=id_, idempotency_key=key))


ENDS = pytest.mark.parametrize(
    ("end", "state"), [(voiding, RedemptionState.VOIDED), (capturing, RedemptionState.CAPTURED)]
)


@ENDS
async def test_an_end_is_passed_on_with_its_key(end: Ending, state: RedemptionState) -> None:
    """The engine is asked at once, by id and key, and its answer is returned."""
    engine = Engine()
    answer = await end(engine.port())
    assert isinstance(answer, LoyaltyRedemption)
    assert answer.state is state
    assert engine.writes == [(HELD, "key-2")]


@ENDS
@pytest.mark.parametrize(
    ("reason", "refusal"),
    [("REDEMPTION_NOT_FOUND", RedemptionNotFound), ("IDEMPOTENCY_CONFLICT", IdempotencyConflict)],
)
async def test_the_engines_no_to_an_end_is_a_refusal(
    end: Ending, state: RedemptionState, reason: str, refusal: type
) -> None:
    """Each reason of the contract has its own refusal; one that it does not name is ours to mend, and raised."""
    engine = Engine()
    engine.write_error = rejected(reason)
    assert isinstance(await end(engine.port()), refusal)
    engine.write_error = rejected(None, status=401)
    with pytest.raises(UpstreamRejected):
        await end(engine.port())


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (RedemptionState.CAPTURED, RedemptionState.CAPTURED),
        (RedemptionState.VOIDED, RedemptionState.VOIDED),
        (RedemptionState.HELD, RedemptionState.UNKNOWN),
        (None, RedemptionState.UNKNOWN),
    ],
)
@pytest.mark.parametrize("end", [voiding, capturing])
async def test_what_is_over_does_not_end_again(
    state: RedemptionState | None, told: RedemptionState, end: Ending
) -> None:
    """The refusal says what the redemption is now; a reading that contradicts the engine is not repeated."""
    engine = Engine()
    engine.state, engine.write_error = state, rejected("ILLEGAL_TRANSITION")
    answer = await end(engine.port())
    assert isinstance(answer, IllegalRedemptionState)
    assert answer.state is told


@ENDS
async def test_the_refusal_stands_without_the_state(end: Ending, state: RedemptionState) -> None:
    """When the state cannot be read after an illegal end, it is unknown, and the refusal is the same."""
    engine = Engine()
    engine.write_error = rejected("ILLEGAL_TRANSITION")
    engine.state_error = UpstreamTimeout(SystemRole.LOYALTY, "redemptions")
    answer = await end(engine.port())
    assert isinstance(answer, IllegalRedemptionState)
    assert answer.state is RedemptionState.UNKNOWN


@ENDS
async def test_an_engine_that_was_not_asked_changed_nothing(end: Ending, state: RedemptionState) -> None:
    """When the call was never made, the refusal says so; when its answer was lost, that a repeat is safe."""
    engine = Engine()
    engine.write_error = BreakerOpen(SystemRole.LOYALTY, "redemptions")
    answer = await end(engine.port())
    assert isinstance(answer, BackendUnavailable)
    assert "The points are still held." in answer.message
    engine.write_error = UpstreamTimeout(SystemRole.LOYALTY, "redemptions")
    answer = await end(engine.port())
    assert isinstance(answer, BackendUnavailable)
    assert "safe to repeat" in answer.message
    assert len(engine.writes) == 1 + 2


async def held(vendor: Vendor) -> LoyaltyRedemption:
    draft = PointsHold(membership_id=vendor.member, points=points(30))
    return await vendor.loyalty().hold(draft, IdempotencyKey("key-1"))


@ENDS
@pytest.mark.parametrize("lost", [Fate.LOST_ON_THE_WAY, Fate.LOST_ON_THE_WAY_BACK])
async def test_a_lost_answer_is_looked_for(
    end: Callable[..., Awaitable[object]], state: RedemptionState, lost: Fate
) -> None:
    """The engine's own word replaces an answer that was lost, and what was not done is done then; once in all."""
    vendor = Vendor()
    redemption = await held(vendor)
    vendor.fates = [lost]
    answer = await end(vendor.loyalty(), redemption.id)
    assert isinstance(answer, LoyaltyRedemption)
    assert answer.state is state
    assert vendor.available == (100 if state is RedemptionState.VOIDED else 70)


async def test_points_that_another_spent_are_not_ours() -> None:
    """A redemption that is captured, but not under our key, is refused; by our key it is answered, also later."""
    vendor = Vendor()
    redemption = await held(vendor)
    vendor.fates = [Fate.LOST_ON_THE_WAY_BACK, Fate.LOST_ON_THE_WAY]
    assert isinstance(await capturing(vendor.loyalty(), redemption.id), BackendUnavailable)
    other = await capturing(vendor.loyalty(), redemption.id, IdempotencyKey("key-3"))
    assert isinstance(other, IllegalRedemptionState)
    assert other.state is RedemptionState.CAPTURED
    again = await capturing(vendor.loyalty(), redemption.id)
    assert isinstance(again, LoyaltyRedemption)
    assert vendor.available == 70


async def test_points_that_are_gone_are_not_spent() -> None:
    """An engine that was debited behind the back of a hold refuses, and the refusal says how many are left to it."""
    engine = Engine(available=-10)
    engine.write_error = rejected("INSUFFICIENT_POINTS")
    answer = await capturing(engine.port())
    assert isinstance(answer, InsufficientPoints)
    assert answer.available == points(20)
    assert "only 20 are left" in answer.message
    engine.state_error = UpstreamTimeout(SystemRole.LOYALTY, "redemptions")
    assert isinstance(await capturing(engine.port()), BackendUnavailable)
