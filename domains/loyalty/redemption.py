"""Holding points for a basket.

The engine is the judge. What is read before a hold only spares it questions whose answer is certain.
"""

from decimal import Decimal
from typing import ClassVar

from domains.loyalty.hearing import WHO, heard
from domains.loyalty.model import LoyaltyBalance, LoyaltyRedemption, RedemptionQuery
from domains.loyalty.port import Loyalty, PointsHold
from domains.loyalty.present import at_present
from domains.vocabulary import (
    FreshnessTier,
    IdempotencyKey,
    InvalidInput,
    MembershipId,
    PointsAmount,
    Reading,
    Record,
    Refusal,
    UpstreamError,
    UpstreamRejected,
    key_conflict,
    not_asked,
)

TTL_MAX_S = 604_800
"""A week: points held longer than a basket lives are points the customer cannot use."""

NEWEST = 20
"""Redemptions of one member among which a hold is looked for a moment after it was sent."""

_NOTHING_HELD = "No points were held."
_CURRENT = frozenset({FreshnessTier.LIVE, FreshnessTier.FRESH})


class HoldPoints(Record, frozen=True, kw_only=True):
    """Set `points` aside for a basket, in the currency of the membership's balance, for `ttl_s` seconds."""

    membership_id: MembershipId
    points: Decimal
    idempotency_key: IdempotencyKey
    basket_reference: str | None = None
    ttl_s: int = 900


class InsufficientPoints(Refusal, frozen=True, kw_only=True):
    """Returned when the membership has fewer points available than are to be held or spent."""

    code: ClassVar[str] = "INSUFFICIENT_POINTS"
    available: PointsAmount


class MembershipNotFound(Refusal, frozen=True, kw_only=True):
    """Returned when the loyalty engine knows no membership of this id."""

    code: ClassVar[str] = "MEMBERSHIP_NOT_FOUND"


async def hold(loyalty: Loyalty, command: HoldPoints) -> LoyaltyRedemption | Refusal:
    """Set points aside, or say why not.

    Raises InvalidInput for points or a time to live that no membership could hold, and UpstreamRejected when the
    engine refuses for a reason its contract does not name.
    """
    _check(command)
    membership_id = command.membership_id
    try:
        reading = (await loyalty.balances(frozenset({membership_id}))).get(membership_id)
    except UpstreamRejected:
        raise
    except UpstreamError as error:
        return not_asked(error, WHO, _NOTHING_HELD)
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
        membership_id=membership_id,
        points=points,
        basket_reference=command.basket_reference,
        ttl_s=command.ttl_s,
    )
    if _perhaps_held(reading, command.points):
        before = await _before(loyalty, command)
        if before is not None:
            return before
    return await _held(loyalty, draft, command, balance)


async def _held(
    loyalty: Loyalty, draft: PointsHold, command: HoldPoints, balance: LoyaltyBalance
) -> LoyaltyRedemption | Refusal:
    async def refused(error: UpstreamRejected) -> Refusal:
        if error.reason == "INSUFFICIENT_POINTS":
            return _insufficient(command, await _of_now(loyalty, balance))
        return _hold_refused(error, command)

    return await heard(
        lambda: loyalty.hold(draft, command.idempotency_key),
        lambda: held_under(loyalty, command.membership_id, command.idempotency_key),
        refused,
        _NOTHING_HELD,
    )


async def _before(loyalty: Loyalty, command: HoldPoints) -> LoyaltyRedemption | Refusal | None:
    """What an earlier try under the same key came to, of which nobody heard."""
    try:
        return await held_under(loyalty, command.membership_id, command.idempotency_key)
    except UpstreamRejected:
        raise
    except UpstreamError as error:
        return not_asked(error, WHO, "Nothing more was held.")


async def held_under(loyalty: Loyalty, membership_id: MembershipId, key: IdempotencyKey) -> LoyaltyRedemption | None:
    """The redemption that was held under `key`, if it is among the newest. Raises UpstreamError when that cannot be
    seen."""
    page = await at_present(loyalty.redemptions_of, RedemptionQuery(membership_id, NEWEST))
    return None if page is None else next((one for one in page.items if one.reference == key), None)


def _check(command: HoldPoints) -> None:
    if not command.points.is_finite() or command.points <= 0:
        raise InvalidInput("Hold more than 0 points.", ("input", "points"))
    if not 1 <= command.ttl_s <= TTL_MAX_S:
        raise InvalidInput(f"Points are held for 1 to {TTL_MAX_S} seconds.", ("input", "ttlSeconds"))


def _certainly_too_few(reading: Reading[LoyaltyBalance], points: Decimal) -> bool:
    """Whether the engine could only refuse.

    Held points count as enough: an unheard first try under this very key may hold them, and then the engine repeats
    its answer. A balance that was remembered proves nothing: points may have come in since, and the refusal is kept.
    """
    balance = reading.value
    return reading.tier is FreshnessTier.LIVE and points > balance.available.value + balance.held.value


def _perhaps_held(reading: Reading[LoyaltyBalance], points: Decimal) -> bool:
    """Whether an earlier try under the same key, of which nobody heard, may hold these points."""
    return reading.tier not in _CURRENT or points <= reading.value.held.value


async def _of_now(loyalty: Loyalty, balance: LoyaltyBalance) -> LoyaltyBalance:
    """The balance again, after the engine refused what an older one allowed; the older one where that cannot be had."""
    try:
        return await at_present(loyalty.balances, balance.membership_id) or balance
    except UpstreamError:
        return balance


def _hold_refused(error: UpstreamRejected, command: HoldPoints) -> Refusal:
    if error.reason == "MEMBERSHIP_NOT_FOUND":
        return _membership_not_found(command)
    if error.reason == "IDEMPOTENCY_CONFLICT":
        return key_conflict()
    raise error


def _insufficient(command: HoldPoints, balance: LoyaltyBalance) -> InsufficientPoints:
    available = balance.available
    # A balance may allow what the engine refused: one that cannot be had anew, or that has grown meanwhile.
    left = f"{available.value} are available" if available.value < command.points else "fewer were available"
    return InsufficientPoints(
        message=f"{command.points} {available.currency.name} were asked for and {left}. Hold fewer points.",
        path=("input", "points"),
        available=available,
    )


def _membership_not_found(command: HoldPoints) -> MembershipNotFound:
    return MembershipNotFound(
        message=f"There is no membership {command.membership_id}. Check the id.", path=("input", "membershipId")
    )
