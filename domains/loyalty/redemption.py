"""Holding points for a basket, and giving them back.

The engine is the judge of both. What is read before a hold only spares it questions whose answer is certain.
"""

from decimal import Decimal
from typing import ClassVar

from domains.loyalty.lifecycle import may_become
from domains.loyalty.model import LoyaltyBalance, LoyaltyRedemption, RedemptionState
from domains.loyalty.port import Loyalty, PointsHold
from domains.vocabulary import (
    FreshnessTier,
    IdempotencyKey,
    InvalidInput,
    MembershipId,
    PointsAmount,
    Reading,
    Record,
    RedemptionId,
    Refusal,
    UpstreamError,
    UpstreamRejected,
    key_conflict,
    not_asked,
    not_written,
)

TTL_MAX_S = 604_800
"""A week: points held longer than a basket lives are points the customer cannot use."""

_WHO = "loyalty engine"
_CURRENT = frozenset({FreshnessTier.LIVE, FreshnessTier.FRESH})


class HoldPoints(Record, frozen=True, kw_only=True):
    """Set `points` aside for a basket, in the currency of the membership's balance, for `ttl_s` seconds."""

    membership_id: MembershipId
    points: Decimal
    idempotency_key: IdempotencyKey
    basket_reference: str | None = None
    ttl_s: int = 900


class VoidRedemption(Record, frozen=True, kw_only=True):
    """Give the points of a hold back."""

    redemption_id: RedemptionId
    idempotency_key: IdempotencyKey


class InsufficientPoints(Refusal, frozen=True, kw_only=True):
    """Returned when the membership has fewer points available than are to be held."""

    code: ClassVar[str] = "INSUFFICIENT_POINTS"
    available: PointsAmount


class MembershipNotFound(Refusal, frozen=True, kw_only=True):
    """Returned when the loyalty engine knows no membership of this id."""

    code: ClassVar[str] = "MEMBERSHIP_NOT_FOUND"


class RedemptionNotFound(Refusal, frozen=True, kw_only=True):
    """Returned when the loyalty engine knows no redemption of this id."""

    code: ClassVar[str] = "REDEMPTION_NOT_FOUND"


class IllegalRedemptionState(Refusal, frozen=True, kw_only=True):
    """Returned when the redemption is no longer held, so that nothing is left to give back.

    `state` is what it is instead; UNKNOWN when the engine did not say.
    """

    code: ClassVar[str] = "ILLEGAL_REDEMPTION_STATE"
    state: RedemptionState


async def hold(loyalty: Loyalty, command: HoldPoints) -> LoyaltyRedemption | Refusal:
    """Set points aside, or say why not.

    Raises InvalidInput for points or a time to live that no membership could hold, and UpstreamRejected when the
    engine refuses for a reason its contract does not name.
    """
    _check(command)
    try:
        readings = await loyalty.balances(frozenset({command.membership_id}))
    except UpstreamRejected:
        raise
    except UpstreamError as error:
        return not_asked(error, _WHO, "No points were held.")
    reading = readings.get(command.membership_id)
    if reading is None:
        return _membership_not_found(command)
    balance = reading.value
    points = PointsAmount(value=command.points, currency=balance.available.currency)
    if not points.is_divisible():
        places = points.currency.decimal_places
        raise InvalidInput(f"{points.currency.name} have at most {places} decimals.", ("input", "points"))
    if _certainly_too_few(reading, command.points):
        return _insufficient(command, balance)
    draft = PointsHold(
        membership_id=command.membership_id,
        points=points,
        basket_reference=command.basket_reference,
        ttl_s=command.ttl_s,
    )
    try:
        return await loyalty.hold(draft, command.idempotency_key)
    except UpstreamRejected as error:
        return _hold_refused(error, command, balance)
    except UpstreamError as error:
        return not_written(error, _WHO, "No points were held.")


async def void(loyalty: Loyalty, command: VoidRedemption) -> LoyaltyRedemption | Refusal:
    """Give held points back, or say why not.

    The engine is asked at once: were the state read first, a repeat of a void that succeeded unheard would be refused
    as already voided, where the engine repeats its first answer. Raises UpstreamRejected as `hold` does.
    """
    try:
        return await loyalty.void(command.redemption_id, command.idempotency_key)
    except UpstreamRejected as error:
        if error.reason == "REDEMPTION_NOT_FOUND":
            return RedemptionNotFound(
                message=f"There is no redemption {command.redemption_id}. Check the id.",
                path=("input", "redemptionId"),
            )
        if error.reason == "ILLEGAL_TRANSITION":
            return _illegal(await _state(loyalty, command.redemption_id))
        if error.reason == "IDEMPOTENCY_CONFLICT":
            return key_conflict()
        raise
    except UpstreamError as error:
        return not_written(error, _WHO, "The points are still held.")


def _check(command: HoldPoints) -> None:
    if not command.points.is_finite() or command.points <= 0:
        raise InvalidInput("Hold more than 0 points.", ("input", "points"))
    if not 1 <= command.ttl_s <= TTL_MAX_S:
        raise InvalidInput(f"Points are held for 1 to {TTL_MAX_S} seconds.", ("input", "ttlSeconds"))


def _certainly_too_few(reading: Reading[LoyaltyBalance], points: Decimal) -> bool:
    """Whether the engine could only refuse.

    Held points count as enough: an unheard first try under this very key may hold them, and then the engine repeats
    its answer. A stale balance proves nothing.
    """
    balance = reading.value
    return reading.tier in _CURRENT and points > balance.available.value + balance.held.value


def _hold_refused(error: UpstreamRejected, command: HoldPoints, balance: LoyaltyBalance) -> Refusal:
    if error.reason == "INSUFFICIENT_POINTS":
        return _insufficient(command, balance)
    if error.reason == "MEMBERSHIP_NOT_FOUND":
        return _membership_not_found(command)
    if error.reason == "IDEMPOTENCY_CONFLICT":
        return key_conflict()
    raise error


async def _state(loyalty: Loyalty, redemption_id: RedemptionId) -> RedemptionState:
    """What the redemption is, after the engine would not void it."""
    try:
        reading = (await loyalty.redemptions(frozenset({redemption_id}))).get(redemption_id)
    except UpstreamError:
        return RedemptionState.UNKNOWN  # the refusal stands without it
    # A state that could still be voided contradicts the engine's refusal, so this reading is older than it.
    if reading is None or may_become(reading.value.state, RedemptionState.VOIDED):
        return RedemptionState.UNKNOWN
    return reading.value.state


def _illegal(state: RedemptionState) -> IllegalRedemptionState:
    now = "no longer held" if state is RedemptionState.UNKNOWN else state.value.lower()
    return IllegalRedemptionState(
        message=f"The redemption is {now}; only held points can be given back. Read the redemption again.",
        path=("input", "redemptionId"),
        state=state,
    )


def _insufficient(command: HoldPoints, balance: LoyaltyBalance) -> InsufficientPoints:
    available = balance.available
    return InsufficientPoints(
        message=(
            f"{command.points} {available.currency.name} were asked for and {available.value} are available. "
            "Hold fewer points."
        ),
        path=("input", "points"),
        available=available,
    )


def _membership_not_found(command: HoldPoints) -> MembershipNotFound:
    return MembershipNotFound(
        message=f"There is no membership {command.membership_id}. Check the id.", path=("input", "membershipId")
    )
