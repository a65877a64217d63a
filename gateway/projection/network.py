"""What lies in the whole network: the positions of one product at the places that ship, added up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from domains.inventory import AvailabilitySemantics, StockPosition
from domains.vocabulary import Sku


def summed(sku: Sku, positions: Sequence[StockPosition]) -> StockPosition:
    """One position for all of them. Never more than they say together, and never a sum of different meanings.

    Counted are the places whose stock on hand is known; what is reserved or kept for safety is known only if each of
    these knows it. A figure of their own for what may be promised is added up only where all mean the same by it;
    dated promises are left to the system that makes them. Discontinued is what is so everywhere.
    """
    counted = [position for position in positions if position.on_hand is not None]
    meanings = {position.semantics for position in positions}
    one_meaning = len(meanings) == 1
    return StockPosition(
        sku=sku,
        location_id=None,
        semantics=next(iter(meanings)) if one_meaning else AvailabilitySemantics.ON_HAND,
        on_hand=_total(counted, lambda position: position.on_hand),
        reserved=_total(counted, lambda position: position.reserved),
        safety_stock=_total(counted, lambda position: position.safety_stock),
        incoming=_total(
            [position for position in positions if position.incoming is not None], lambda one: one.incoming
        ),
        available_to_promise=_total(positions, lambda one: one.available_to_promise) if one_meaning else None,
        expected_at=min((one.expected_at for one in positions if one.expected_at is not None), default=None),
        discontinued=all(position.discontinued for position in positions),
    )


def _total(positions: Sequence[StockPosition], figure: Callable[[StockPosition], Decimal | None]) -> Decimal | None:
    """The sum of a figure; None when one of them does not know it, or there are none."""
    figures = [number for position in positions if (number := figure(position)) is not None]
    return sum(figures, Decimal(0)) if positions and len(figures) == len(positions) else None
