"""Orders called off, and orders that have left."""

from __future__ import annotations

import asyncio
import dataclasses

import msgspec
import pytest

from domains.durable import FlowState, StepState
from domains.flows import OrderShipped, cancel_order, cancellation_workflow, shipped_workflow
from domains.loyalty import LedgerEntryStatus, LoyaltyRedemption, RedemptionState
from domains.orders import DeliveryProgress, OrderFacts, OrderStatus
from domains.vocabulary import IdempotencyKey, RedemptionId
from tests.domains.flows.books import Books
from tests.domains.flows.goods import REDEMPTION
from tests.domains.flows.runner import NOON, Fault, run
from tests.domains.flows.standing import (
    LOST,
    ORDER,
    TAKEN,
    assert_nothing_twice,
    canceled,
    cancellation,
    standing,
    submitted,
)

CANCEL_STEPS = ["look-up", "cancel-order", "reverse-points", "reverse-sales-order", "take-back-points", "note-history"]


async def test_a_canceled_order_is_undone_everywhere() -> None:
    """The order is canceled, points spent are given back and points earned taken, the document is reversed."""
    books = Books()
    await submitted(books)
    ran = await canceled(books)
    assert ran.state is FlowState.COMPLETED, ran.why
    assert standing(books) == {
        "order": OrderStatus.CANCELED,
        "points": RedemptionState.REVERSED,
        "posted": False,
        "earns": False,
        "notes": ["order.submitted", "order.canceled"],
    }
    assert_nothing_twice(books)


@pytest.mark.parametrize("repeats", [True, False], ids=["repeats answers", "forgets keys"])
@pytest.mark.parametrize("fault", LOST, ids=lambda fault: fault.name)
@pytest.mark.parametrize("step", CANCEL_STEPS)
async def test_a_cancellation_survives_lost_answers(step: str, fault: Fault, repeats: bool) -> None:
    """Whichever answer is lost, twice in a row, everything is taken back once."""
    books = Books(repeats=repeats)
    await submitted(books)
    ran = await canceled(books, {step: [fault, fault], f"{step}:find": [Fault.UNHEARD]})
    assert ran.state is FlowState.COMPLETED, ran.why
    left = standing(books)
    assert (left["order"], left["points"]) == (OrderStatus.CANCELED, RedemptionState.REVERSED)
    assert (left["posted"], left["earns"]) == (False, False)
    assert_nothing_twice(books)


@pytest.mark.parametrize("step", CANCEL_STEPS)
async def test_a_cancellation_is_done_again_from_any_step(step: str) -> None:
    """Sent back to its first look, it still knows that there was something to cancel, and takes all of it back."""
    books = Books()
    await submitted(books)
    ran = await canceled(books, {"reverse-points": [Fault.REFUSED]})
    assert (ran.state, standing(books)["order"]) == (FlowState.NEEDS_PERSON, OrderStatus.CANCELED)
    if CANCEL_STEPS.index(step) > CANCEL_STEPS.index("reverse-points"):
        await ran.retried()
    await ran.retried_from(step)
    assert ran.state is FlowState.COMPLETED
    left = standing(books)
    assert (left["points"], left["posted"], left["earns"]) == (RedemptionState.REVERSED, False, False)
    assert_nothing_twice(books)


async def test_an_order_that_left_meanwhile_is_not_canceled() -> None:
    """The OMS has the last word: where it refuses, nothing else is touched."""
    books = Books()
    await submitted(books)
    books.orders[ORDER] = msgspec.structs.replace(books.orders[ORDER], facts=OrderFacts(delivery=DeliveryProgress.FULL))
    ran = await canceled(books)
    assert ran.state is FlowState.COMPENSATED
    assert standing(books) == {**TAKEN, "order": OrderStatus.SHIPPED}


async def test_an_order_that_was_refused_meanwhile_touches_nobody_s_points() -> None:
    """A cancellation behind a refused submission finds nothing to cancel: the points may be another order's."""
    books = Books()
    books.end(REDEMPTION, RedemptionState.CAPTURED)
    ran = await canceled(books)
    assert ran.state is FlowState.COMPLETED
    assert books.effects == {}
    assert [ran.steps[name] for name in CANCEL_STEPS[1:]] == [StepState.SKIPPED] * 5


async def test_an_order_without_points_is_canceled_by_its_total() -> None:
    """Without a redemption all of the total had earned, and all of that is taken back."""
    books = Books()
    await submitted(books, redemption_id=None, redeemed=None, membership_id=None)
    ran = await canceled(books, redemption_id=None)
    assert (ran.state, standing(books)["earns"]) == (FlowState.COMPLETED, False)


async def test_shipment_posts_what_the_order_earned_once() -> None:
    """Pending points are posted when the order has left; hearing of it again changes nothing."""
    books = Books()
    await submitted(books)
    for number in (2, 3):
        ran = await run(
            shipped_workflow(books.systems()),
            OrderShipped(order_id=ORDER),
            {"finalise-accrual": [Fault.ANSWER_LOST]},
            flow_id=f"flow-{number}",
        )
        assert ran.state is FlowState.COMPLETED, ran.why
    accrued = [entry for entry in books.entries.values() if entry.order_id == ORDER]
    assert {entry.status for entry in accrued} == {LedgerEntryStatus.POSTED}
    assert books.effects["finalise"] == 1


async def test_a_shipment_of_a_guest_posts_nothing() -> None:
    """An order that earned nothing has nothing to post."""
    ran = await run(shipped_workflow(Books().systems()), OrderShipped(order_id=ORDER))
    assert ran.state is FlowState.COMPLETED


def test_an_order_is_canceled_only_as_long_as_nothing_has_left() -> None:
    """What may be accepted is told at once: a fresh order yes, one that has left in part, or is over, no."""
    books = Books()
    asyncio.run(submitted(books))
    order = books.orders[ORDER]
    key = IdempotencyKey("0" * 64)

    def answer(facts: OrderFacts) -> str:
        got = cancel_order(msgspec.structs.replace(order, facts=facts), None, key, NOON)
        return getattr(got, "code", "") or getattr(got, "kind", "")

    assert answer(OrderFacts()) == "order.cancel"
    assert answer(OrderFacts(delivery=DeliveryProgress.PARTIAL)) == "ORDER_NOT_CANCELABLE"
    assert answer(OrderFacts(rejected=True)) == "ORDER_NOT_CANCELABLE"


@pytest.mark.parametrize("after", [RedemptionState.EXPIRED, RedemptionState.CAPTURED], ids=lambda state: state.value)
async def test_a_hold_that_ends_while_it_is_given_back_is_let_go(after: RedemptionState) -> None:
    """A hold that ran out, or went to another order, between the look and the void is not ours to give back."""
    books = Books()
    await submitted(books, redemption_id=None, redeemed=None, membership_id=None)
    systems = books.systems()

    async def too_late(id_: RedemptionId, key: IdempotencyKey) -> LoyaltyRedemption:
        books.end(id_, after)
        return await books.void(id_, key)

    loyalty = dataclasses.replace(systems.loyalty, void=too_late)
    workflow = cancellation_workflow(dataclasses.replace(systems, loyalty=loyalty))
    ran = await run(workflow, cancellation(), flow_id="flow-0002")
    assert ran.state is FlowState.COMPLETED, ran.why
    assert books.redemptions[REDEMPTION].state is after
