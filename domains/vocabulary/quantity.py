"""Quantities: exact decimals in a product's own unit (pieces, metres, kilograms)."""

from decimal import Decimal

from domains.vocabulary.decimals import decimals
from domains.vocabulary.errors import InvalidInput

# SAP carries 3 decimals in order quantities and 13 digits before them (API_SALES_ORDER_SRV, RequestedQuantity 15,3).
QUANTITY_MAX = Decimal(9999999999999)
DECIMALS_MAX = 3


def positive_quantity(value: Decimal, *path: str | int) -> Decimal:
    """`value` if it may be ordered, returned or reserved.

    Raises InvalidInput, pointing at `path`, when it is not finite, not above zero, or finer than a thousandth.
    """
    if not value.is_finite() or value <= 0 or value > QUANTITY_MAX:
        raise InvalidInput(f"A quantity is more than 0 and at most {QUANTITY_MAX}.", path)
    if decimals(value) > DECIMALS_MAX:
        raise InvalidInput(f"A quantity has at most {DECIMALS_MAX} decimals.", path)
    return value
