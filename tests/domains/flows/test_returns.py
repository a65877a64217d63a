"""The flows of returns: whatever is lost or refused on the way, every book says the same in the end."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.durable import Accepted, FlowState, StepState
from domains.finance import CreditMemo, PostingFacts, PostingKey, PostingSubject
from domains.flows import (
    AuthorizedReturn,
    CanceledReturn,
    approve_return,
    cancel_return,
    return_authorization_workflow,
    return_cancellation_workflow,
)
from domains.returns import ApproveReturn, CancelReturn, ReturnAuthorization, ReturnStatus, name_of_return, request
from domains.vocabulary import IdempotencyKey, Money, SystemRole, UpstreamTimeout
from tests.domains.flows.return_books import (
    HARM,
    KEY,
    ReturnBooks,
    asked,
    authorization,
    authorized,
    command_of,
    promised,
    settled,
)
from tests.domains.flows.runner import Fault, flow_of, run
from tests.domains.returns.desk import NOW, at_desk, back, euros, sold
from tests.domains.returns.oms import Oms

STEPS = ("record-return", "reverse-points", "post-credit-memo", "note-history")


async def test_an_authorized_return_reaches_every_book() -> None:
    """Recorded once, points taken back by the share of the goods, credited in the books, told to the CRM."""
    books = ReturnBooks()
    accepted = await authorized(books)
    assert (accepted.kind, accepted.flow_id) == ("return.authorize", "flow-" + "a" * 24)
    ran = await settled(books, accepted)
    assert books.memos == {accepted.answer.id: euros("3.33")}
    assert books.points_back() == Decimal(6)  # 41 points by 3.33 of 20.00, cut
    assert [note.kind for note in books.notes] == ["return.authorized"]
    assert ran.references["post-credit-memo"] == "6000000000"
    assert len(books.oms.returns) == 1


async def test_partial_returns_take_back_no_more_than_was_earned() -> None:
    """Each return takes the share of what has come back by then, and all of them together what the goods earned."""
    books = ReturnBooks(oms=Oms(lines=(sold("1", total=euros("20.00")), sold("2"))))
    for place in range(3):
        key = IdempotencyKey(f"{place}" * 64)
        accepted = await authorized(books, at_desk(back("1"), idempotency_key=key))
        await settled(books, accepted)
    assert books.points_back() == Decimal(40)  # 19.98 of 20.00: the cent that a refund loses stays earned too
    assert sum((memo.amount for memo in books.memos.values()), Decimal(0)) == Decimal("19.98")


@pytest.mark.parametrize("earned", [True, False])
@pytest.mark.parametrize("known", [True, False])
async def test_what_is_not_there_needs_nothing(earned: bool, known: bool) -> None:
    """An order that earned no points, and a customer whom the CRM does not have, keep nothing waiting."""
    books = ReturnBooks(earned=earned, known=known)
    await settled(books, await authorized(books))
    assert (books.points_back() > 0, len(books.notes) > 0) == (earned, known)


@given(faults=st.fixed_dictionaries({}, optional={name: st.lists(HARM, max_size=3) for name in STEPS}))
async def test_nothing_lost_on_the_way_changes_what_is_done(faults: dict[str, list[Fault]]) -> None:
    """However calls and answers are lost, a promised return is recorded, taken back, credited and told exactly once."""
    books = ReturnBooks()
    accepted = await promised(books)
    ran = await run(authorization(books), command_of(accepted, AuthorizedReturn), faults)
    assert ran.state is FlowState.COMPLETED, ran.why
    assert [one.status for one in books.oms.returns.values()] == [ReturnStatus.AUTHORIZED]
    assert books.memos == {accepted.answer.id: euros("3.33")}
    assert books.points_back() == Decimal(6)
    assert len(books.notes) == 1


@given(faults=st.fixed_dictionaries({}, optional={name: st.lists(HARM, max_size=3) for name in STEPS}))
async def test_what_is_canceled_leaves_no_trace(faults: dict[str, list[Fault]]) -> None:
    """An authorized and then canceled return, with anything lost on both ways, leaves the books as they were."""
    books = ReturnBooks()
    accepted = await authorized(books)
    await run(authorization(books), command_of(accepted, AuthorizedReturn), faults)
    key = IdempotencyKey("c" * 64)
    off = await cancel_return(books.oms.port(), CancelReturn(return_id=accepted.answer.id, idempotency_key=key))
    assert isinstance(off, Accepted)
    mishaps = {
        "restore-points": faults.get("reverse-points", []),
        "reverse-credit-memo": faults.get("post-credit-memo", []),
        "note-history": faults.get("note-history", []),
    }
    workflow = return_cancellation_workflow(books.systems())
    ran = await run(workflow, command_of(off, CanceledReturn), mishaps, flow_id=off.flow_id)
    assert ran.state is FlowState.COMPLETED, ran.why
    assert (books.memos, books.points_back()) == ({}, Decimal(0))
    assert [note.kind for note in books.notes] == ["return.authorized", "return.canceled"]
    assert books.oms.sale().lines[0].open_returns == 0


@pytest.mark.parametrize("total", [euros("10.00"), None], ids=["paid", "nobody knows what was paid"])
async def test_a_requested_return_is_canceled_without_books(total: Money | None) -> None:
    """What was only asked for has neither points nor credit to give back, whatever they would have been."""
    books = ReturnBooks(oms=Oms(lines=(sold("1", total=total),)))
    wanted = await request(books.oms.port(), asked(), NOW)
    assert isinstance(wanted, ReturnAuthorization)
    off = await cancel_return(books.oms.port(), CancelReturn(return_id=wanted.id, idempotency_key=KEY))
    assert isinstance(off, Accepted)
    ran = await run(return_cancellation_workflow(books.systems()), command_of(off, CanceledReturn))
    assert ran.state is FlowState.COMPLETED


async def test_an_approved_return_goes_the_same_way() -> None:
    """A requested return, once approved, reaches points and books as one that was authorized at once."""
    books = ReturnBooks()
    wanted = await request(books.oms.port(), asked(), NOW)
    assert isinstance(wanted, ReturnAuthorization)
    accepted = await approve_return(
        books.oms.port(), ApproveReturn(return_id=wanted.id, idempotency_key=IdempotencyKey("b" * 64))
    )
    assert isinstance(accepted, Accepted)
    await settled(books, accepted)
    assert set(books.memos) == {wanted.id}


async def test_a_promise_takes_its_refund_from_the_oms() -> None:
    """What nobody knew when it was promised is worked out when it is recorded, under the promised number."""
    books = ReturnBooks()
    accepted = await promised(books)
    assert accepted.answer.estimated_refund is None
    ran = await settled(books, accepted)
    assert ran.references["record-return"] == accepted.answer.rma_number
    assert books.memos == {accepted.answer.id: euros("3.33")}


async def test_a_promise_is_judged_as_of_its_own_moment() -> None:
    """A window that closes while the desk still waits for the OMS was open when the return was asked for."""
    last_moment = sold("1", delivered_at=NOW - timedelta(days=30))
    books = ReturnBooks(oms=Oms(lines=(last_moment,)))
    accepted = await promised(books)
    ran = flow_of(authorization(books), command_of(accepted, AuthorizedReturn))
    ran.accepted_at = NOW + timedelta(seconds=4)
    assert (await ran.run()).state is FlowState.COMPLETED, ran.why


async def test_a_first_try_that_was_done_unheard_is_the_promise() -> None:
    """An OMS that recorded the return and lost its answer has it once, and the flow finds it there by its name."""
    books = ReturnBooks()
    books.oms.lost = UpstreamTimeout(SystemRole.OMS, "returns")
    accepted = await authorized(books)
    assert accepted.answer.provisional
    await settled(books, accepted)
    (recorded,) = books.oms.returns.values()
    assert recorded.id == name_of_return(KEY).id


async def test_a_promise_that_cannot_be_kept_waits_for_a_person() -> None:
    """The sentence says who refused, why, and that the customer was told yes; nothing is credited."""
    books = ReturnBooks(oms=Oms(lines=(sold("1", returned=3),)))
    accepted = await promised(books)
    ran = await run(authorization(books), command_of(accepted, AuthorizedReturn))
    assert ran.state is FlowState.NEEDS_PERSON
    assert ran.why is not None
    assert ran.why.startswith(f"Provisional RMA {accepted.answer.rma_number} was refused by the OMS: SKU-1 has already")
    assert ran.why.endswith("The customer was told yes.")
    assert (books.memos, books.points_back(), books.notes) == ({}, Decimal(0), [])
    books.oms.lines = (sold("1"),)  # somebody puts the order right, and says retry
    assert (await ran.retried()).state is FlowState.COMPLETED


async def test_a_promise_that_is_settled_by_hand_takes_nothing_back() -> None:
    """Where a person goes on without the record of the OMS, there is no return: no points, no credit, no line."""
    books = ReturnBooks(oms=Oms(lines=(sold("1", returned=3),)))
    ran = await run(authorization(books), command_of(await promised(books), AuthorizedReturn))
    ran.steps["record-return"], ran.state = StepState.SKIPPED, FlowState.WAITING
    assert (await ran.run()).state is FlowState.COMPLETED
    assert (books.memos, books.points_back(), books.notes) == ({}, Decimal(0), [])


@pytest.mark.parametrize(
    ("step", "write", "reason"),
    [
        ("reverse-points", "take_back", "SOMETHING_ELSE"),
        ("post-credit-memo", "post_credit", "PERIOD_CLOSED"),
        ("note-history", "note", "SOMETHING_ELSE"),
    ],
)
async def test_a_refusal_on_the_way_waits_for_a_person(step: str, write: str, reason: str) -> None:
    """The goods may be on the desk: nothing goes back by itself, and a retry goes on where it stood."""
    books = ReturnBooks(refuse={write: reason})
    accepted = await authorized(books)
    ran = await run(authorization(books), command_of(accepted, AuthorizedReturn))
    assert (ran.state, ran.steps[step]) == (FlowState.NEEDS_PERSON, StepState.NEEDS_PERSON)
    books.refuse = {}
    assert (await ran.retried()).state is FlowState.COMPLETED
    assert (len(books.memos), len(books.notes), books.points_back()) == (1, 1, Decimal(6))


async def test_a_memo_that_the_books_parked_is_not_taken_for_a_posted_one() -> None:
    """ERPs number what they cannot post, too: after a lost answer such a memo is for a person until it is posted."""
    books = ReturnBooks()
    systems = books.systems()

    async def parked(memo: CreditMemo, _: IdempotencyKey) -> PostingFacts:
        key = PostingKey(PostingSubject.RETURN, memo.return_id)
        facts = PostingFacts(subject=key.subject, id=key.id, document_number="6000000001", failure="period closed")
        return books.postings.setdefault(key, facts)

    finance = dataclasses.replace(systems.finance_writes, post_credit=parked)
    workflow = return_authorization_workflow(dataclasses.replace(systems, finance_writes=finance))
    accepted = await authorized(books)
    lost = {"post-credit-memo": [Fault.ANSWER_LOST]}
    ran = await run(workflow, command_of(accepted, AuthorizedReturn), lost)
    assert (ran.state, ran.why) == (FlowState.NEEDS_PERSON, "The ERP could not post it: period closed.")
    ((key, facts),) = books.postings.items()
    books.postings[key] = msgspec.structs.replace(facts, posted_at=NOW)
    assert (await ran.retried()).state is FlowState.COMPLETED
    assert ran.references["post-credit-memo"] == "6000000001"


@given(done=st.integers(min_value=0, max_value=4), faults=st.lists(HARM, max_size=2))
async def test_a_person_takes_a_promise_back(done: int, faults: list[Fault]) -> None:
    """However far a flow has come, going back over it cancels the return, restores points and reverses the credit."""
    books = ReturnBooks()
    accepted = await authorized(books)
    harm = {f"{name}:undo": list(faults) for name in STEPS}
    ran = flow_of(authorization(books), command_of(accepted, AuthorizedReturn), harm)
    while sum(state is StepState.DONE for state in ran.steps.values()) < done:
        await ran.advance()
    ran.back = True
    await ran.run()
    assert ran.state is FlowState.COMPENSATED, ran.why
    assert (books.memos, books.points_back()) == ({}, Decimal(0))
    if done:
        assert [one.status for one in books.oms.returns.values()] == [ReturnStatus.CANCELED]
