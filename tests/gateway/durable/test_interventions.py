"""What people do to flows and exceptions."""

import pytest

from domains.durable import (
    Done,
    ExceptionNotFound,
    ExceptionSource,
    FlowNotFound,
    FlowState,
    IllegalFlowState,
    NeedsPerson,
    Refused,
    RetryAfter,
    Severity,
    StepNotFound,
)
from domains.vocabulary import Refusal
from gateway.durable import open_exception
from tests.gateway.durable.shop import Gate, House, Posted, soon


async def stuck(house: House) -> str:
    """A flow that needs a person at `post`; the id of its exception."""
    house.shop.will("post", NeedsPerson("odd"))
    await house.accept()
    await house.work()
    (exception,) = await house.exceptions()
    return exception.id


async def refused(house: House, flow: str = "flow-1") -> list[Refusal | object]:
    """What retry and cancel answer."""
    durable = house.journal.durable
    return [await durable.retry(flow, None), await durable.cancel(flow)]


async def test_a_stuck_flow_is_tried_again(house: House) -> None:
    """Retry does the stuck step once more, with its pauses from the start, and closes what was open about it."""
    await stuck(house)
    flow = await house.journal.durable.retry("flow-1", None)
    assert not isinstance(flow, Refusal)
    assert flow.state is FlowState.WAITING
    assert not await house.exceptions()
    await house.work()
    assert (await house.flow()).state is FlowState.COMPLETED
    assert house.shop.calls == ["take", "post", "post", "thank"]
    (closed,) = await house.exceptions(open_only=False)
    assert closed.note == "It was tried again."


async def test_a_waiting_flow_is_tried_at_once(house: House) -> None:
    """Retry does not wait for the pause to end."""
    house.shop.will("post", RetryAfter("busy", after_s=3000))
    await house.accept()
    await house.work()
    await house.journal.durable.retry("flow-1", None)
    await house.work()
    assert (await house.flow()).state is FlowState.COMPLETED


async def test_a_finished_flow_is_done_again_from_a_step(house: House) -> None:
    """From the step named on, each is looked for, and done again under its old key where it is gone."""
    await house.accept()
    await house.work()
    house.shop.asked.clear()
    house.shop.will("take:find", Done(reference="still there"))
    flow = await house.journal.durable.retry("flow-1", "take")
    assert not isinstance(flow, Refusal)
    assert (flow.state, flow.finished_at) == (FlowState.WAITING, None)
    await house.work()
    assert house.shop.calls == ["take:find", "post:find", "post", "thank"]
    assert house.shop.asked[2][2] == "flow-1:post"
    assert (await house.flow()).state is FlowState.COMPLETED


async def test_a_step_that_is_done_again_knows_what_it_left(house: House) -> None:
    """What a look found before anything was changed may be found nowhere else any more."""
    await house.accept()
    await house.work()
    house.shop.tasks.clear()
    await house.journal.durable.retry("flow-1", "take")
    await house.work()
    looked, _, posted, *_ = house.shop.tasks
    assert looked.result("take", Posted) == Posted(document_number="take-1")
    assert posted.result("take", Posted) == Posted(document_number="take-1")
    assert posted.result("thank", Posted) is None, "what comes later is not done any more"


async def test_from_which_step_a_flow_can_be_tried(house: House) -> None:
    """A step must be one of the workflow that the flow has come to, and nothing later may be under way."""
    durable = house.journal.durable
    await stuck(house)
    unknown = await durable.retry("flow-1", "wash")
    assert isinstance(unknown, StepNotFound)
    assert unknown.message == "sale has no step wash. It has: take, wrap, post, thank."
    ahead = await durable.retry("flow-1", "thank")
    assert isinstance(ahead, IllegalFlowState)
    assert ahead.message == "sale 1 is NEEDS_PERSON. It has not come to thank yet."
    await durable.retry("flow-1", "post")
    await house.work()
    await house.accept("1", "flow-later")
    followed = await durable.retry("flow-1", "post")
    assert isinstance(followed, IllegalFlowState)
    assert "accepted later about Sale:1" in followed.message
    await house.work()
    assert not isinstance(await durable.retry("flow-1", "post"), Refusal)


async def test_a_flow_is_not_tried_from_behind_where_it_stands(house: House) -> None:
    """A finished flow that stands still again at an earlier step has not come to the later ones any more: from there it
    would be called complete without the step that stopped it."""
    await house.accept()
    await house.work()
    house.shop.will("take", NeedsPerson("odd"))
    await house.journal.durable.retry("flow-1", "take")
    await house.work()
    ahead = await house.journal.durable.retry("flow-1", "thank")
    assert isinstance(ahead, IllegalFlowState)
    assert ahead.message == "sale 1 is NEEDS_PERSON. It has not come to thank yet."
    assert (await house.flow()).state is FlowState.NEEDS_PERSON


async def test_what_is_being_taken_back_is_not_done_again(house: House) -> None:
    """A flow that goes back can be tried again only where it stands, and cannot be canceled twice."""
    house.shop.will("post", Refused("NO", "ERP refused: NO."))
    house.shop.will("take:undo", Refused("SHIPPED", "OMS refused: SHIPPED."))
    await house.accept()
    await house.work()
    durable = house.journal.durable
    assert isinstance(await durable.retry("flow-1", "take"), IllegalFlowState)
    assert isinstance(await durable.cancel("flow-1"), IllegalFlowState)
    await durable.retry("flow-1", None)
    await house.work()
    assert (await house.flow()).state is FlowState.COMPENSATED


async def test_a_flow_is_canceled_before_it_begins(house: House) -> None:
    """A flow that has not begun ends at once, is told, and makes way for the next about the same thing."""
    await house.accept("1", "flow-a")
    await house.accept("1", "flow-b")
    flow = await house.journal.durable.cancel("flow-a")
    assert not isinstance(flow, Refusal)
    assert (flow.state, flow.why) == (FlowState.CANCELED, "A person canceled it.")
    await house.work()
    assert (await house.flow("flow-b")).state is FlowState.COMPLETED
    assert "retail.sale.canceled.v1" in await house.told()


async def test_a_stuck_flow_is_canceled(house: House) -> None:
    """Canceling a flow that needs a person takes back what was done, and then it is canceled, not compensated."""
    await stuck(house)
    await house.journal.durable.cancel("flow-1")
    assert not await house.exceptions()
    await house.work()
    assert (await house.flow()).state is FlowState.CANCELED
    assert house.shop.calls == ["take", "post", "take:undo"]


async def test_what_may_have_been_done_is_looked_for_before_it_is_undone(house: House) -> None:
    """A step that broke off on the way is looked for when its flow is canceled, and undone when it is there."""
    house.shop.will("post", ZeroDivisionError("after the call"))
    house.shop.will("post:find", RetryAfter("busy"), Done(reference="4500001234"))
    await house.accept()
    await house.work()
    await house.journal.durable.cancel("flow-1")
    await house.work()
    house.clock.now += 1
    await house.work()
    assert house.shop.calls == ["take", "post", "post:find", "post:find", "post:undo", "take:undo"]
    assert (await house.flow()).state is FlowState.CANCELED


async def test_only_what_stands_still_is_touched(house: House) -> None:
    """A flow that is under way, over or unknown is neither retried nor canceled, and the refusal says why."""
    gate = Gate()
    house.shop.will("take", gate)
    await house.accept()
    await house.worker.look()
    await soon(gate.entered)
    assert all(isinstance(each, IllegalFlowState) for each in await refused(house))
    gate.open.set()
    await house.worker.settled()
    again, gone = await refused(house)
    assert isinstance(again, IllegalFlowState)
    assert again.state is FlowState.COMPLETED
    assert isinstance(gone, IllegalFlowState)
    assert all(isinstance(each, FlowNotFound) for each in await refused(house, "flow-9"))


async def test_a_stuck_step_is_settled_by_hand(house: House) -> None:
    """Resolving the exception of a stuck flow skips the step with the note, and the flow goes on behind it."""
    exception = await stuck(house)
    resolved = await house.journal.durable.resolve(exception, "posted as 4711")
    assert not isinstance(resolved, Refusal)
    assert (resolved.note, resolved.actions) == ("posted as 4711", ())
    await house.work()
    flow = await house.flow()
    assert flow.state is FlowState.COMPLETED
    assert (flow.steps[2].state.value, flow.steps[2].why) == ("SKIPPED", "Resolved by hand: posted as 4711")
    assert house.shop.calls == ["take", "post", "thank"]
    assert await house.journal.durable.resolve(exception, "again") == resolved


async def test_the_last_step_is_settled_by_hand(house: House) -> None:
    """With nothing left to do a resolved flow is complete at once."""
    house.shop.will("thank", NeedsPerson("odd"))
    await house.accept()
    await house.work()
    (exception,) = await house.exceptions()
    await house.journal.durable.resolve(exception.id, "thanked in person")
    assert (await house.flow()).state is FlowState.COMPLETED
    assert await house.told() == ["retail.sale.accepted.v1", "retail.sale.completed.v1"]


async def test_an_undo_is_settled_by_hand(house: House) -> None:
    """What a person took back by hand is not undone any more; the rest is."""
    house.shop.will("post", Refused("NO", "ERP refused: NO."))
    house.shop.will("wrap:undo", NeedsPerson("the paper is torn"))
    await house.accept(gift=True)
    await house.work()
    (exception,) = await house.exceptions()
    await house.journal.durable.resolve(exception.id, "unwrapped")
    await house.work()
    assert (await house.flow()).state is FlowState.COMPENSATED
    assert house.shop.calls == ["take", "wrap", "post", "wrap:undo", "take:undo"]


async def test_a_warning_is_closed_without_touching_its_flow(house: House) -> None:
    """Resolving the alarm of a flow that still tries leaves the flow as it is."""
    house.shop.will("post", *[RetryAfter("busy")] * 9)
    await house.accept()
    for _ in range(3):
        await house.work()
        house.clock.now += 800
    await house.work()
    (alarm,) = await house.exceptions()
    before = await house.flow()
    await house.journal.durable.resolve(alarm.id, "known")
    assert await house.flow() == before
    assert not await house.exceptions()
    house.clock.now += 10
    await house.work()
    assert not await house.exceptions(), "whoever knows of it is not told again at once"
    house.clock.now += 900
    await house.work()  # which may pass over a flow that is in hand
    house.clock.now += 10
    await house.work()
    assert len(await house.exceptions()) == 1, "but is when it lasts"


async def test_an_exception_that_is_not_there(house: House) -> None:
    """An unknown exception is refused."""
    assert isinstance(await house.journal.durable.resolve("exception-9", ""), ExceptionNotFound)


@pytest.mark.parametrize("source", [ExceptionSource.EVENT, ExceptionSource.RECONCILIATION])
async def test_exceptions_of_others(house: House, source: ExceptionSource) -> None:
    """Events and checks have exceptions too, found by their source, newest first and page by page."""
    for place in range(3):
        await house.journal.write(
            lambda c, place=place: open_exception(  # type: ignore[misc]  # mypy cannot infer a lambda with a default
                c, source, f"event-{place}", title=f"{place}", impact="", severity=Severity.INFO, now=house.clock.now
            )
        )
    await house.accept()
    house.shop.will("take", NeedsPerson("odd"))
    await house.work()
    assert len(await house.exceptions()) == 4
    found = await house.exceptions(source=source)
    assert [each.title for each in found] == ["2", "1", "0"]
    after = await house.exceptions(source=source, after=found[0].id)
    assert after == found[1:]
    await house.journal.durable.resolve(found[0].id, "seen")
    assert await house.exceptions(source=source) == found[1:]
