"""Points: amounts of a loyalty program's own currency."""

from __future__ import annotations

from decimal import Decimal

from domains.vocabulary.decimals import decimals, insist_on_finite
from domains.vocabulary.record import Record


class RewardCurrency(Record, frozen=True, kw_only=True):
    """A program's unit of account. `decimal_places` is how finely it may be divided; most programs say 0."""

    code: str
    name: str
    decimal_places: int = 0


class PointsAmount(Record, frozen=True, kw_only=True):
    """`value` points of `currency`."""

    value: Decimal
    currency: RewardCurrency

    def __post_init__(self) -> None:
        insist_on_finite(self.value)

    def is_divisible(self) -> bool:
        """Whether the value has no more decimals than the currency allows."""
        return decimals(self.value) <= self.currency.decimal_places
