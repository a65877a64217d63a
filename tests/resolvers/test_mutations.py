"""Mutations: what is done, and how the business says no."""

from typing import Any

import pytest

from domains.loyalty import PointsHold
from domains.returns import ReturnDraft
from domains.vocabulary import BreakerOpen, SystemRole, UpstreamError, UpstreamRejected, UpstreamTimeout
from tests.resolvers.world import ADA, ASSOCIATE, BOB, World

REFUSAL = "__typename ... on Refusal { code message path retryable retryAfterSeconds }"
HOLD = f"""mutation($input: LoyaltyRedemptionHoldInput!) {{ loyaltyRedemptionHold(input: $input) {{ {REFUSAL}
  ... on LoyaltyRedemption {{ id state points {{ value currency {{ code }} }} value {{ amount }} }}
  ... on InsufficientPoints {{ available {{ value }} }} ... on BackendUnavailable {{ system }} }} }}"""
VOID = f"""mutation($input: LoyaltyRedemptionVoidInput!) {{ loyaltyRedemptionVoid(input: $input) {{ {REFUSAL}
  ... on LoyaltyRedemption {{ id state }} ... on IllegalRedemptionState {{ state }} }} }}"""
AUTHORIZE = f"""mutation($input: ReturnAuthorizeInput!) {{ returnAuthorize(input: $input) {{ {REFUSAL}
  ... on ReturnAuthorization {{ id rmaNumber order {{ id }} freshness {{ tier source ageSeconds }} }}
  ... on QuantityExceeded {{ available }} ... on BackendUnavailable {{ system }} }} }}"""


def hold(**changes: Any) -> dict[str, Any]:
    return {"membershipId": "LoyaltyMembership:mem-00001", "points": "100", "idempotencyKey": "k1"} | changes


def give_back(quantity: str = "1", **changes: Any) -> dict[str, Any]:
    line = {"orderLineId": "0", "quantity": quantity, "reason": "STYLE"}
    return {
        "orderId": "ord-000001",
        "lines": [line],
        "method": "RETURN_IN_STORE",
        "refundType": "FULL_REFUND",
        "idempotencyKey": "k1",
    } | changes


def rejected(system: SystemRole, reason: str) -> UpstreamRejected:
    return UpstreamRejected(system, "anything", status=409, reason=reason)


@pytest.mark.parametrize("caller", [ADA, ASSOCIATE])
async def test_points_are_held(world: World, caller: Any) -> None:
    """A member, or an associate for them, holds points in the membership's own currency."""
    data = await world.data(HOLD, caller, input=hold(basketReference="b-1", ttlSeconds=60))
    answer = data["loyaltyRedemptionHold"]
    assert answer["id"] == "LoyaltyRedemption:red-9"
    assert answer["points"] == {"value": "100", "currency": {"code": "PTS"}}
    ((draft, key),) = world.written
    assert isinstance(draft, PointsHold)
    assert (draft.membership_id, draft.basket_reference, draft.ttl_s) == ("mem-00001", "b-1", 60)
    assert key != "k1"


async def test_too_few_points_are_a_refusal_with_what_there_is(world: World) -> None:
    """Asking for more than there is gives InsufficientPoints, which says how many there are."""
    data = await world.data(HOLD, input=hold(points="501"))
    refusal = data["loyaltyRedemptionHold"]
    assert (refusal["__typename"], refusal["code"]) == ("InsufficientPoints", "INSUFFICIENT_POINTS")
    assert refusal["available"] == {"value": "500"}
    assert refusal["path"] == ["input", "points"]
    assert world.written == []


@pytest.mark.parametrize(
    ("error", "type_name"),
    [
        (rejected(SystemRole.LOYALTY, "INSUFFICIENT_POINTS"), "InsufficientPoints"),
        (rejected(SystemRole.LOYALTY, "MEMBERSHIP_NOT_FOUND"), "MembershipNotFound"),
        (rejected(SystemRole.LOYALTY, "IDEMPOTENCY_CONFLICT"), "IdempotencyConflict"),
        (UpstreamTimeout(SystemRole.LOYALTY, "hold"), "BackendUnavailable"),
        (BreakerOpen(SystemRole.LOYALTY, "hold", retry_after_s=3), "BackendUnavailable"),
    ],
)
async def test_every_refusal_of_a_hold_is_a_member(world: World, error: UpstreamError, type_name: str) -> None:
    """What the loyalty engine may refuse is a member of the result, and no error."""
    world.write_error = error
    data = await world.data(HOLD, input=hold())
    refusal = data["loyaltyRedemptionHold"]
    assert refusal["__typename"] == type_name
    assert refusal.get("system") == ("LOYALTY" if type_name == "BackendUnavailable" else None)
    assert refusal["retryAfterSeconds"] == (3 if isinstance(error, BreakerOpen) else None)


@pytest.mark.parametrize(
    ("reason", "type_name"),
    [
        ("REDEMPTION_NOT_FOUND", "RedemptionNotFound"),
        ("ILLEGAL_TRANSITION", "IllegalRedemptionState"),
        ("IDEMPOTENCY_CONFLICT", "IdempotencyConflict"),
        (None, "LoyaltyRedemption"),
    ],
)
async def test_every_answer_of_a_void_is_a_member(world: World, reason: str | None, type_name: str) -> None:
    """A void answers the redemption, or a typed refusal."""
    world.write_error = rejected(SystemRole.LOYALTY, reason) if reason else None
    data = await world.data(VOID, ADA, input={"redemptionId": "red-1", "idempotencyKey": "k1"})
    assert data["loyaltyRedemptionVoid"]["__typename"] == type_name


@pytest.mark.parametrize(
    ("document", "given", "type_name"),
    [
        (HOLD, hold(), "MembershipNotFound"),
        (VOID, {"redemptionId": "red-1", "idempotencyKey": "k1"}, "RedemptionNotFound"),
        (AUTHORIZE, give_back(), "OrderNotFound"),
    ],
)
async def test_somebody_elses_is_not_found(world: World, document: str, given: dict[str, Any], type_name: str) -> None:
    """Writing to what belongs to another customer is refused as if it were not there, and nothing is written."""
    data = await world.data(document, BOB, input=given)
    (refusal,) = data.values()
    assert refusal["__typename"] == type_name
    assert world.written == []


@pytest.mark.parametrize(
    ("document", "given", "behind"),
    [
        (HOLD, hold(), "loyalty.by_id"),
        (VOID, {"redemptionId": "red-1", "idempotencyKey": "k1"}, "loyalty.redemptions"),
        (AUTHORIZE, give_back(), "orders.by_id"),
    ],
)
async def test_whose_it_is_must_be_known(world: World, document: str, given: dict[str, Any], behind: str) -> None:
    """When the owner cannot be read the write is not begun, and the refusal names the system."""
    world.fail(UpstreamTimeout(SystemRole.CRM, "owner"), behind)
    data = await world.data(document, ADA, input=given)
    (refusal,) = data.values()
    assert refusal["__typename"] == "BackendUnavailable"
    assert "Nothing was changed" in refusal["message"]
    assert world.written == []


async def test_a_return_is_authorized_at_the_associates_store(world: World) -> None:
    """An authorized return is recorded at the store of the associate, and is as fresh as can be."""
    data = await world.data(AUTHORIZE, input=give_back())
    assert data["returnAuthorize"] == {
        "__typename": "ReturnAuthorization",
        "id": "ReturnAuthorization:ret-000007",
        "rmaNumber": "RMA-000007",
        "order": {"id": "Order:ord-000001"},
        "freshness": {"tier": "LIVE", "source": "oms", "ageSeconds": 0},
    }
    ((draft, _),) = world.written
    assert isinstance(draft, ReturnDraft)
    assert draft.authorized_at == "store-001"


async def test_too_much_is_a_refusal_with_what_there_is(world: World) -> None:
    """Returning more than is left gives QuantityExceeded, which says how much is left."""
    data = await world.data(AUTHORIZE, input=give_back("1.5"))
    refusal = data["returnAuthorize"]
    assert (refusal["__typename"], refusal["available"]) == ("QuantityExceeded", "1")
    assert refusal["path"] == ["input", "lines", "0", "quantity"]


WRONG: list[tuple[str, dict[str, Any], list[str | int]]] = [
    (HOLD, hold(points="0"), ["input", "points"]),
    (HOLD, hold(idempotencyKey=""), ["input", "idempotencyKey"]),
    (HOLD, hold(idempotencyKey="x" * 256), ["input", "idempotencyKey"]),
    (HOLD, hold(ttlSeconds=0), ["input", "ttlSeconds"]),
    (HOLD, hold(membershipId="Order:1"), ["input", "membershipId"]),
    (AUTHORIZE, give_back("0"), ["input", "lines", 0, "quantity"]),
    (AUTHORIZE, give_back(lines=[]), ["input", "lines"]),
    (AUTHORIZE, give_back(authorizedAt="Order:1"), ["input", "authorizedAt"]),
]


@pytest.mark.parametrize(("document", "given", "path"), WRONG)
async def test_wrong_input_is_told_with_its_place(
    world: World, document: str, given: dict[str, Any], path: list[str | int]
) -> None:
    """Input that nothing could accept is BAD_USER_INPUT with its place, and nothing is written."""
    answer = await world.ask(document, ASSOCIATE, input=given)
    (error,) = answer.errors
    extensions: Any = error["extensions"]
    assert extensions["code"] == "BAD_USER_INPUT"
    assert path in extensions.values()
    assert world.written == []


async def test_a_failed_mutation_keeps_the_answer_of_the_one_before(world: World) -> None:
    """Of two mutations in one request the first keeps its answer when the second is wrong."""
    answer = await world.ask(
        """mutation { first: loyaltyRedemptionHold(input: {membershipId: "mem-00001", points: 1, idempotencyKey: "a"}) {
          __typename }
        second: loyaltyRedemptionHold(input: {membershipId: "mem-00001", points: 0, idempotencyKey: "b"}) {
          __typename } }"""
    )
    assert answer.data == {"first": {"__typename": "LoyaltyRedemption"}, "second": None}


async def test_what_follows_a_write_is_read_anew(world: World) -> None:
    """A field below a mutation does not see what was read before it."""
    document = """mutation($one: ReturnAuthorizeInput!, $two: ReturnAuthorizeInput!) {
      one: returnAuthorize(input: $one) { ...result }
      two: returnAuthorize(input: $two) { ...result }
    } fragment result on ReturnAuthorization { order { returns { id } } }"""
    await world.data(document, one=give_back(), two=give_back(idempotencyKey="k2"))
    assert world.calls()["returns.of_order"] == 2
