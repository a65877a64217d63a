"""Goods that come back: into the books once for each delivery, and no promise is taken back behind them."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from domains.durable import Accepted, FlowState, StepState
from domains.flows import ReturnReceived, receive_return, return_receipt_workflow
from domains.returns import ReceivedLine, ReceiveReturn, ReturnAuthorization, ReturnDisposition
from domains.vocabulary import IdempotencyKey, ReturnId
from tests.domains.flows.return_books import HARM, ReturnBooks, asked, authorized, command_of, settled
from tests.domains.flows.runner import Fault, run


async def test_goods_that_came_back_are_not_taken_back() -> None:
    """A return of which goods were received is no longer canceled by going back: a person hears of it."""
    books = ReturnBooks()
    accepted = await authorized(books, asked("2"))
    await received(books, accepted.answer.id, "2")
    ran = await settled(books, accepted)
    ran.state, ran.back = FlowState.RUNNING, True
    await ran.run()
    assert ran.state is FlowState.NEEDS_PERSON
    assert ran.why is not None
    assert "does not cancel" in ran.why


async def received(
    books: ReturnBooks, return_id: ReturnId, quantity: str, disposition: ReturnDisposition = ReturnDisposition.RESTOCKED
) -> Accepted[ReturnAuthorization]:
    line = ReceivedLine(line_id="1", quantity=Decimal(quantity), disposition=disposition)
    key = IdempotencyKey(f"{len(books.oms.answers):x}" * 64)
    accepted = await receive_return(
        books.oms.port(), ReceiveReturn(return_id=return_id, lines=(line,), idempotency_key=key)
    )
    assert isinstance(accepted, Accepted), accepted
    return accepted


@given(first=st.lists(HARM, max_size=3), second=st.lists(HARM, max_size=3))
async def test_every_delivery_comes_into_the_books_once(first: list[Fault], second: list[Fault]) -> None:
    """Two deliveries of one return are two receipts, whatever is lost, where the return was authorized."""
    books = ReturnBooks()
    return_id = (await authorized(books, asked("2"))).answer.id
    for faults in (first, second):
        accepted = await received(books, return_id, "1")
        command: ReturnReceived = command_of(accepted, ReturnReceived)
        assert command.received_at == "store-007"
        mishaps = {"post-goods": faults, "note-history": faults}
        ran = await run(return_receipt_workflow(books.systems()), command, mishaps, flow_id=accepted.flow_id)
        assert ran.state is FlowState.COMPLETED, ran.why
    assert books.restocked == Decimal(2)
    assert len({note.text for note in books.notes}) == len(books.notes) == 2


async def test_what_is_missing_waits_for_a_person_after_the_books() -> None:
    """The receipt is posted and told; that the credit stands for goods that did not come is for a person to settle."""
    books = ReturnBooks()
    return_id = (await authorized(books, asked("2"))).answer.id
    accepted = await received(books, return_id, "1", ReturnDisposition.MISSING)
    ran = await run(return_receipt_workflow(books.systems()), command_of(accepted, ReturnReceived))
    assert ran.state is FlowState.NEEDS_PERSON
    assert ran.why is not None
    assert "1 of SKU-1 (missing)" in ran.why
    assert (ran.steps["post-goods"], len(books.notes), books.restocked) == (StepState.DONE, 1, Decimal(0))
