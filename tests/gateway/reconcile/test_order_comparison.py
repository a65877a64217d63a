"""Each kind of discrepancy of orders is found by itself, to the cent and to the point, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.finance import PostingSubject
from domains.loyalty import LedgerEntryStatus, LedgerEntryType, RedemptionState
from domains.orders import DeliveryProgress, Lifecycle, OrderFacts
from domains.vocabulary import ReturnId, Sku
from gateway.reconcile.order_comparison import OrderExpected, OrderSeen, compare_order
from tests.gateway.reconcile.books import (
    AGREES,
    CALLED_OFF,
    CREDIT_MEMO,
    GONE,
    INVOICE,
    PAYMENT,
    STANDS,
    entry,
    euros,
    in_dollars,
    ledger,
    order,
    posting,
    redemption,
    returned,
)

REVERSAL, POSTED = LedgerEntryType.REVERSAL, LedgerEntryStatus.POSTED
SHIPPED = OrderFacts(lifecycle=Lifecycle.COMPLETED, delivery=DeliveryProgress.FULL)
CREDITED: dict[str, Any] = {
    "returns": (returned(),),
    "credits": {ReturnId("r-1"): posting(subject=PostingSubject.RETURN)},
}

AGREEING: list[tuple[str, OrderExpected, dict[str, Any]]] = [
    ("as it should be", STANDS, {}),
    ("half of it credited", STANDS, CREDITED | {"ledger": ledger((INVOICE, "40.00"), (CREDIT_MEMO, "20.00"))}),
    ("its return called off", STANDS, {"returns": (returned(),), "credits": {ReturnId("r-1"): posting(None)}}),
    ("not invoiced before it leaves", STANDS, {"ledger": None}),
    ("nobody knows what a return refunds", STANDS, CREDITED | {"returns": (returned(estimated_refund=None),)}),
    ("all points taken back", STANDS, {"accrual": entry(0, status=LedgerEntryStatus.REVERSED), "points": Decimal(0)}),
    ("nobody remembers its points", STANDS, {"points": None, "accrual": entry(7)}),
    ("posted once it has left", replace(STANDS, shipped=True), {"accrual": entry(30, status=POSTED)}),
    ("settled by hand", replace(STANDS, document=None, accrued=False), {"posting": None, "accrual": None}),
]
DIFFERING: list[tuple[str, OrderExpected, dict[str, Any], tuple[str, str, str]]] = [
    ("order gone", STANDS, {"order": None}, ("the order in the order system", "there", "nothing")),
    (
        "order canceled",
        STANDS,
        {"order": order(facts=OrderFacts(rejected=True))},
        ("its status in the order system", "not canceled", "CANCELED"),
    ),
    (
        "other lines",
        replace(STANDS, lines={Sku("SKU-1"): Decimal(3)}),
        {},
        ("its lines in the order system", "3 of SKU-1", "2 of SKU-1"),
    ),
    (
        "other total",
        STANDS,
        {"order": order(total=euros("39.99"))},
        ("its total in the order system", "40.00 EUR", "39.99 EUR"),
    ),
    ("no document", STANDS, {"posting": None}, ("its ERP document", "4500000001", "nothing")),
    ("parked document", STANDS, {"posting": posting(None)}, ("its ERP document", "4500000001", "nothing")),
    (
        "reversed document",
        STANDS,
        {"posting": posting(reversed_=True)},
        ("its ERP document", "4500000001", "4500000001, reversed"),
    ),
    ("other document", STANDS, {"posting": posting("45X")}, ("its ERP document", "4500000001", "45X")),
    (
        "a cent less invoiced",
        STANDS,
        {"ledger": ledger((INVOICE, "39.99"), (PAYMENT, "10.00"))},
        ("what the books have invoiced", "40.00 EUR", "39.99 EUR"),
    ),
    (
        "invoiced in another currency",
        STANDS,
        {"ledger": in_dollars(ledger((INVOICE, "0.00"), (INVOICE, "40.00")))},
        ("what the books have invoiced", "40.00 EUR", "0.00 EUR"),
    ),
    (
        "credited twice",
        STANDS,
        CREDITED | {"ledger": ledger((INVOICE, "40.00"), (CREDIT_MEMO, "20.00"), (CREDIT_MEMO, "20.00"))},
        ("what the books have invoiced", "20.00 EUR", "0.00 EUR"),
    ),
    (
        "left without an invoice",
        STANDS,
        {"ledger": None, "order": order(facts=SHIPPED)},
        ("what the books have invoiced", "40.00 EUR", "nothing"),
    ),
    (
        "paid otherwise",
        STANDS,
        {"ledger": ledger((INVOICE, "40.00"), (PAYMENT, "9.00"))},
        ("its payment with points in the books", "10.00 EUR", "9.00 EUR"),
    ),
    ("no accrual", STANDS, {"accrual": None}, ("what it earned", "30 points", "nothing")),
    ("a point less", STANDS, {"accrual": entry(29)}, ("what it earned", "30 points", "29 points")),
    (
        "another order's accrual",
        STANDS,
        {"accrual": entry(30, order_id="o-2")},
        ("the order that earned its points", "Order:o-1", "Order:o-2"),
    ),
    (
        "accrual rejected",
        STANDS,
        {"accrual": entry(30, status=LedgerEntryStatus.REJECTED)},
        ("what it earned", "pending or posted", "REJECTED"),
    ),
    ("never posted", replace(STANDS, shipped=True), {}, ("what it earned", "POSTED", "PENDING")),
    (
        "points given back",
        STANDS,
        {"redemption": redemption(RedemptionState.REVERSED)},
        ("the points that it spent", "CAPTURED", "REVERSED"),
    ),
    ("no redemption", STANDS, {"redemption": None}, ("the points that it spent", "CAPTURED", "nothing")),
    (
        "points worth more",
        STANDS,
        {"redemption": redemption(value="10.01")},
        ("what its points are worth", "10.00 EUR", "10.01 EUR"),
    ),
]
NOT_GONE: list[tuple[str, OrderExpected, dict[str, Any], tuple[str, str, str]]] = [
    ("order stands", CALLED_OFF, {"order": order()}, ("its status in the order system", "CANCELED", "CREATED")),
    ("document stands", CALLED_OFF, {"posting": posting()}, ("its ERP document", "reversed", "4500000001")),
    (
        "a cent left",
        CALLED_OFF,
        {"ledger": ledger((INVOICE, "40.00"), (CREDIT_MEMO, "39.99"))},
        ("what the books have invoiced", "0.00 EUR", "0.01 EUR"),
    ),
    ("points kept", CALLED_OFF, {"accrual": entry(30)}, ("what it earned", "taken back", "30 points")),
    (
        "points spent",
        CALLED_OFF,
        {"redemption": redemption()},
        ("the points that it spent", "given back", "CAPTURED"),
    ),
    (
        "points of a forgotten order spent",
        replace(CALLED_OFF, remembered=False),
        {"redemption": redemption(), "capture": None},
        ("the points that it spent", "given back", "CAPTURED"),
    ),
]


@pytest.mark.parametrize(("expected", "seen"), [row[1:] for row in AGREEING], ids=[row[0] for row in AGREEING])
def test_an_order_that_agrees_is_left_alone(expected: OrderExpected, seen: dict[str, Any]) -> None:
    """What may differ for a good reason is no discrepancy."""
    assert compare_order(expected, replace(AGREES, **seen)) == ()


@pytest.mark.parametrize(
    ("expected", "seen", "told"), [row[1:] for row in DIFFERING], ids=[row[0] for row in DIFFERING]
)
def test_a_standing_order_is_compared(expected: OrderExpected, seen: dict[str, Any], told: tuple[str, ...]) -> None:
    """One thing that is wrong is one mismatch, with what was expected and what is there."""
    (found,) = compare_order(expected, replace(AGREES, **seen))
    assert (found.key, (found.what, found.expected, found.found)) == ("Order:o-1", told)


@pytest.mark.parametrize(("expected", "seen", "told"), [row[1:] for row in NOT_GONE], ids=[row[0] for row in NOT_GONE])
def test_a_canceled_order_is_gone_everywhere(
    expected: OrderExpected, seen: dict[str, Any], told: tuple[str, ...]
) -> None:
    """Nothing of it may be left in any system."""
    assert compare_order(expected, GONE) == ()
    (found,) = compare_order(expected, replace(GONE, **seen))
    assert (found.what, found.expected, found.found) == told


@pytest.mark.parametrize(
    "seen",
    [
        OrderSeen(),
        OrderSeen(redemption=redemption()),  # another order has spent them
        OrderSeen(accrual=entry(30, status=POSTED), taken_back=entry(-30, REVERSAL, POSTED)),
        OrderSeen(posting=posting(None)),
    ],
    ids=["never anywhere", "points of another", "taken back by an entry of its own", "never posted"],
)
def test_a_canceled_order_may_have_left_its_traces(seen: OrderSeen) -> None:
    """What was never there, is another's, or was taken back otherwise, is no discrepancy."""
    assert compare_order(CALLED_OFF, seen) == ()


@given(
    total=st.decimals("0.01", "9999", places=2),
    invoiced=st.decimals("0.01", "9999", places=2),
    credited=st.decimals("0.01", "9999", places=2),
)
def test_the_books_are_compared_to_the_cent(total: Decimal, invoiced: Decimal, credited: Decimal) -> None:
    """Invoices less credit memos are what was ordered less what came back, or there is exactly one mismatch."""
    expected = replace(STANDS, total=euros(str(total)), redeemed=None)
    seen = replace(
        AGREES,
        order=order(total=euros(str(total))),
        ledger=ledger((INVOICE, str(invoiced)), (CREDIT_MEMO, str(credited))),
        **(CREDITED | {"returns": (returned(estimated_refund=euros(str(credited))),)}),
    )
    assert bool(compare_order(expected, seen)) == (total != invoiced)
