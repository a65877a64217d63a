"""The two ends of a hold: its points are spent, or given back.

The engine is asked at once: were the state read first, a repeat of an end that came unheard would be refused, where
the engine repeats its first answer.
"""

from typing import ClassVar

from domains.loyalty.hearing import WHO, heard
from domains.loyalty.lifecycle import may_become
from domains.loyalty.model import LoyaltyRedemption, RedemptionState
from domains.loyalty.port import Loyalty
from domains.loyalty.present import at_present
from domains.loyalty.redemption import InsufficientPoints
from domains.vocabulary import (
    IdempotencyKey,
    PointsAmount,
    Record,
    RedemptionId,
    Refusal,
    UpstreamError,
    UpstreamRejected,
    key_conflict,
    not_asked,
)

_UNCHANGED = "The points are still held."
_HELD, _UNKNOWN = RedemptionState.HELD, RedemptionState.UNKNOWN
_PATH = ("input", "redemptionId")


class VoidRedemption(Record, frozen=True, kw_only=True):
    """Give the points of a hold back."""

    redemption_id: RedemptionId
    idempotency_key: IdempotencyKey


class CaptureRedemption(Record, frozen=True, kw_only=True):
    """Spend the points of a hold."""

    redemption_id: RedemptionId
    idempotency_key: IdempotencyKey


class RedemptionNotFound(Refusal, frozen=True, kw_only=True):
    """Returned when the loyalty engine knows no redemption of this id."""

    code: ClassVar[str] = "REDEMPTION_NOT_FOUND"


class IllegalRedemptionState(Refusal, frozen=True, kw_only=True):
    """Returned when the redemption is no longer held, so that nothing is left to spend or to give back.

    `state` is what it is instead; UNKNOWN when the engine did not say.
    """

    code: ClassVar[str] = "ILLEGAL_REDEMPTION_STATE"
    state: RedemptionState


async def void(loyalty: Loyalty, command: VoidRedemption) -> LoyaltyRedemption | Refusal:
    """Give held points back, or say why not. Raises UpstreamRejected as `hold` does."""
    id_ = command.redemption_id

    async def look() -> LoyaltyRedemption | Refusal | None:
        redemption = await at_present(loyalty.redemptions, id_)
        if redemption is None or redemption.state in (_HELD, _UNKNOWN):
            return None
        # By whomever: that they are given back is all that was wanted.
        return redemption if redemption.state is RedemptionState.VOIDED else _illegal(redemption.state, "given back")

    async def refused(error: UpstreamRejected) -> Refusal:
        if error.reason == "ILLEGAL_TRANSITION":
            return _illegal(await _state(loyalty, id_), "given back")
        return _refused(error, id_)

    return await heard(lambda: loyalty.void(id_, command.idempotency_key), look, refused, _UNCHANGED)


async def capture(loyalty: Loyalty, command: CaptureRedemption) -> LoyaltyRedemption | Refusal:
    """Spend held points, or say why not. Raises UpstreamRejected as `hold` does."""
    id_, key = command.redemption_id, command.idempotency_key

    async def look() -> LoyaltyRedemption | Refusal | None:
        redemption = await at_present(loyalty.redemptions, id_)
        if redemption is None or redemption.state in (_HELD, _UNKNOWN):
            return None
        # By the key and not by the state: somebody else may have spent the same points.
        if redemption.state is RedemptionState.CAPTURED and await at_present(loyalty.entries, str(key)) is not None:
            return redemption
        return _illegal(redemption.state, "spent")

    async def refused(error: UpstreamRejected) -> LoyaltyRedemption | Refusal:
        if error.reason == "INSUFFICIENT_POINTS":
            return await _too_few(loyalty, id_)
        if error.reason != "ILLEGAL_TRANSITION":
            return _refused(error, id_)
        try:
            return await look() or _illegal(_UNKNOWN, "spent")
        except UpstreamError:
            return _illegal(_UNKNOWN, "spent")  # the refusal stands without the state

    return await heard(lambda: loyalty.capture(id_, key), look, refused, _UNCHANGED)


def redemption_not_found(id_: RedemptionId) -> RedemptionNotFound:
    """The refusal of a redemption that is not there, or not the caller's."""
    return RedemptionNotFound(message=f"There is no redemption {id_}. Check the id.", path=_PATH)


def _refused(error: UpstreamRejected, id_: RedemptionId) -> Refusal:
    if error.reason == "REDEMPTION_NOT_FOUND":
        return redemption_not_found(id_)
    if error.reason == "IDEMPOTENCY_CONFLICT":
        return key_conflict()
    raise error


async def _state(loyalty: Loyalty, redemption_id: RedemptionId) -> RedemptionState:
    """What the redemption is, after the engine would not void it."""
    try:
        redemption = await at_present(loyalty.redemptions, redemption_id)
    except UpstreamError:
        return _UNKNOWN  # the refusal stands without it
    # A state that could still be voided contradicts the engine's refusal, so this reading is older than it.
    if redemption is None or may_become(redemption.state, RedemptionState.VOIDED):
        return _UNKNOWN
    return redemption.state


async def _too_few(loyalty: Loyalty, id_: RedemptionId) -> Refusal:
    """Points were taken behind the back of a hold that the engine does not know of."""
    try:
        redemption = await at_present(loyalty.redemptions, id_)
        if redemption is None:
            return redemption_not_found(id_)
        balance = await at_present(loyalty.balances, redemption.membership_id)
    except UpstreamError as error:
        return not_asked(error, WHO, _UNCHANGED)
    if balance is None:
        return redemption_not_found(id_)
    # To this hold its own points are available.
    left = balance.available.value + redemption.points.value
    currency = balance.available.currency
    return InsufficientPoints(
        message=(
            f"{redemption.points.value} {currency.name} are held and only {left} are left: the others were spent "
            "elsewhere. Void the redemption, and hold fewer points."
        ),
        path=_PATH,
        available=PointsAmount(value=left, currency=currency),
    )


def _illegal(state: RedemptionState, wanted: str) -> IllegalRedemptionState:
    now = "no longer held" if state is _UNKNOWN else state.value.lower()
    return IllegalRedemptionState(
        message=f"The redemption is {now}; only held points can be {wanted}. Read the redemption again.",
        path=_PATH,
        state=state,
    )
