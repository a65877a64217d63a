"""One position out of two books: what the ERP's ledger says and what the OMS says of the same goods."""

from decimal import Decimal

from domains.inventory.availability import promise
from domains.inventory.model import AvailabilitySemantics, StockPosition
from domains.vocabulary import FreshnessTier, Reading

_TIERS = list(FreshnessTier)


def combine(book: Reading[StockPosition] | None, oms: Reading[StockPosition] | None) -> Reading[StockPosition] | None:
    """The position to promise from, of the two that are known of one StockKey; None when neither is.

    The OMS's own figure stands alone while its source answers. Once that figure is a last known one, or there is none,
    the book's stock is taken instead, with what is known to be reserved and kept back beside it, as SELLABLE: `promise`
    does the subtraction, and says nothing where one of the parts is missing. The OMS's old figure is still better than
    a book that says nothing. Figures of different meanings are never mixed or added; reservations and safety stock that
    both know count the same goods, so the larger one is taken. What was put together is as fresh as its worse half.
    """
    if book is None or oms is None:
        return oms if book is None else _from_book(book, None)
    known = _says(oms)
    if known and oms.tier is not FreshnessTier.STALE_DEGRADED:
        return oms
    made = _from_book(book, oms)
    return oms if known and not _says(made) else made


def _says(reading: Reading[StockPosition]) -> bool:
    return promise(reading, None).value.available_to_promise is not None


def _from_book(book: Reading[StockPosition], oms: Reading[StockPosition] | None) -> Reading[StockPosition]:
    """The book, with the reservations and the safety stock that the OMS adds to it.

    A book that names another meaning than ON_HAND has taken reservations off already, and stands as it is.
    """
    lies_there = book.value
    if lies_there.semantics is not AvailabilitySemantics.ON_HAND:
        return book
    other = None if oms is None else oms.value
    reserved = _larger(lies_there.reserved, None if other is None else other.reserved)
    kept_back = _larger(lies_there.safety_stock, None if other is None else other.safety_stock)
    on_hand = lies_there.on_hand if lies_there.on_hand is not None else lies_there.available_to_promise
    position = StockPosition(
        sku=lies_there.sku,
        location_id=lies_there.location_id,
        semantics=AvailabilitySemantics.SELLABLE,
        on_hand=on_hand,
        reserved=reserved,
        safety_stock=kept_back,
        incoming=lies_there.incoming,
        promises=lies_there.promises,
        expected_at=lies_there.expected_at,
        discontinued=lies_there.discontinued,
        pick_up_time=lies_there.pick_up_time,
    )
    used = oms is not None and (reserved, kept_back) != (lies_there.reserved, lies_there.safety_stock)
    return _worse(position, book, oms) if used and oms is not None else _of(position, book)


def _larger(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return max((part for part in (one, other) if part is not None), default=None)


def _of(position: StockPosition, book: Reading[StockPosition]) -> Reading[StockPosition]:
    return Reading(position, book.source, book.tier, book.observed_at, book.max_age_s)


def _worse(
    position: StockPosition, book: Reading[StockPosition], oms: Reading[StockPosition]
) -> Reading[StockPosition]:
    """As old as the older half, and fresh for as long as both are."""
    observed_at = min(book.observed_at, oms.observed_at)
    fresh_until = min(book.observed_at + book.max_age_s, oms.observed_at + oms.max_age_s)
    return Reading(
        value=position,
        source=f"{book.source}+{oms.source}",
        tier=max(book.tier, oms.tier, key=_TIERS.index),
        observed_at=observed_at,
        max_age_s=max(0.0, fresh_until - observed_at),
    )
