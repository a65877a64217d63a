"""A ledger adds up to the balance that the engine should state."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domains.loyalty import LedgerEntryStatus, LedgerEntryType, LoyaltyLedgerEntry, tally
from domains.vocabulary import PointsAmount, RewardCurrency

POINTS = RewardCurrency(code="PTS", name="points")
POSTED = LedgerEntryStatus.POSTED
Step = tuple[str, int]


def entry(type_: str, value: int, status: LedgerEntryStatus = POSTED) -> LoyaltyLedgerEntry:
    return LoyaltyLedgerEntry(
        id="e",
        type=LedgerEntryType(type_),
        status=status,
        points=PointsAmount(value=Decimal(value), currency=POINTS),
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def sums(*entries: LoyaltyLedgerEntry) -> tuple[int, ...]:
    return tuple(int(amount.value) for amount in tally(entries, POINTS))


def test_an_empty_ledger_is_an_empty_account() -> None:
    """Without entries all sums are zero, in the currency asked for."""
    assert sums() == (0, 0, 0)
    assert tally((), POINTS).held.currency is POINTS


def test_a_hold_moves_points_aside_until_it_is_captured_or_released() -> None:
    """Held points leave what is available; a release brings them back, a capture takes them for good."""
    earned, held = entry("ACCRUAL", 100), entry("HOLD", -30)
    assert sums(earned, held) == (70, 30, 0)
    assert sums(earned, held, entry("RELEASE", 30)) == (100, 0, 0)
    assert sums(earned, held, entry("RELEASE", 30), entry("REDEMPTION", -30)) == (70, 0, 0)


def test_pending_and_rejected_points_are_not_available() -> None:
    """What is accrued and not posted is pending alone; what was rejected is nowhere; a pending spend earns nothing."""
    pending, rejected = LedgerEntryStatus.PENDING, LedgerEntryStatus.REJECTED
    assert sums(entry("ACCRUAL", 40, pending), entry("ACCRUAL", 5, rejected), entry("HOLD", -9, rejected)) == (0, 0, 40)
    assert sums(entry("REDEMPTION", -10, pending)) == (0, 0, 0)


def test_a_reversal_undoes_what_it_reverses() -> None:
    """A reversed entry and its reversal cancel each other out."""
    assert sums(entry("REDEMPTION", -20, LedgerEntryStatus.REVERSED), entry("REVERSAL", 20)) == (0, 0, 0)


def test_currencies_are_not_mixed() -> None:
    """An entry in another currency raises."""
    with pytest.raises(ValueError, match="MILES"):
        tally([entry("ACCRUAL", 1)], RewardCurrency(code="MILES", name="miles"))


@settings(max_examples=150)
@given(st.lists(st.tuples(st.sampled_from(["earn", "hold", "release", "capture"]), st.integers(1, 50)), max_size=30))
def test_the_tally_follows_any_history(steps: list[Step]) -> None:
    """Whatever is earned, held, released and captured: the sums are those of an account kept step by step."""
    available = held = 0
    entries: list[LoyaltyLedgerEntry] = []
    for step, points in steps:
        if step == "earn":
            entries.append(entry("ACCRUAL", points))
            available += points
        elif step == "hold" and points <= available:
            entries.append(entry("HOLD", -points))
            available, held = available - points, held + points
        elif step == "release" and points <= held:
            entries.append(entry("RELEASE", points))
            available, held = available + points, held - points
        elif step == "capture" and points <= held:
            entries += [entry("RELEASE", points), entry("REDEMPTION", -points)]
            held -= points
    assert sums(*entries) == (available, held, 0)
    assert sums(*reversed(entries)) == sums(*entries)
