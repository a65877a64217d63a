"""What a kept hold may become, and what it takes off a balance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domains.loyalty import (
    CAPTURE,
    LATE_S,
    REVERSAL,
    Holding,
    KeptHold,
    LoyaltyBalance,
    LoyaltyRedemption,
    Movement,
    RedemptionState,
    arrived,
    expired,
    is_open,
    less,
    looked_up,
    points_in,
    set_out,
    spent_since,
    voided,
)
from tests.domains.loyalty.engine import HELD, MEMBER, points

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
LATER, TOO_LATE = NOW + timedelta(seconds=LATE_S - 1), NOW + timedelta(seconds=LATE_S)
ENDS_AT = NOW + timedelta(seconds=30)


def kept(state: RedemptionState = RedemptionState.HELD) -> KeptHold:
    redemption = LoyaltyRedemption(
        id=HELD, membership_id=MEMBER, state=state, points=points(30), expires_at=ENDS_AT, reference="hold"
    )
    return KeptHold(redemption=redemption)


def spending() -> KeptHold:
    sent = set_out(kept(), CAPTURE, "c", NOW)
    assert sent is not None
    return sent


def reversing() -> KeptHold:
    sent = set_out(arrived(spending()), REVERSAL, "r", NOW)
    assert sent is not None
    return sent


def test_who_keeps_a_hold() -> None:
    """Engines that lock points or set a voucher aside keep it; for the other two the gateway does."""
    assert [one for one in Holding if one.keeps_hold] == [Holding.NATIVE_LOCK, Holding.VOUCHER_RESERVE]


def test_a_hold_ends_by_itself() -> None:
    """What is held is over the moment its time is; what is on its way to be spent, or over otherwise, is not."""
    assert expired(kept(), ENDS_AT - timedelta(seconds=1)).state is RedemptionState.HELD
    assert expired(kept(), ENDS_AT).state is RedemptionState.EXPIRED
    assert expired(spending(), ENDS_AT).state is RedemptionState.UNKNOWN
    assert expired(kept(RedemptionState.VOIDED), ENDS_AT).state is RedemptionState.VOIDED


@pytest.mark.parametrize("state", RedemptionState)
def test_only_what_is_held_is_given_back_or_spent(state: RedemptionState) -> None:
    """Every other state is refused both; only what is spent can be reversed."""
    is_held = state is RedemptionState.HELD
    assert (voided(kept(state), "v") is not None) is is_held
    assert (set_out(kept(state), CAPTURE, "c", NOW) is not None) is is_held
    assert (set_out(kept(state), REVERSAL, "r", NOW) is not None) is (state is RedemptionState.CAPTURED)


def test_what_is_on_its_way_may_be_sent_again_under_its_own_key_alone() -> None:
    """A repeat is noted with its time; another key, and a movement the other way, are refused."""
    again = set_out(spending(), CAPTURE, "c", LATER)
    assert again is not None
    assert again.on_its_way == Movement(key="c", at=LATER)
    assert set_out(spending(), CAPTURE, "d", LATER) is None
    assert set_out(spending(), REVERSAL, "c", LATER) is None
    assert set_out(reversing(), CAPTURE, "r", LATER) is None


def test_the_ledger_decides() -> None:
    """What is in the ledger has happened; what is not may still come for a minute, and then never does."""
    assert looked_up(spending(), True, NOW).state is RedemptionState.CAPTURED
    assert looked_up(reversing(), True, NOW).state is RedemptionState.REVERSED
    assert looked_up(spending(), False, LATER) == spending()
    assert looked_up(spending(), False, TOO_LATE).state is RedemptionState.EXPIRED
    assert looked_up(reversing(), False, TOO_LATE) == arrived(spending())
    assert looked_up(kept(), True, NOW) == kept()


def test_points_are_held_until_they_are_known_to_be_spent() -> None:
    """Held and perhaps not debited points are open; reversed ones are not open while they come back."""
    assert is_open(kept(), NOW)
    assert not is_open(kept(), ENDS_AT)
    assert is_open(spending(), TOO_LATE)
    assert not any(is_open(one, NOW) for one in (arrived(spending()), reversing(), kept(RedemptionState.VOIDED)))


def test_a_balance_from_before_does_not_know_what_was_spent() -> None:
    """Points count as spent since a moment from their debit on, until they are known to be back."""
    before, after = NOW.timestamp(), NOW.timestamp() + 1
    assert spent_since(arrived(spending()), before)
    assert spent_since(reversing(), before)
    assert not spent_since(arrived(spending()), after)
    assert not spent_since(arrived(reversing()), before)
    assert not spent_since(spending(), before), "it is open, and counted as such"
    assert not spent_since(kept(), before)


def test_a_balance_less_what_is_held() -> None:
    """Held points move from available to held, spent ones are gone, and nothing else changes; it may go below zero."""
    balance = LoyaltyBalance(membership_id=MEMBER, available=points(40), held=points(5), pending=points(7))
    net = less(balance, points_in([kept(), spending()]), points_in([kept()]))
    assert (net.available, net.held, net.pending) == (points(-50), points(65), points(7))
    assert less(balance, points_in([])) is balance
