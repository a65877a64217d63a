"""Whether one place can give a whole basket line, and which place does so most surely."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from domains.inventory.model import Availability, ItemAvailability
from domains.vocabulary import FreshnessTier, FulfillmentType, Reading, Record, Sku

# Best for the customer first. UNKNOWN is last: a certain no lets them go on, a maybe does not.
_STATUS_RANK = {
    status: rank
    for rank, status in enumerate(
        (
            ItemAvailability.IN_STOCK,
            ItemAvailability.ONLINE_ONLY,
            ItemAvailability.IN_STORE_ONLY,
            ItemAvailability.LIMITED_AVAILABILITY,
            ItemAvailability.MADE_TO_ORDER,
            ItemAvailability.PRE_SALE,
            ItemAvailability.PRE_ORDER,
            ItemAvailability.BACK_ORDER,
            ItemAvailability.RESERVED,
            ItemAvailability.OUT_OF_STOCK,
            ItemAvailability.SOLD_OUT,
            ItemAvailability.DISCONTINUED,
            ItemAvailability.UNKNOWN,
        )
    )
}
_TIER_RANK = {tier: rank for rank, tier in enumerate(FreshnessTier)}


class LineAsk(NamedTuple):
    """`quantity` of one product; `fulfillment` None is any way of handing it over."""

    sku: Sku
    quantity: Decimal
    fulfillment: FulfillmentType | None = None


class LineAvailability(Record, frozen=True, kw_only=True):
    """The answer to one LineAsk.

    `fulfillable` says whether one place alone can give all of `requested`; None when no place's figure is known.
    `best` is the place that does so most surely, `alternatives` the others in the same order.
    """

    sku: Sku
    requested: Decimal
    fulfillable: bool | None = None
    best: Reading[Availability] | None = None
    alternatives: tuple[Reading[Availability], ...] = ()


def answer_line(ask: LineAsk, candidates: Sequence[Reading[Availability]]) -> LineAvailability:
    """Rank the candidates for one line: fulfilling first, then by status, figure and freshness, then as given.

    Figures are compared with the line one by one and never added up: they may mean different things, and may count
    the same goods twice.
    """
    known = [reading for reading in candidates if reading.value.available_to_promise is not None]
    ranked = sorted(candidates, key=lambda reading: _rank(ask, reading))
    return LineAvailability(
        sku=ask.sku,
        requested=ask.quantity,
        fulfillable=any(gives_all(ask, reading.value) for reading in known) if known else None,
        best=ranked[0] if ranked else None,
        alternatives=tuple(ranked[1:]),
    )


def gives_all(ask: LineAsk, availability: Availability) -> bool:
    """Whether the figure is known, and enough for the whole line."""
    figure = availability.available_to_promise
    return figure is not None and figure >= ask.quantity


def _rank(ask: LineAsk, reading: Reading[Availability]) -> tuple[bool, int, bool, Decimal, int]:
    figure = reading.value.available_to_promise
    return (
        not gives_all(ask, reading.value),
        _STATUS_RANK[reading.value.status],
        figure is None,
        -(figure or Decimal(0)),
        _TIER_RANK[reading.tier],
    )
