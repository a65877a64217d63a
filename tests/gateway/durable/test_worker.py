"""Flows on their way through a worker, in real databases."""

import asyncio
from dataclasses import replace

import msgspec
import pytest

from domains.durable import Done, ExceptionAction, FlowState, NeedsPerson, Outcome, Refused, RetryAfter, Severity, Task
from domains.upstream import correlation_id, current_deadline, current_path
from domains.vocabulary import ServingPath, SystemRole, UpstreamRejected, UpstreamThrottled, UpstreamTimeout
from gateway.durable import Worker, news_after
from tests.gateway.durable.shop import POLICY, Gate, House, Posted, Sale, open_house, soon


async def test_a_flow_comes_to_its_end(house: House) -> None:
    """Accepted, each step done once and in order, what has nothing to do skipped, and the end told."""
    id_ = await house.accept()
    assert (await house.flow(id_)).state is FlowState.ACCEPTED
    await house.work()
    flow = await house.flow(id_)
    assert flow.state is FlowState.COMPLETED
    assert flow.finished_at is not None
    assert house.shop.asked == [(step, "1", f"flow-1:{step}") for step in ("take", "post", "thank")]
    assert await house.states() == {"take": "DONE", "wrap": "SKIPPED", "post": "DONE", "thank": "DONE"}
    assert [step.reference for step in flow.steps] == ["take", None, "post", "thank"]
    assert await house.told() == ["retail.sale.accepted.v1", "retail.sale.completed.v1"]


async def test_what_a_step_is_given(house: House) -> None:
    """A task carries the command, its own key, the attempt, when it was accepted, and what earlier steps left."""
    house.shop.will("post", RetryAfter("busy", after_s=5))
    await house.accept(gift=True)
    await house.work()
    house.clock.now += 5
    await house.work()
    task = house.shop.tasks[3]
    assert (task.command, task.key, task.attempt) == (Sale(id="1", gift=True), "flow-1:post", 2)
    assert task.result("take", Posted) == Posted(document_number="take-1")
    assert task.result("thank", Posted) is None
    assert task.key_of("take") == "flow-1:take"
    assert (task.now - task.accepted_at).total_seconds() == 5


async def test_a_step_runs_in_the_back_office(sqlite_house: House) -> None:
    """A step may wait for any system, has a deadline of its own, and carries the correlation id of whoever asked."""
    seen: list[object] = []

    async def look_around(task: Task[Sale]) -> Outcome:
        seen.extend([correlation_id.get(), current_path(), current_deadline() is not None])
        return Done()

    sqlite_house.shop.will("take", look_around)
    await sqlite_house.accept()
    await sqlite_house.work()
    assert seen == ["corr-1", ServingPath.BACKOFFICE, True]


async def test_it_waits_longer_from_try_to_try(house: House) -> None:
    """Not now is tried again after a pause that doubles, and is told with the reason; success starts over."""
    house.shop.will("post", *[RetryAfter("ERP is closed for the night")] * 3)
    await house.accept()
    for pause_s in (1, 2, 4):
        await house.work()
        flow = await house.flow()
        assert (flow.state, flow.why) == (FlowState.WAITING, "ERP is closed for the night")
        assert flow.next_at is not None
        assert flow.next_at.timestamp() == house.clock.now + pause_s
        house.clock.now += pause_s - 0.01
        await house.work()
        assert (await house.flow()).state is FlowState.WAITING
        house.clock.now += 0.01
    await house.work()
    assert (await house.flow()).state is FlowState.COMPLETED
    assert house.shop.calls == ["take", "post", "post", "post", "post", "thank"]


async def test_what_nobody_heard_is_looked_for_first(house: House) -> None:
    """After a silence the system is asked what became of it; what it finds is not done again."""
    house.shop.will("post", UpstreamTimeout(SystemRole.ERP, "posting.create"))
    house.shop.will("post:find", UpstreamTimeout(SystemRole.ERP, "posting.find"), Done(reference="4500001234"))
    await house.accept()
    for _ in range(3):
        await house.work()
        house.clock.now += 300
    assert house.shop.calls == ["take", "post", "post:find", "post:find", "thank"]
    assert (await house.flow()).steps[2].reference == "4500001234"


async def test_what_was_not_done_is_done_again(house: House) -> None:
    """When the system certainly has not done it, it is done under the same key as before."""
    house.shop.will("post", RetryAfter("silence", unheard=True), UpstreamThrottled(SystemRole.ERP, "posting.create"))
    await house.accept()
    for _ in range(3):
        await house.work()
        house.clock.now += 300
    # Having been told that nothing was there, it need not look after a try that was never sent.
    assert house.shop.calls == ["take", "post", "post:find", "post", "post", "thank"]
    assert {key for what, _, key in house.shop.asked if what == "post"} == {"flow-1:post"}


async def test_a_refusal_takes_back_what_was_done(house: House) -> None:
    """A refused step undoes those before it, last first and under keys of their own; the end is told."""
    house.shop.will("post", UpstreamRejected(SystemRole.ERP, "posting.create", status=422, reason="CREDIT_LIMIT"))
    house.shop.will("take:undo", RetryAfter("busy"))
    await house.accept(gift=True)
    await house.work()
    house.clock.now += 1
    await house.work()
    flow = await house.flow()
    assert (flow.state, flow.why) == (FlowState.COMPENSATED, "ERP refused: CREDIT_LIMIT.")
    assert house.shop.calls == ["take", "wrap", "post", "wrap:undo", "take:undo", "take:undo"]
    assert house.shop.asked[-1][2] == "flow-1:take:undo"
    undo = house.shop.tasks[-1]
    assert (undo.refused, undo.attempt) == ("ERP refused: CREDIT_LIMIT.", 2)
    assert undo.result("take", Posted) == Posted(document_number="take-1")
    assert await house.states() == {"take": "UNDONE", "wrap": "UNDONE", "post": "REFUSED"}
    assert await house.told() == ["retail.sale.accepted.v1", "retail.sale.refused.v1"]


async def test_what_only_a_person_can_decide(house: House) -> None:
    """A step that asks for a person stops its flow, and says in plain words what the matter is."""
    house.shop.will("post", NeedsPerson("the credit limit of this customer is in dispute."))
    await house.accept()
    await house.work()
    assert (await house.flow()).state is FlowState.NEEDS_PERSON
    (exception,) = await house.exceptions()
    assert exception.title == "sale 1 needs a person: the credit limit of this customer is in dispute"
    assert exception.impact == (
        "sale 1 has not got its post, and stands still. So does everything accepted later about Sale:1."
    )
    assert (exception.severity, exception.about) == (Severity.URGENT, "flow-1")
    assert exception.actions == (ExceptionAction.RETRY, ExceptionAction.RETRY_FROM_STEP, ExceptionAction.RESOLVE)


@pytest.mark.parametrize("answer", [ZeroDivisionError("oops"), "nonsense"])
async def test_a_bug_stops_one_flow(sqlite_house: House, answer: object) -> None:
    """A step that raises or answers what is none of its business needs a person; the worker goes on with others."""
    sqlite_house.shop.next["post"].append(answer)
    await sqlite_house.accept("1")
    await sqlite_house.work()
    await sqlite_house.accept("2")
    await sqlite_house.work()
    stuck = await sqlite_house.flow("flow-1")
    assert stuck.state is FlowState.NEEDS_PERSON
    assert stuck.why == "A fault of our own; the log says more under corr-1."
    assert (await sqlite_house.flow("flow-2")).state is FlowState.COMPLETED


async def test_a_refusal_may_ask_for_a_person(house: House) -> None:
    """Where going back would be wrong, a refused step waits for a person, and nothing is undone."""
    house.shop.will("thank", Refused("MEMBERSHIP_CLOSED", "LOYALTY refused: MEMBERSHIP_CLOSED."))
    await house.accept()
    await house.work()
    assert (await house.flow()).state is FlowState.NEEDS_PERSON
    assert await house.states() == {"take": "DONE", "wrap": "SKIPPED", "post": "DONE", "thank": "REFUSED"}
    assert house.shop.calls == ["take", "post", "thank"]


async def test_an_undo_that_is_refused_needs_a_person(house: House) -> None:
    """What cannot be taken back is not forgotten: a person is told why."""
    house.shop.will("post", Refused("NO", "ERP refused: NO."))
    house.shop.will("take:undo", Refused("SHIPPED", "OMS refused: SHIPPED."))
    await house.accept()
    await house.work()
    flow = await house.flow()
    assert (flow.state, flow.why) == (FlowState.NEEDS_PERSON, "ERP refused: NO.")
    (exception,) = await house.exceptions()
    assert exception.title == "sale 1 needs a person: OMS refused: SHIPPED"


async def test_an_alarm_comes_and_goes(house: House) -> None:
    """After 15 minutes without progress a warning says what is awaited since when and why; it ends with the waiting."""
    # Its tries and the looks for alarms are at different times: a flow that is in hand is passed over by such a look.
    house.shop.will("post", *[RetryAfter("ERP did not answer in time", after_s=600)] * 3)
    await house.accept()
    await house.work()
    house.clock.now += 600
    await house.work()
    house.clock.now += 299
    await house.work()
    assert not await house.exceptions()
    house.clock.now += 5
    await house.work()
    (alarm,) = await house.exceptions()
    assert alarm.title == "sale 1 has been waiting for its post since 10:00 UTC: ERP did not answer in time"
    assert alarm.severity is Severity.WARNING
    for further_s in (5, 291, 5):
        house.clock.now += further_s
        await house.work()
        assert len(await house.exceptions()) == 1, "one alarm per flow"
    assert house.shop.calls.count("post") == 3
    house.clock.now += 600
    await house.work()
    assert (await house.flow()).state is FlowState.COMPLETED
    assert not await house.exceptions()
    (closed,) = await house.exceptions(open_only=False)
    assert (closed.note, closed.actions) == ("It went on.", ())


async def test_a_step_is_cut_off_in_time(sqlite_url: str) -> None:
    """A step that hangs is broken off, counts as unheard, and holds nobody up for ever."""
    async with open_house(sqlite_url, policy=replace(POLICY, step_timeout_s=0.01)) as house:
        gate = Gate()
        house.shop.will("take", gate)
        await house.accept()
        async with asyncio.timeout(20):
            await house.work()
        flow = await house.flow()
        assert gate.broken_off
        assert (flow.state, flow.why) == (FlowState.WAITING, "OMS did not answer in time")
        house.clock.now += 1
        await house.work()
        assert house.shop.calls == ["take", "take:find", "take", "post", "thank"]


async def test_a_worker_that_is_told_works_at_once(house: House) -> None:
    """A flow that this process accepts wakes its worker; stopping ends once nothing is in hand."""
    done = asyncio.Event()

    async def last(task: Task[Sale]) -> Outcome:
        done.set()
        return Done()

    house.shop.will("thank", last)
    async with house.worker.running():
        await house.accept()
        await soon(done)
    assert (await house.flow()).state is FlowState.COMPLETED


async def test_a_worker_that_stops_hands_back_what_it_holds(sqlite_url: str) -> None:
    """What does not end in time is broken off and handed back: the next worker has it at once, and looks first."""
    async with open_house(sqlite_url, policy=replace(POLICY, stop_within_s=0.01)) as house:
        gate = Gate()
        house.shop.will("take", gate)
        async with house.worker.running():
            await house.accept()
            await soon(gate.entered)
        assert gate.broken_off
        flow = await house.flow()
        assert flow.state is FlowState.WAITING
        assert flow.steps[0].why == "the worker was stopped in the middle of it"
        next_one = House(house.journal, Worker(house.journal), house.shop, house.clock)
        await next_one.work()
        assert house.shop.calls == ["take", "take:find", "take", "post", "thank"]


async def test_a_worker_that_stops_finishes_the_step_and_no_more(sqlite_house: House) -> None:
    """A step that ends in time is written down, and the next one is left to others."""
    gate = Gate()
    sqlite_house.shop.will("take", gate)
    async with sqlite_house.worker.running():
        await sqlite_house.accept()
        await soon(gate.entered)
        sqlite_house.worker.stop()
        gate.open.set()
    assert (await sqlite_house.flow()).state is FlowState.WAITING
    assert await sqlite_house.states() == {"take": "DONE", "wrap": "SKIPPED"}


async def test_the_news_tells_the_command(house: House) -> None:
    """An event carries the subject, the correlation id and the command, in the order of the changes."""
    await house.accept(gift=True)
    await house.work()
    news = await house.journal.read(lambda connection: news_after(connection, 0, 100))
    assert [(event.source, event.subject, event.correlation_id) for _, event in news] == [
        ("retailgraph", "Sale:1", "corr-1")
    ] * 2
    assert [msgspec.json.decode(event.data, type=Sale) for _, event in news] == [Sale(id="1", gift=True)] * 2
    first = news[0].seq
    rest = await house.journal.read(lambda c: news_after(c, first, 100, types=["retail.sale.completed.v1"]))
    assert [event.type for _, event in rest] == ["retail.sale.completed.v1"]
    assert not await house.journal.read(lambda c: news_after(c, 0, 100, subjects=["Sale:2"]))
