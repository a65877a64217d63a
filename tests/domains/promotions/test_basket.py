"""Only baskets that an engine can answer are put to one."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from domains.promotions import Basket, BasketLine, checked
from domains.vocabulary import InvalidInput, Money, Sku


def line(sku: str = "A", quantity: str = "1", price: str = "9.99", currency_code: str = "EUR") -> BasketLine:
    return BasketLine(
        sku=Sku(sku),
        quantity=Decimal(quantity),
        unit_price=Money(amount=Decimal(price), currency_code=currency_code),
    )


def basket(*lines: BasketLine, **fields: Any) -> Basket:
    return msgspec.structs.replace(Basket(currency_code="EUR", lines=lines), **fields)


@pytest.mark.parametrize(
    "good",
    [
        basket(line()),
        basket(*[line()] * 100),
        basket(line(price="0"), line(quantity="0.125")),
        basket(line(), codes=tuple(f"CODE{number}" for number in range(20))),
        basket(line(currency_code="JPY", price="1200"), currency_code="JPY"),
    ],
)
def test_good_baskets_pass_unchanged(good: Basket) -> None:
    """A basket within the limits comes back as it was."""
    assert checked(good) is good


@pytest.mark.parametrize(
    ("bad", "path"),
    [
        (basket(), ("basket", "lines")),
        (basket(*[line()] * 101), ("basket", "lines")),
        (basket(line(), currency_code="eur"), ("basket", "currencyCode")),
        (basket(line(), currency_code="EUR\n"), ("basket", "currencyCode")),
        (basket(*[line()] * 3, line(quantity="0")), ("basket", "lines", 3, "quantity")),
        (basket(line(quantity="-1")), ("basket", "lines", 0, "quantity")),
        (basket(line(quantity="0.0001")), ("basket", "lines", 0, "quantity")),
        (basket(line(), line(price="-0.01")), ("basket", "lines", 1, "unitPrice", "amount")),
        (basket(line(price="NaN")), ("basket", "lines", 0, "unitPrice", "amount")),
        (basket(line(price="1E+12", quantity="1001")), ("basket", "lines", 0, "unitPrice", "amount")),
        (basket(line(), line(currency_code="USD")), ("basket", "lines", 1, "unitPrice", "currencyCode")),
        (basket(line(), line(sku=" ")), ("basket", "lines", 1, "sku")),
        (basket(line(sku="x" * 65)), ("basket", "lines", 0, "sku")),
        (basket(line(), codes=tuple(f"CODE{number}" for number in range(21))), ("basket", "codes")),
        (basket(line(), codes=("A", "B", "A")), ("basket", "codes", 2)),
        (basket(line(), codes=("A", "")), ("basket", "codes", 1)),
        (basket(line(), codes=("x" * 65,)), ("basket", "codes", 0)),
    ],
)
def test_bad_baskets_are_refused_where_they_are_bad(bad: Basket, path: tuple[str | int, ...]) -> None:
    """Each limit raises, pointing at the member that breaks it."""
    with pytest.raises(InvalidInput) as caught:
        checked(bad)
    assert caught.value.path == path
