"""Spending held points at a till."""

from __future__ import annotations

import pytest

from domains.vocabulary import BreakerOpen, SystemRole, UpstreamError, UpstreamRejected, UpstreamTimeout
from tests.resolvers.world import ADA, ASSOCIATE, World

CAPTURE = """mutation($input: LoyaltyRedemptionCaptureInput!) { loyaltyRedemptionCapture(input: $input) {
  __typename ... on Refusal { code message path retryable } ... on LoyaltyRedemption { id state }
  ... on IllegalRedemptionState { state } ... on InsufficientPoints { available { value } } } }"""
GIVEN = {"redemptionId": "LoyaltyRedemption:red-1", "idempotencyKey": "k1"}


def rejected(reason: str) -> UpstreamRejected:
    return UpstreamRejected(SystemRole.LOYALTY, "redemptions", status=409, reason=reason)


async def test_points_are_spent_once(world: World) -> None:
    """An associate spends what is held; the same key is answered the same and writes nothing more."""
    answers = [await world.data(CAPTURE, ASSOCIATE, input=GIVEN) for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0]["loyaltyRedemptionCapture"] == {
        "__typename": "LoyaltyRedemption",
        "id": "LoyaltyRedemption:red-1",
        "state": "CAPTURED",
    }
    ((what, key),) = world.written
    assert what == "red-1"
    assert key != "k1"


async def test_a_shopper_does_not_spend_by_hand(world: World) -> None:
    """Only those who serve may; to anybody else the redemption is not there, though it is theirs."""
    answer = (await world.data(CAPTURE, ADA, input=GIVEN))["loyaltyRedemptionCapture"]
    assert answer["__typename"] == "RedemptionNotFound"
    assert world.written == []


@pytest.mark.parametrize(
    ("error", "type_name"),
    [
        (rejected("REDEMPTION_NOT_FOUND"), "RedemptionNotFound"),
        (rejected("ILLEGAL_TRANSITION"), "IllegalRedemptionState"),
        (rejected("INSUFFICIENT_POINTS"), "InsufficientPoints"),
        (rejected("IDEMPOTENCY_CONFLICT"), "IdempotencyConflict"),
        (UpstreamTimeout(SystemRole.LOYALTY, "redemptions"), "BackendUnavailable"),
        (BreakerOpen(SystemRole.LOYALTY, "redemptions"), "BackendUnavailable"),
    ],
)
async def test_every_refusal_of_a_capture_is_a_member(world: World, error: UpstreamError, type_name: str) -> None:
    """What the loyalty engine may refuse is a member of the result, and no error."""
    world.write_error = error
    answer = (await world.data(CAPTURE, input=GIVEN))["loyaltyRedemptionCapture"]
    assert answer["__typename"] == type_name
    assert answer["retryable"] is (type_name == "BackendUnavailable")
