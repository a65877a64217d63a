"""What a ledger adds up to: the check on the balance that the engine states."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from domains.loyalty.model import LedgerEntryStatus, LedgerEntryType, LoyaltyLedgerEntry
from domains.vocabulary import PointsAmount, RewardCurrency

# A REVERSED entry did happen: the REVERSAL entry that undoes it stands in the ledger with the opposite sign.
_COUNTS = frozenset({LedgerEntryStatus.POSTED, LedgerEntryStatus.REVERSED})
_HOLDS = frozenset({LedgerEntryType.HOLD, LedgerEntryType.RELEASE})


class Tally(NamedTuple):
    """The sums of a whole ledger, to be compared with a LoyaltyBalance."""

    available: PointsAmount
    held: PointsAmount
    pending: PointsAmount


def tally(entries: Iterable[LoyaltyLedgerEntry], currency: RewardCurrency) -> Tally:
    """Add up every entry of one membership's ledger, in any order.

    `available` is the sum of what is posted, holds (negative) and their releases (positive) included; `held` is what
    holds took and releases have not given back; `pending` is what is accrued and not yet posted. Rejected entries
    count nowhere. Raises ValueError when an entry is in another currency.
    """
    available = held = pending = Decimal(0)
    for entry in entries:
        if entry.points.currency.code != currency.code:
            raise ValueError(f"a ledger in {currency.code} holds {entry.points.currency.code}")
        if entry.status in _COUNTS:
            available += entry.points.value
            if entry.type in _HOLDS:
                held -= entry.points.value
        elif entry.status is LedgerEntryStatus.PENDING and entry.type is LedgerEntryType.ACCRUAL:
            pending += entry.points.value
    return Tally(*(PointsAmount(value=value, currency=currency) for value in (available, held, pending)))
