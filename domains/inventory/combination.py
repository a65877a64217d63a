"""One position out of two books: what the ERP's ledger says and what the OMS says of the same goods."""

from decimal import Decimal

from msgspec.structs import replace

from domains.inventory.availability import figure_of
from domains.inventory.model import AvailabilitySemantics, StockPosition
from domains.vocabulary import FreshnessTier, Reading

_TIERS = list(FreshnessTier)
_FAILING = FreshnessTier.STALE_DEGRADED


def leans_on_book(oms: Reading[StockPosition]) -> bool:
    """Whether the book may have a part in the answer: the OMS fails and its figure is a last known one, or it counts
    reservations and no stock."""
    if oms.tier is _FAILING:
        return True
    position = oms.value
    return position.available_to_promise is None and position.reserved is not None and _figure(position) is None


def combine(book: Reading[StockPosition] | None, oms: Reading[StockPosition] | None) -> Reading[StockPosition] | None:
    """The position to promise from, of the two that may be known of one StockKey; None when nothing is known.

    `oms` None means that the OMS could not be asked. Its own figure stands alone while its source answers. Else the
    book's stock is SELLABLE less what either knows to be reserved or kept back: both count the same goods, so the
    larger number is taken. Beside a last known figure of the OMS, whichever promises fewer is answered, whole: figures
    of different meanings are never mixed or added. Not used is a book that does not know what is reserved, or one whose
    own refreshing fails.

    What stands in for a failing OMS is STALE_DEGRADED however new the book is, so that `promise` is careful with it.
    """
    if book is None or book.tier is _FAILING or (oms is not None and not leans_on_book(oms)):
        return oms
    made = _from_book(book, oms)
    promised = _figure(made.value)
    if promised is None:
        return oms
    known = None if oms is None else _figure(oms.value)
    return made if known is None or promised < known else oms


def _figure(position: StockPosition) -> Decimal | None:
    return figure_of(position)[0]


def _from_book(book: Reading[StockPosition], oms: Reading[StockPosition] | None) -> Reading[StockPosition]:
    """The book, with the reservations and the safety stock that the OMS knows of.

    A book that names another meaning than ON_HAND has taken reservations off already, and stands as it is.
    """
    lies_there = book.value
    if lies_there.semantics is not AvailabilitySemantics.ON_HAND:
        return _dated(lies_there, book, None)
    if oms is not None and oms.value.reserved is None and oms.value.safety_stock is None:
        oms = None
    position = replace(
        lies_there,
        semantics=AvailabilitySemantics.SELLABLE,
        on_hand=lies_there.available_to_promise if lies_there.on_hand is None else lies_there.on_hand,
        reserved=_larger(lies_there.reserved, None if oms is None else oms.value.reserved),
        safety_stock=_larger(lies_there.safety_stock, None if oms is None else oms.value.safety_stock),
        available_to_promise=None,
    )
    return _dated(position, book, oms)


def _larger(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return max((part for part in (one, other) if part is not None), default=None)


def _dated(
    position: StockPosition, book: Reading[StockPosition], oms: Reading[StockPosition] | None
) -> Reading[StockPosition]:
    """As old as the older part, and fresh for as long as both are; without the OMS never fresh, for it stands in."""
    if oms is None:
        return Reading(position, book.source, _FAILING, book.observed_at, 0.0)
    observed_at = min(book.observed_at, oms.observed_at)
    fresh_until = min(book.observed_at + book.max_age_s, oms.observed_at + oms.max_age_s)
    return Reading(
        value=position,
        source=f"{book.source}+{oms.source}",
        tier=max(book.tier, oms.tier, key=_TIERS.index),
        observed_at=observed_at,
        max_age_s=0.0 if oms.tier is _FAILING else max(0.0, fresh_until - observed_at),
    )
