"""Adding up positions of different places."""

from decimal import Decimal

from domains.inventory import AvailabilitySemantics
from domains.vocabulary import Sku
from gateway.projection.network import summed
from tests.gateway.projection.erp import position

SKU = Sku("SKU-1")


def test_numbers_that_all_know_are_added() -> None:
    """Stock and what is kept back of it are added up; a delivery counts where it is known of."""
    parts = [
        position(1, safety_stock=Decimal(1), incoming=Decimal(7)).record,
        position(1, place="dc-2", safety_stock=Decimal(2)).record,
    ]
    total = summed(SKU, parts)
    assert (total.on_hand, total.safety_stock, total.incoming, total.reserved) == (
        Decimal(10),
        Decimal(3),
        Decimal(7),
        None,
    )
    assert (total.location_id, total.semantics) == (None, AvailabilitySemantics.ON_HAND)


def test_what_one_does_not_know_is_not_taken_for_nothing() -> None:
    """A place without a count adds nothing; one with a count whose reservations are unknown makes the sum unknown."""
    uncounted = position(1, place="dc-2", on_hand=None, discontinued=True).record
    total = summed(SKU, [position(1, reserved=Decimal(2)).record, uncounted])
    assert (total.on_hand, total.reserved, total.discontinued) == (Decimal(5), Decimal(2), False)
    total = summed(SKU, [position(1, reserved=Decimal(2)).record, position(1, place="dc-2").record])
    assert (total.on_hand, total.reserved) == (Decimal(10), None)
    total = summed(SKU, [uncounted])
    assert (total.on_hand, total.discontinued) == (None, True)


def test_meanings_are_never_mixed() -> None:
    """What may be promised is added up only among figures that mean the same."""
    promised, sellable = AvailabilitySemantics.AVAILABLE_TO_PROMISE, AvailabilitySemantics.SELLABLE
    one = position(1, semantics=sellable, available_to_promise=Decimal(4)).record
    same = position(1, place="dc-2", semantics=sellable, available_to_promise=Decimal(3)).record
    other = position(1, place="dc-3", semantics=promised, available_to_promise=Decimal(50)).record
    assert (summed(SKU, [one, same]).available_to_promise, summed(SKU, [one, same]).semantics) == (Decimal(7), sellable)
    mixed = summed(SKU, [one, other])
    assert (mixed.available_to_promise, mixed.semantics, mixed.on_hand) == (
        None,
        AvailabilitySemantics.ON_HAND,
        Decimal(10),
    )
