"""Which baskets may be put to an engine."""

import re
from decimal import Decimal

from domains.promotions.model import Basket, BasketLine
from domains.vocabulary import InvalidInput, positive_quantity

LINES_MAX = 100
CODES_MAX = 20
CHARACTERS_MAX = 64
"""Of a SKU or a code."""
LINE_COST_MAX = Decimal(10) ** 15
"""In major units. Sums of so many digits are still exact in Python's default decimal context of 28."""

_CURRENCY_CODE = re.compile(r"[A-Z]{3}", re.ASCII)


def checked(basket: Basket) -> Basket:
    """The basket as it is, if an engine can be asked about it.

    That takes 1 to LINES_MAX lines with a SKU, a positive quantity and a price that is not negative, one currency
    throughout, and at most CODES_MAX codes, each once. Raises InvalidInput otherwise, pointing at the place in the
    argument `basket`.
    """
    if not _CURRENCY_CODE.fullmatch(basket.currency_code):
        raise InvalidInput("A currency code is three capital letters (ISO 4217).", ("basket", "currencyCode"))
    if not 1 <= len(basket.lines) <= LINES_MAX:
        raise InvalidInput(f"A basket has 1 to {LINES_MAX} lines.", ("basket", "lines"))
    for place, line in enumerate(basket.lines):
        _check_line(line, basket.currency_code, ("basket", "lines", place))
    _check_codes(basket.codes)
    return basket


def _check_line(line: BasketLine, currency_code: str, path: tuple[str | int, ...]) -> None:
    if not _is_name(line.sku):
        raise InvalidInput(f"A SKU has 1 to {CHARACTERS_MAX} characters.", (*path, "sku"))
    positive_quantity(line.quantity, *path, "quantity")
    if line.unit_price.currency_code != currency_code:
        raise InvalidInput(f"Every price of this basket is in {currency_code}.", (*path, "unitPrice", "currencyCode"))
    if not line.unit_price.amount.is_finite() or line.unit_price.amount < 0:
        raise InvalidInput("A price is 0 or more.", (*path, "unitPrice", "amount"))
    if line.unit_price.amount * line.quantity > LINE_COST_MAX:
        raise InvalidInput(f"A line costs at most {LINE_COST_MAX} {currency_code}.", (*path, "unitPrice", "amount"))


def _check_codes(codes: tuple[str, ...]) -> None:
    if len(codes) > CODES_MAX:
        raise InvalidInput(f"A basket has at most {CODES_MAX} codes.", ("basket", "codes"))
    for place, code in enumerate(codes):
        if not _is_name(code):
            raise InvalidInput(f"A code has 1 to {CHARACTERS_MAX} characters.", ("basket", "codes", place))
        if code in codes[:place]:
            raise InvalidInput(f"The code {code} is given twice.", ("basket", "codes", place))


def _is_name(text: str) -> bool:
    return bool(text.strip()) and len(text) <= CHARACTERS_MAX
