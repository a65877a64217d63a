"""How finely an exact number is divided."""

from decimal import Decimal


def insist_on_finite(*numbers: Decimal | None) -> None:
    """For the `__post_init__` of what outside systems say and the house computes with.

    JSON has no NaN and no infinity, but a Decimal may be a text, and msgspec takes such a text for one. Found here, the
    answer cannot be read; found later, arithmetic fails far from whoever said it. Raises ValueError, which msgspec
    tells with the place.
    """
    for number in numbers:
        if number is not None and not number.is_finite():
            raise ValueError(f"{number} is not finite")


def decimals(value: Decimal) -> int:
    """The digits after the point that say something: 2 for 1.250 and for 0.25, 0 for 100.

    Counted on the digits themselves: arithmetic, even `normalize`, rounds to the context's 28 digits.
    Raises ValueError for NaN and infinities.
    """
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise ValueError(f"{value} is not finite")  # noqa: TRY004 - a Decimal of the wrong value, not of a wrong type
    if exponent >= 0 or not any(digits):
        return 0
    trailing = next(place for place, digit in enumerate(reversed(digits)) if digit)
    return max(0, -exponent - trailing)
