"""Each kind of discrepancy of returns and of points is found by itself, and nothing else is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domains.loyalty import LedgerEntryStatus, LedgerEntryType, RedemptionState
from domains.returns import ReturnStatus
from domains.vocabulary import PointsAmount
from gateway.reconcile.redemption_comparison import compare_redemption
from gateway.reconcile.return_comparison import ReturnExpected, compare_return
from tests.gateway.reconcile.books import (
    CREDIT_MEMO,
    INVOICE,
    NOW,
    POINTS,
    RETURN,
    RETURN_AGREES,
    RETURN_GONE,
    RETURN_OFF,
    entry,
    euros,
    ledger,
    posting,
    redemption,
    returned,
)

REVERSAL, POSTED = LedgerEntryType.REVERSAL, LedgerEntryStatus.POSTED

RETURNS: list[tuple[str, ReturnExpected, dict[str, Any], tuple[str, str, str]]] = [
    ("gone", RETURN, {"authorization": None}, ("the return in the order system", "there", "nothing")),
    (
        "canceled",
        RETURN,
        {"authorization": returned(status=ReturnStatus.CANCELED)},
        ("its status in the order system", "not canceled", "CANCELED"),
    ),
    (
        "other refund",
        RETURN,
        {"authorization": returned(estimated_refund=euros("20.01"))},
        ("its refund in the order system", "20.00 EUR", "20.01 EUR"),
    ),
    ("no memo", RETURN, {"posting": None}, ("its credit memo", "6000000001", "nothing")),
    (
        "memo over a cent less",
        RETURN,
        {"ledger": ledger((INVOICE, "40.00"), (CREDIT_MEMO, "19.99"))},
        ("the amount of its credit memo", "20.00 EUR", "19.99 EUR"),
    ),
    ("points kept", RETURN, {"reversal": None}, ("the points that it takes back", "-15 points", "nothing")),
    (
        "a point less taken back",
        RETURN,
        {"reversal": entry(-14, REVERSAL, POSTED)},
        ("the points that it takes back", "-15 points", "-14 points"),
    ),
    (
        "the order system says otherwise",
        RETURN,
        {"authorization": returned(points_reversed=PointsAmount(value=Decimal(16), currency=POINTS))},
        ("the points that it takes back, by the order system", "15 points", "16 points"),
    ),
    ("no receipt", RETURN, {"receipts": {}}, ("goods receipt receipt-1", "5000000001", "nothing")),
]


@pytest.mark.parametrize(("expected", "seen", "told"), [row[1:] for row in RETURNS], ids=[row[0] for row in RETURNS])
def test_a_standing_return_is_compared(expected: ReturnExpected, seen: dict[str, Any], told: tuple[str, ...]) -> None:
    """One thing that is wrong is one mismatch; a return that agrees has none."""
    assert compare_return(expected, RETURN_AGREES) == ()
    (found,) = compare_return(expected, replace(RETURN_AGREES, **seen))
    assert (found.what, found.expected, found.found) == told


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ({"authorization": returned()}, ("its status in the order system", "CANCELED", "AUTHORIZED")),
        ({"posting": posting("6000000001")}, ("its credit memo", "reversed", "6000000001")),
        ({"restored": None}, ("the points that it took", "given back", "nothing")),
    ],
    ids=["stands", "credited", "points not restored"],
)
def test_a_canceled_return_is_gone_everywhere(seen: dict[str, Any], told: tuple[str, ...]) -> None:
    """Nothing of it may be left; one that was never recorded is gone too."""
    assert compare_return(RETURN_OFF, RETURN_GONE) == ()
    assert compare_return(RETURN_OFF, replace(RETURN_GONE, authorization=None, posting=None)) == ()
    (found,) = compare_return(RETURN_OFF, replace(RETURN_GONE, **seen))
    assert (found.what, found.expected, found.found) == told


@pytest.mark.parametrize(
    ("state", "has_order", "over", "whats"),
    [
        (RedemptionState.CAPTURED, True, True, []),
        (RedemptionState.CAPTURED, False, True, ["its order"]),
        (RedemptionState.HELD, False, False, []),
        (RedemptionState.HELD, True, True, ["its hold"]),
        (RedemptionState.EXPIRED, False, True, []),
        (RedemptionState.UNKNOWN, False, True, []),
        (None, False, False, ["the redemption"]),
    ],
)
def test_points_are_spent_with_an_order_or_free_in_time(
    state: RedemptionState | None, has_order: bool, over: bool, whats: Collection[str]
) -> None:
    """Spent without an order, held past the end of the hold, or unknown to the engine: each is told."""
    expires_at = NOW - timedelta(seconds=1) if over else NOW + timedelta(seconds=1)
    said = None if state is None else redemption(state, expires_at=expires_at)
    found = compare_redemption("LoyaltyRedemption:red-1", said, has_order=has_order, now=NOW)
    assert [mismatch.what for mismatch in found] == whats
