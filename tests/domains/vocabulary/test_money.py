"""Money adds up exactly and splits without losing a cent."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domains.vocabulary import CurrencyMismatch, Money

CENTS = st.integers(-(10**11), 10**11)
WEIGHTS = st.lists(st.decimals(0, 10_000, places=3), min_size=1, max_size=20).filter(any)
CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD"])


def euros(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency_code="EUR")


@settings(max_examples=150)
@given(CENTS, WEIGHTS, CURRENCIES)
def test_parts_add_up_to_the_whole(units: int, weights: list[Decimal], currency_code: str) -> None:
    """However it is split, the parts add up to the amount, each in whole minor units and of the amount's sign."""
    unit = Money.zero(currency_code).minor_unit
    whole = Money(amount=units * unit, currency_code=currency_code)
    parts = whole.allocate(weights)
    assert sum(parts, start=Money.zero(currency_code)) == whole
    assert all(part.amount % unit == 0 and part.amount * units >= 0 for part in parts)


@settings(max_examples=150)
@given(CENTS, WEIGHTS)
def test_no_part_is_a_cent_off_its_share(cents: int, weights: list[Decimal]) -> None:
    """Each part is less than one minor unit away from its exact share, and nothing goes to a weight of zero."""
    whole = Money(amount=Decimal(cents).scaleb(-2), currency_code="EUR")
    for weight, part in zip(weights, whole.allocate(weights), strict=True):
        share = whole.amount * weight / sum(weights)
        assert abs(part.amount - share) < whole.minor_unit
        assert weight > 0 or part.amount == 0


def test_the_left_over_cent_goes_to_the_part_that_lost_most() -> None:
    """Of ten euros in thirds the first gets the cent; of one cent by 1 to 2 the second does."""
    assert euros("10.00").allocate([Decimal(1)] * 3) == [euros("3.34"), euros("3.33"), euros("3.33")]
    assert euros("0.01").allocate([Decimal(1), Decimal(2)]) == [euros("0.00"), euros("0.01")]
    assert euros("-10.00").allocate([Decimal(1)] * 3) == [euros("-3.34"), euros("-3.33"), euros("-3.33")]


@pytest.mark.parametrize("weights", [[], [Decimal(0)], [Decimal(2), Decimal(-1)]])
def test_weights_that_cannot_split_are_refused(weights: list[Decimal]) -> None:
    """No weights, weights of nothing and negative weights raise instead of losing the money."""
    with pytest.raises(ValueError, match="weights"):
        euros("1.00").allocate(weights)


@pytest.mark.parametrize(
    ("amount", "currency_code", "rounded"),
    [
        ("2.345", "EUR", "2.34"),
        ("2.355", "EUR", "2.36"),
        ("12.5", "JPY", "12"),
        ("1.0005", "KWD", "1.000"),
        ("1250.5", "XOF", "1250"),
        ("1250.5", "UGX", "1250"),
        ("1.0005", "IQD", "1.000"),
        ("1.00005", "CLF", "1.0000"),
    ],
)
def test_rounds_half_to_even_in_the_currencys_own_unit(amount: str, currency_code: str, rounded: str) -> None:
    """Cents for euros, whole yen, thousandths of a dinar; halves go to the even neighbour."""
    money = Money(amount=Decimal(amount), currency_code=currency_code).rounded()
    assert str(money.amount) == rounded


def test_currencies_never_mix() -> None:
    """Adding, subtracting and comparing across currencies raises."""
    yen = Money(amount=Decimal(1), currency_code="JPY")
    for meet in (Money.__add__, Money.__sub__, Money.__lt__, Money.__le__):
        with pytest.raises(CurrencyMismatch):
            meet(euros("1.00"), yen)
