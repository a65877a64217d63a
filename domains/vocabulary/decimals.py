"""How finely an exact number is divided."""

from decimal import Decimal


def decimals(value: Decimal) -> int:
    """The digits after the point that say something: 2 for 1.250 and for 0.25, 0 for 100.

    Counted on the digits themselves: arithmetic, even `normalize`, rounds to the context's 28 digits.
    Raises ValueError for NaN and infinities.
    """
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise ValueError(f"{value} is not finite")  # noqa: TRY004 - a Decimal of the wrong value, not of a wrong type
    if exponent >= 0:
        return 0
    trailing = next((place for place, digit in enumerate(reversed(digits)) if digit), len(digits))
    return max(0, -exponent - trailing)
