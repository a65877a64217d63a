"""Points are divided as finely as their currency says."""

from decimal import Decimal

import pytest

from domains.vocabulary import PointsAmount, RewardCurrency


@pytest.mark.parametrize(
    ("value", "decimal_places", "divisible"),
    [
        ("100", 0, True),
        ("1E+3", 0, True),
        ("100.00", 0, True),
        ("0.5", 0, False),
        ("0.5", 1, True),
        ("0.55", 1, False),
        ("-2.25", 2, True),
        ("0", 0, True),
        ("0.00", 0, True),
        ("1.0000000000000000000000000000001", 0, False),
    ],
)
def test_divisible_to_the_currencys_decimals(value: str, decimal_places: int, divisible: bool) -> None:
    """Trailing zeros do not count as decimals."""
    currency = RewardCurrency(code="PTS", name="points", decimal_places=decimal_places)
    assert PointsAmount(value=Decimal(value), currency=currency).is_divisible() is divisible


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_points_are_a_number(value: str) -> None:
    """What cannot be counted is no amount of points."""
    with pytest.raises(ValueError, match="not finite"):
        PointsAmount(value=Decimal(value), currency=RewardCurrency(code="PTS", name="points"))
