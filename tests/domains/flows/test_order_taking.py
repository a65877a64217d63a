"""Accepted orders: whatever fails on the way, the books of all systems agree in the end."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domains.durable import FlowState, StepState
from domains.finance import PostingFacts, PostingSubject
from domains.flows import (
    submission_workflow,
)
from domains.loyalty import RedemptionState
from domains.orders import Order, OrderDraft, OrderStatus
from domains.vocabulary import IdempotencyKey, OrderId, Reading, UpstreamRejected
from tests.domains.flows.books import Books
from tests.domains.flows.desk import rejected
from tests.domains.flows.goods import ERP, OMS, REDEMPTION, RESERVATION, euros
from tests.domains.flows.runner import NOON, Fault, flow_of, run
from tests.domains.flows.standing import (
    LOST,
    ORDER,
    POSTING,
    TAKEN,
    assert_given_up,
    assert_nothing_twice,
    standing,
    submission,
    submitted,
)

SUBMIT_STEPS = ["check-points", "take-order", "capture-points", "post-sales-order", "accrue-points", "note-history"]
GOING_BACK = SUBMIT_STEPS[:-1]


async def test_an_accepted_order_reaches_every_system() -> None:
    """The OMS has it with its reservation, points are spent and earned, the ERP has its document, the CRM a line."""
    books = Books()
    ran = await submitted(books)
    assert ran.state is FlowState.COMPLETED, ran.why
    assert standing(books) == TAKEN
    assert books.earned[ORDER] == euros("30.00"), "points are not earned with points"
    assert books.reservations[RESERVATION].state.value == "COMMITTED"
    document = books.documents[ORDER]
    assert (document.total, document.redeemed) == (euros("35.00"), euros("5.00"))
    assert [one.amount for one in document.lines] == [euros("20.00"), euros("15.00")]
    assert ran.references["post-sales-order"] == "4500000001"
    assert_nothing_twice(books)


async def test_a_guest_s_order_needs_the_oms_and_the_books_alone() -> None:
    """Without a customer nothing is asked of the loyalty engine or the CRM."""
    books = Books()
    ran = await submitted(
        books, customer_id=None, redemption_id=None, redeemed=None, membership_id=None, reservation_id=None
    )
    assert ran.state is FlowState.COMPLETED
    skipped = {name for name, state in ran.steps.items() if state is StepState.SKIPPED}
    assert skipped == {"check-points", "capture-points", "accrue-points", "note-history"}
    assert dict(books.effects) == {"take": 1, "post": 1}


@pytest.mark.parametrize("member", [True, False])
async def test_a_customer_without_points_to_spend_earns_if_they_are_a_member(member: bool) -> None:
    """Nobody looked the membership up while the shopper waited, so the step does."""
    books = Books()
    if not member:
        books.memberships.clear()
    ran = await submitted(books, redemption_id=None, redeemed=None, membership_id=None)
    assert ran.state is FlowState.COMPLETED
    assert books.earned == ({ORDER: euros("35.00")} if member else {})


async def test_an_order_paid_with_points_alone_earns_none() -> None:
    """Where nothing is paid in money there is nothing to earn points with."""
    books = Books()
    ran = await submitted(books, redeemed=euros("35.00"))
    assert (ran.state, books.earned) == (FlowState.COMPLETED, {})


@pytest.mark.parametrize("repeats", [True, False], ids=["repeats answers", "forgets keys"])
@pytest.mark.parametrize("fault", LOST, ids=lambda fault: fault.name)
@pytest.mark.parametrize("step", SUBMIT_STEPS)
async def test_a_lost_answer_is_looked_for_and_never_done_twice(step: str, fault: Fault, repeats: bool) -> None:
    """Whichever answer is lost, twice in a row, the order is taken once by each system, even by one that forgets."""
    books = Books(repeats=repeats)
    ran = await submitted(books, {step: [fault, fault], f"{step}:find": [Fault.UNHEARD]})
    assert ran.state is FlowState.COMPLETED, ran.why
    assert standing(books) == TAKEN
    assert_nothing_twice(books)


@pytest.mark.parametrize("step", ["take-order", "capture-points"])
async def test_a_refusal_on_the_way_gives_the_order_up(step: str) -> None:
    """Until the points are spent, a refusal leaves nothing behind in any system."""
    books = Books()
    ran = await submitted(books, {step: [Fault.REFUSED]})
    assert ran.state is FlowState.COMPENSATED
    assert_given_up(books)


@pytest.mark.parametrize("step", ["post-sales-order", "accrue-points", "note-history"])
async def test_a_refusal_behind_the_customer_s_back_is_for_a_person(step: str) -> None:
    """Once the customer has their order it stands, and goes on when a person says so."""
    books = Books()
    ran = await submitted(books, {step: [Fault.REFUSED]})
    assert ran.state is FlowState.NEEDS_PERSON
    assert standing(books)["order"] is OrderStatus.UNKNOWN
    assert (await ran.retried()).state is FlowState.COMPLETED
    assert standing(books) == TAKEN


async def test_a_credit_hold_is_told_in_words() -> None:
    """The person reads why the ERP does not post, and that the order stands."""
    books = Books()
    systems = books.systems()

    async def on_hold(*_: object) -> PostingFacts:
        raise UpstreamRejected(ERP, "postings", status=409, reason="CREDIT_HOLD")

    finance = dataclasses.replace(systems.finance_writes, post_order=on_hold)
    ran = await run(submission_workflow(dataclasses.replace(systems, finance_writes=finance)), submission())
    assert ran.state is FlowState.NEEDS_PERSON
    assert ran.why == "The ERP does not post the order: the customer's credit is blocked. The order itself stands."


@pytest.mark.parametrize(
    "over", [RedemptionState.VOIDED, RedemptionState.EXPIRED, RedemptionState.CAPTURED], ids=lambda state: state.value
)
async def test_points_that_are_gone_spare_the_oms_the_order(over: RedemptionState) -> None:
    """Points that are gone before anything is taken refuse the order, and whatever happened to them stays."""
    books = Books()
    books.end(REDEMPTION, over)
    ran = await submitted(books)
    assert ran.state is FlowState.COMPENSATED
    assert ran.steps["take-order"] is StepState.PENDING
    assert books.effects == {}
    assert books.redemptions[REDEMPTION].state is over


async def test_points_that_run_out_midway_cancel_the_order() -> None:
    """Points that are gone by the time they are spent take the order back out of the OMS."""
    books = Books()
    ran = flow_of(submission_workflow(books.systems()), submission())
    while ran.steps["take-order"] is not StepState.DONE:
        await ran.advance()
    books.end(REDEMPTION, RedemptionState.EXPIRED)
    await ran.run()
    assert ran.state is FlowState.COMPENSATED
    assert standing(books)["order"] is OrderStatus.CANCELED
    assert "no longer held" in (ran.why or "")


async def test_a_basket_submitted_twice_is_one_order() -> None:
    """The second order of one basket is refused, and leaves the first one its points."""
    books = Books()
    first = flow_of(submission_workflow(books.systems()), submission())
    while first.steps["take-order"] is not StepState.DONE:
        await first.advance()
    second = submission(order_id=OrderId("web-000000000000002"), order_number="W000000000002")
    ran = await run(submission_workflow(books.systems()), second, flow_id="flow-0002")
    assert ran.state is FlowState.COMPENSATED
    assert (await first.run()).state is FlowState.COMPLETED
    assert standing(books) == TAKEN


async def test_points_spent_by_another_order_are_not_taken_for_ours() -> None:
    """After a lost answer the ledger is asked by our own key: that somebody spent the points is not enough."""
    books = Books(repeats=False)
    ran = flow_of(submission_workflow(books.systems()), submission(), {"capture-points": [Fault.UNHEARD]})
    while ran.steps["capture-points"] is not StepState.WAITING:
        await ran.advance()
    await books.capture(REDEMPTION, IdempotencyKey("another order's"))
    await ran.run()
    assert ran.state is FlowState.COMPENSATED
    assert standing(books)["order"] is OrderStatus.CANCELED
    assert books.redemptions[REDEMPTION].state is RedemptionState.CAPTURED


async def test_a_document_that_is_not_posted_yet_is_waited_for() -> None:
    """The ERP may take a document and post it later: the step is done when it has a number."""
    books = Books()
    systems = books.systems()
    queued = PostingFacts(subject=PostingSubject.ORDER, id=ORDER)

    async def later(*_: object) -> PostingFacts:
        books.postings[POSTING] = queued
        return queued

    finance = dataclasses.replace(systems.finance_writes, post_order=later)
    ran = flow_of(submission_workflow(dataclasses.replace(systems, finance_writes=finance)), submission())
    while ran.steps["post-sales-order"] is not StepState.WAITING:
        await ran.advance()
    await ran.advance()
    assert ran.state is FlowState.WAITING
    books.postings[POSTING] = msgspec.structs.replace(queued, document_number="4500000002", posted_at=NOON)
    await ran.run()
    assert (ran.state, ran.references["post-sales-order"]) == (FlowState.COMPLETED, "4500000002")


@pytest.mark.parametrize("repeats", [True, False], ids=["repeats answers", "forgets keys"])
@pytest.mark.parametrize("fault", LOST, ids=lambda fault: fault.name)
@pytest.mark.parametrize("step", GOING_BACK)
async def test_the_way_back_survives_lost_answers_too(step: str, fault: Fault, repeats: bool) -> None:
    """Whichever undo is lost, twice in a row, nothing of a refused order is left, and nothing is undone twice."""
    books = Books(repeats=repeats)
    stop = "note-history"  # as if the last step could still end the order, so that every undo is called
    workflow = submission_workflow(books.systems())
    compensating = tuple(
        dataclasses.replace(one, if_refused=workflow.steps[0].if_refused) if one.name == stop else one
        for one in workflow.steps
    )
    ran = await run(
        dataclasses.replace(workflow, steps=compensating),
        submission(),
        {stop: [Fault.REFUSED], f"{step}:undo": [fault, fault]},
    )
    assert ran.state is FlowState.COMPENSATED, ran.why
    assert_given_up(books)
    assert_nothing_twice(books)


PLACES = [*SUBMIT_STEPS, *(f"{name}:find" for name in SUBMIT_STEPS), *(f"{name}:undo" for name in GOING_BACK)]


@given(
    repeats=st.booleans(),
    script=st.dictionaries(st.sampled_from(PLACES), st.lists(st.sampled_from(Fault), min_size=1, max_size=3)),
)
@settings(max_examples=150)
def test_whatever_goes_wrong_the_books_agree(repeats: bool, script: dict[str, list[Fault]]) -> None:
    """Under any faults an order is in every system once, or in none; people who say retry get it there."""

    async def flow() -> None:
        books = Books(repeats=repeats)
        ran = await submitted(books, script)
        for _ in range(20):
            if ran.state is not FlowState.NEEDS_PERSON:
                break
            await ran.retried()
        assert_nothing_twice(books)
        if ran.state is FlowState.COMPLETED:
            assert standing(books) == TAKEN
        elif ran.steps["check-points"] is StepState.REFUSED:
            assert books.effects == {}  # the hold was not to be had, and runs out by itself
        else:
            assert ran.state is FlowState.COMPENSATED, ran.why
            assert_given_up(books)

    asyncio.run(flow())


async def test_an_order_that_is_there_under_its_own_id_was_taken() -> None:
    """An OMS that finds an order a moment after taking it says that the id is taken: it is, by this very order."""
    books = Books(repeats=False)
    systems = books.systems()
    looks = 0

    async def slow_to_find(ids: frozenset[OrderId]) -> Mapping[OrderId, Reading[Order]]:
        nonlocal looks
        looks += 1
        return {} if looks == 1 else await systems.orders.by_id(ids)

    async def strict(draft: OrderDraft, key: IdempotencyKey) -> Order:
        if draft.order_id in books.orders:
            raise rejected(OMS, "ORDER_ID_TAKEN")
        return await books.take(draft, key)

    late = dataclasses.replace(
        systems,
        orders=dataclasses.replace(systems.orders, by_id=slow_to_find),
        order_writes=dataclasses.replace(systems.order_writes, take=strict),
    )
    ran = await run(submission_workflow(late), submission(), {"take-order": [Fault.ANSWER_LOST]})
    assert ran.state is FlowState.COMPLETED, ran.why
    assert standing(books) == TAKEN
