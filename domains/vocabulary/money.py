"""Money: an exact decimal amount in one currency."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal

from domains.vocabulary.record import Record

# ISO 4217 exponents (list one) that are not 2. Everything else is rounded to cents.
_EXPONENTS = {
    "BHD": 3, "BIF": 0, "CLF": 4, "CLP": 0, "DJF": 0, "GNF": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0, "KMF": 0,
    "KRW": 0, "KWD": 3, "LYD": 3, "OMR": 3, "PYG": 0, "RWF": 0, "TND": 3, "UGX": 0, "UYI": 0, "UYW": 4, "VND": 0,
    "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
}  # fmt: skip


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies met. Where a system said one of them, it has not kept to its document's."""


class Money(Record, frozen=True, kw_only=True):
    """`amount` in major units (12.50 is twelve and a half), `currency_code` in ISO 4217.

    Sums keep every digit; `rounded()` brings an amount to the currency's minor unit, half to even.
    """

    amount: Decimal
    currency_code: str

    @classmethod
    def zero(cls, currency_code: str) -> Money:
        return cls(amount=Decimal(0), currency_code=currency_code)

    def __add__(self, other: Money) -> Money:
        return Money(amount=self.amount + self._same(other), currency_code=self.currency_code)

    def __sub__(self, other: Money) -> Money:
        return Money(amount=self.amount - self._same(other), currency_code=self.currency_code)

    def __neg__(self) -> Money:
        return Money(amount=-self.amount, currency_code=self.currency_code)

    def __mul__(self, factor: Decimal | int) -> Money:
        return Money(amount=self.amount * factor, currency_code=self.currency_code)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def rounded(self) -> Money:
        """The amount in whole minor units, half to even."""
        return Money(
            amount=self.amount.quantize(self.minor_unit, rounding=ROUND_HALF_EVEN), currency_code=self.currency_code
        )

    @property
    def minor_unit(self) -> Decimal:
        """The smallest amount that can be paid, e.g. 0.01 EUR, 1 JPY."""
        return Decimal(1).scaleb(-_EXPONENTS.get(self.currency_code, 2))

    def allocate(self, weights: Sequence[Decimal]) -> list[Money]:
        """Split the rounded amount by `weights` so that the parts add up to it, to the minor unit.

        What rounding leaves over goes to the parts that lost most, earlier parts first.
        Raises ValueError when no weight is positive or one is negative.
        """
        total_weight = sum(weights, Decimal(0))
        if total_weight <= 0 or any(weight < 0 for weight in weights):
            raise ValueError("money is allocated by weights of which none is negative and one is positive")
        unit = self.minor_unit
        units = int((self.rounded().amount / unit).to_integral_value())
        sign, units = (-1 if units < 0 else 1), abs(units)
        exact = [weight * units / total_weight for weight in weights]
        floors = [int(share) for share in exact]
        by_loss = sorted(range(len(exact)), key=lambda place: floors[place] - exact[place])
        for place in by_loss[: units - sum(floors)]:
            floors[place] += 1
        return [Money(amount=sign * part * unit, currency_code=self.currency_code) for part in floors]

    def _same(self, other: Money) -> Decimal:
        if other.currency_code != self.currency_code:
            raise CurrencyMismatch(f"{self.currency_code} met {other.currency_code}")
        return other.amount
