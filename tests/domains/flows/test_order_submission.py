"""What is checked while the shopper waits for an order to be accepted."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from domains.durable import Accepted
from domains.flows import Checkout, SubmitOrder, order_id_behind, submit_order
from domains.inventory import ReservationState
from domains.loyalty import RedemptionState
from domains.orders import Order, OrderDraftLine, OrderStatus, status_of
from domains.vocabulary import (
    BackendUnavailable,
    FreshnessTier,
    IdempotencyKey,
    InvalidInput,
    Money,
    Refusal,
    Sku,
    SystemRole,
    UpstreamRejected,
    UpstreamTimeout,
)
from tests.domains.flows.books import Books
from tests.domains.flows.goods import (
    ADA,
    ERP,
    LOYALTY,
    MEMBER,
    OMS,
    REDEMPTION,
    RESERVATION,
    SHIRT,
    SOCKS,
    euros,
    redemption,
    reservation,
)
from tests.domains.flows.runner import NOON

KEY = IdempotencyKey(hashlib.sha256(b"ada's basket").hexdigest())
Change = dict[str, Any]


def line(sku: str, quantity: str, price: str) -> OrderDraftLine:
    return OrderDraftLine(sku=Sku(sku), quantity=Decimal(quantity), unit_price=euros(price))


BASKET = (line(SHIRT, "2", "10.00"), line(SOCKS, "3", "5.00"))


def checkout(**changes: Any) -> Checkout:
    whole = Checkout(
        lines=BASKET,
        total=euros("35.00"),
        channel="WEB",
        idempotency_key=KEY,
        customer_id=ADA,
        email="ada@example.com",
        postal_code="1010",
        reservation_id=RESERVATION,
        redemption_id=REDEMPTION,
    )
    return msgspec.structs.replace(whole, **changes)


async def submitted(books: Books, asked: Checkout) -> Accepted[Order] | Refusal:
    return await submit_order(books.inventory(), books.loyalty(), asked, NOON)


async def test_a_good_order_is_accepted_with_all_that_its_steps_need() -> None:
    """The answer is the order as it will be taken; the command holds reservation, points and what they are worth."""
    books = Books()
    accepted = await submitted(books, checkout())
    assert isinstance(accepted, Accepted)
    assert accepted.kind == "order.submit"
    command, order = accepted.command, accepted.answer
    assert isinstance(command, SubmitOrder)
    assert (command.membership_id, command.redeemed) == (MEMBER, euros("5.00"))
    assert (command.order_id, command.order_number) == (order.id, order.order_number)
    assert status_of(order.facts) is OrderStatus.CREATED
    assert [(one.id, one.sku, one.total) for one in order.lines] == [
        ("1", SHIRT, euros("20.00")),
        ("2", SOCKS, euros("15.00")),
    ]
    assert (order.total, order.redemption_id, order.placed_at) == (euros("35.00"), REDEMPTION, NOON)
    assert books.asked == {OMS: 1, LOYALTY: 2}
    assert ERP not in books.asked


async def test_a_repeat_names_the_same_order() -> None:
    """Id, number and flow are made from the key alone, and the number leads back to the id."""
    first, second = await submitted(Books(), checkout()), await submitted(Books(), checkout())
    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert (first.flow_id, first.answer.id) == (second.flow_id, second.answer.id)
    assert order_id_behind(first.answer.order_number) == first.answer.id
    assert len(first.answer.order_number) == 13


async def test_a_guest_without_reservation_or_points_waits_for_nobody() -> None:
    """What was not set aside is asked of no system."""
    books = Books(down={OMS: UpstreamTimeout(OMS, "orders"), LOYALTY: UpstreamTimeout(LOYALTY, "points")})
    accepted = await submitted(books, checkout(customer_id=None, reservation_id=None, redemption_id=None))
    assert isinstance(accepted, Accepted)
    assert not books.asked


@pytest.mark.parametrize("system", [OMS, LOYALTY])
async def test_a_system_that_cannot_be_asked_is_told(system: SystemRole) -> None:
    """Either system that must vouch for the order refuses it by being away, and says that nothing was ordered."""
    books = Books(down={system: UpstreamTimeout(system, "read")})
    refusal = await submitted(books, checkout())
    assert isinstance(refusal, BackendUnavailable)
    assert refusal.system is system
    assert refusal.retryable
    assert "Nothing was ordered." in refusal.message


async def test_what_was_last_known_is_no_ground_to_take_an_order() -> None:
    """A remembered answer of a failing system counts as none."""
    refusal = await submitted(Books(tier=FreshnessTier.STALE_DEGRADED), checkout(redemption_id=None))
    assert isinstance(refusal, BackendUnavailable)
    assert refusal.system is OMS


async def test_a_system_that_refuses_the_question_is_loud() -> None:
    """A rejected read says something of us, so it is an error and no refusal."""
    books = Books(down={OMS: UpstreamRejected(OMS, "reservations", status=401)})
    with pytest.raises(UpstreamRejected):
        await submitted(books, checkout(redemption_id=None))


@pytest.mark.parametrize(
    "state", [one for one in ReservationState if one is not ReservationState.CREATED], ids=lambda one: one.value
)
async def test_a_reservation_that_is_over_is_refused(state: ReservationState) -> None:
    """Only an open reservation can become an order's; the refusal says what it is instead."""
    refusal = await submitted(Books(reservations={RESERVATION: reservation(state)}), checkout())
    assert isinstance(refusal, Refusal)
    assert (refusal.code, getattr(refusal, "state", None)) == ("RESERVATION_NOT_OPEN", state)
    assert not refusal.retryable


@pytest.mark.parametrize(
    "state", [one for one in RedemptionState if one is not RedemptionState.HELD], ids=lambda one: one.value
)
async def test_points_that_are_not_held_are_refused(state: RedemptionState) -> None:
    """Only held points can be spent; the refusal says what they are instead."""
    refusal = await submitted(Books(redemptions={REDEMPTION: redemption(state)}), checkout())
    assert isinstance(refusal, Refusal)
    assert (refusal.code, getattr(refusal, "state", None)) == ("REDEMPTION_NOT_HELD", state)


async def test_what_has_run_out_is_expired_whoever_has_not_noticed() -> None:
    """A reservation and a hold past their time count as expired, although their systems still call them open."""
    late = NOON + timedelta(minutes=15)
    books = Books()
    both = await submit_order(books.inventory(), books.loyalty(), checkout(), late)
    points = await submit_order(books.inventory(), books.loyalty(), checkout(reservation_id=None), late)
    assert [getattr(one, "state", None) for one in (both, points)] == [
        ReservationState.EXPIRED,
        RedemptionState.EXPIRED,
    ]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"reservation_id": "rsv-2"}, "RESERVATION_NOT_FOUND"),
        ({"redemption_id": "red-2"}, "REDEMPTION_NOT_FOUND"),
        ({"customer_id": "cust-2"}, "REDEMPTION_NOT_FOUND"),
        (
            {"lines": (line(SHIRT, "2", "2.00"), line(SOCKS, "3", "0.10")), "total": euros("4.30")},
            "REDEMPTION_EXCEEDS_TOTAL",
        ),
    ],
)
async def test_what_does_not_fit_is_refused(asked: Change, code: str) -> None:
    """What is not there, is somebody else's, or is worth more than the order, is told by its code."""
    refusal = await submitted(Books(), checkout(**asked))
    assert isinstance(refusal, Refusal)
    assert refusal.code == code


async def test_lines_that_were_not_reserved_are_told_by_product() -> None:
    """Every product that differs is told with both figures; parts of a split line count together."""
    other = (line(SHIRT, "2", "10.00"), line("HAT", "1", "15.00"))
    refusal = await submitted(Books(), checkout(lines=other))
    assert isinstance(refusal, Refusal)
    assert refusal.code == "LINES_DIFFER_FROM_RESERVATION"
    differences = getattr(refusal, "differences", ())
    assert {(one.sku, one.ordered, one.reserved) for one in differences} == {("HAT", 1, 0), (SOCKS, 0, 3)}


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"lines": ()}, ("input", "lines")),
        ({"lines": BASKET * 51}, ("input", "lines")),
        ({"lines": (line(SHIRT, "0", "10.00"),)}, ("input", "lines", 0, "quantity")),
        ({"lines": (line(SHIRT, "NaN", "10.00"),)}, ("input", "lines", 0, "quantity")),
        ({"lines": (line(SHIRT, "1", "-1.00"),)}, ("input", "lines", 0, "unitPrice")),
        ({"lines": (line(SHIRT, "1", "0.005"),)}, ("input", "lines", 0, "unitPrice")),
        ({"lines": (line(SHIRT, "1", "Infinity"),)}, ("input", "lines", 0, "unitPrice")),
        ({"total": euros("34.99")}, ("input", "total")),
        ({"total": Money(amount=Decimal(35), currency_code="USD")}, ("input", "lines", 0, "unitPrice")),
        ({"email": "nobody"}, ("input", "email")),
        ({"email": "a@" + "b" * 253}, ("input", "email")),
        ({"customer_id": None, "email": None, "redemption_id": None}, ("input", "email")),
        ({"customer_id": None}, ("input", "redemptionId")),
        ({"channel": "WEB\n"}, ("input", "channel")),
        ({"postal_code": ""}, ("input", "postalCode")),
    ],
)
async def test_an_order_that_contradicts_itself_is_sent_back(asked: Change, path: tuple[str | int, ...]) -> None:
    """Before any system is asked, what no channel should send is told by its place."""
    books = Books()
    with pytest.raises(InvalidInput) as told:
        await submitted(books, checkout(**asked))
    assert told.value.path == path
    assert not books.asked


async def test_points_in_another_currency_pay_for_nothing() -> None:
    """A redemption worth dollars, or nothing that is said, cannot pay an order in euros."""
    dollars = msgspec.structs.replace(redemption(), value=Money(amount=Decimal(5), currency_code="USD"))
    for held in (dollars, msgspec.structs.replace(redemption(), value=None)):
        with pytest.raises(InvalidInput, match="worth nothing in EUR"):
            await submitted(Books(redemptions={REDEMPTION: held}), checkout())
