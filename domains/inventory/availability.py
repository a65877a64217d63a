"""What may be said to a customer of one stock position. Never more than the system said, and less when it is old."""

from decimal import ROUND_CEILING, Decimal
from typing import NamedTuple

from domains.inventory.model import Availability, AvailabilitySemantics, ItemAvailability, StockPosition
from domains.vocabulary import FreshnessTier, FulfillmentType, Reading

LOW_STOCK = Decimal(3)
"""So few pieces that a miscount, a theft or another basket in flight may take the last: said to be limited."""


class Decay(NamedTuple):
    """What is taken off a stale figure: a share of it, and at least some pieces."""

    share: Decimal
    least: Decimal


DECAY = {
    # Past its fresh time by seconds to minutes and being refreshed: one basket, or a tenth in a sale's rush.
    FreshnessTier.STALE_OK: Decay(Decimal("0.10"), Decimal(1)),
    # The source is failing, so sales since then are unknown, and nobody can say for how long.
    FreshnessTier.STALE_DEGRADED: Decay(Decimal("0.25"), Decimal(2)),
}

_NONE = Decimal(0)


def promise(reading: Reading[StockPosition], fulfillment: FulfillmentType | None) -> Reading[Availability]:
    """What may be promised of a position, in the reading's own freshness.

    `available_to_promise` is the system's own figure where it gives one, else what lies there less reservations and
    safety stock where all of these are known, else unknown. A stale figure is cut by DECAY and never called plentiful.
    `fulfillment` None asks for every way; the pick-up time is left out of those that are not collected.
    """
    position = reading.value
    known, semantics = figure_of(position)
    tier = reading.tier
    # By identity where that does: the hash of an enum's member is a call of Python's.
    decay = None if tier is FreshnessTier.FRESH or tier is FreshnessTier.LIVE else DECAY.get(tier)
    availability = Availability(
        sku=position.sku,
        location_id=position.location_id,
        status=_status(position, known, stale=decay is not None),
        semantics=semantics,
        on_hand=position.on_hand,
        available_to_promise=known if known is None or decay is None else _decayed(known, decay),
        reserved=position.reserved,
        safety_stock=position.safety_stock,
        incoming=position.incoming,
        promises=position.promises,
        expected_at=position.expected_at,
        pick_up_time=position.pick_up_time if fulfillment in (FulfillmentType.PICKUP, None) else None,
    )
    return Reading(availability, reading.source, tier, reading.observed_at, reading.max_age_s)


def figure_of(position: StockPosition) -> tuple[Decimal | None, AvailabilitySemantics]:
    """How many may be promised, and in which meaning. A figure worked out here is SELLABLE, whatever the others are."""
    own, on_hand = position.available_to_promise, position.on_hand
    if own is not None:
        semantics = position.semantics
        if on_hand is not None and on_hand < own and semantics is not AvailabilitySemantics.AVAILABLE_TO_PROMISE:
            own = on_hand  # only what is available to promise counts goods that are still to come
        return max(own, _NONE), semantics
    if on_hand is None:
        return None, position.semantics
    taken = [part for part in (position.reserved, position.safety_stock) if part is not None]
    left = on_hand - sum(taken, _NONE)
    if left <= _NONE:
        return _NONE, AvailabilitySemantics.SELLABLE  # what is not known could only take more
    if len(taken) < 2:
        return None, position.semantics
    return left, AvailabilitySemantics.SELLABLE


def _decayed(known: Decimal, decay: Decay) -> Decimal:
    """Whole pieces are taken off, so that a count of pieces stays one."""
    buffer = max(decay.least, (known * decay.share).to_integral_value(ROUND_CEILING))
    return max(known - buffer, _NONE)


def _status(position: StockPosition, known: Decimal | None, *, stale: bool) -> ItemAvailability:
    """Judged by the figure before decay: age is a reason to promise fewer, not to say that they are sold out.

    What is left of a discontinued item may still be bought, and will not be restocked.
    """
    if known is not None and known > _NONE:
        limited = stale or position.discontinued or known <= LOW_STOCK
        return ItemAvailability.LIMITED_AVAILABILITY if limited else ItemAvailability.IN_STOCK
    if position.discontinued:
        return ItemAvailability.DISCONTINUED
    if known is None:
        return ItemAvailability.UNKNOWN
    return ItemAvailability.BACK_ORDER if _expects_more(position) else ItemAvailability.OUT_OF_STOCK


def _expects_more(position: StockPosition) -> bool:
    incoming = position.incoming is not None and position.incoming > 0
    return incoming or position.expected_at is not None or any(later.quantity > 0 for later in position.promises)
