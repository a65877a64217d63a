"""The journal as the house asks it: keyed writes with flows behind them, pages of flows, and trouble."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text

from domains.durable import (
    Begun,
    FlowQuery,
    FlowState,
    InFlight,
    JournalFull,
    JournalUnavailable,
    OtherInput,
    Receipt,
    Replayed,
    Submission,
)
from gateway.database import DatabaseUnusable
from gateway.durable import open_journal
from tests.gateway.durable.shop import POLICY, House, Sale, Shop, open_house, write

SUBMISSION = Submission(flow_id="flow-1", kind="sale", command=Sale(id="1"), correlation_id="corr-1")


async def test_a_write_and_its_flow_are_kept_together(house: House) -> None:
    """Begun once, in flight for others, then settled with its flow and replayed with its first answer."""
    durable = house.journal.durable
    assert await durable.begin(write("key")) == Begun()
    assert isinstance(await durable.begin(write("key")), InFlight)
    assert await durable.settle(write("key"), b'{"a":1}', SUBMISSION) == Receipt(flow_id="flow-1")
    assert await durable.begin(write("key")) == Replayed(b'{"a":1}')
    assert await durable.begin(write("key", "other")) == OtherInput()
    assert (await house.flow()).caller == "till-1"


async def test_an_answer_without_a_flow(house: House) -> None:
    """A quick write keeps its answer, and nothing follows."""
    durable = house.journal.durable
    await durable.begin(write("key"))
    assert await durable.settle(write("key"), b"{}", None) is None
    assert not await house.flows()


async def test_a_key_is_given_back(house: House) -> None:
    """An abandoned write can begin again at once."""
    durable = house.journal.durable
    await durable.begin(write("key"))
    await durable.abandon(write("key"))
    assert await durable.begin(write("key")) == Begun()


async def test_a_flow_is_accepted_once(house: House) -> None:
    """Settled twice, by two that took over from each other, a write has one flow and its first answer."""
    durable = house.journal.durable
    await durable.settle(write("key"), b'"first"', SUBMISSION)
    assert await durable.settle(write("key"), b'"second"', SUBMISSION) == Receipt(flow_id="flow-1")
    assert await durable.begin(write("key")) == Replayed(b'"first"')
    await house.work()
    assert house.shop.calls == ["take", "post", "thank"]
    assert await house.told() == ["retail.sale.accepted.v1", "retail.sale.completed.v1"]


async def test_a_flow_is_not_promised_over_another_answer(house: House) -> None:
    """Whoever was overtaken by an answer without a flow accepts nothing, and a repeat gets that answer."""
    durable = house.journal.durable
    await durable.settle(write("key"), b'"refused"', None)
    with pytest.raises(JournalUnavailable, match="Another answer"):
        await durable.settle(write("key"), b'"accepted"', SUBMISSION)
    assert not await house.flows()


async def test_a_full_journal_takes_no_more(url: str) -> None:
    """With as many unfinished flows as may be, a slow write is told when to come back and keeps nothing; quick ones
    go on, and the end of a flow makes room."""
    async with open_house(url, policy=replace(POLICY, flows_max=2)) as house:
        durable = house.journal.durable
        await house.accept("1")
        await house.accept("2")
        await durable.begin(write("key"))
        with pytest.raises(JournalFull) as full:
            await house.accept("3", "key")
        assert full.value.retry_after_s == POLICY.full_retry_after_s
        assert await house.flows() == ["flow-2", "flow-1"]
        assert isinstance(await durable.begin(write("key")), InFlight), "the answer is not kept either"
        assert await durable.settle(write("quick"), b"{}", None) is None
        await house.work()
        await house.accept("3", "key")


async def test_flows_are_found(house: House) -> None:
    """By subject, correlation id, kind and state, newest first, page by page."""
    for sale in ("1", "2", "3"):
        await house.accept(sale)
    await house.accept("2", "flow-4")
    assert await house.flows() == ["flow-4", "flow-3", "flow-2", "flow-1"]
    assert await house.flows(subject="Sale:2") == ["flow-4", "flow-2"]
    assert await house.flows(correlation_id="corr-3") == ["flow-3"]
    assert await house.flows(kind="barter") == []
    assert await house.flows(state=FlowState.ACCEPTED, subject="Sale:1") == ["flow-1"]
    query = FlowQuery(2, after="flow-4")
    page = (await house.journal.durable.flows_about(frozenset({query})))[query].value
    assert ([flow.id for flow in page.items], page.has_next) == (["flow-3", "flow-2"], True)
    assert await house.flows(after="flow-9") == []


async def test_the_newest_answer_about_a_subject(house: House) -> None:
    """What was answered last when a flow about something was accepted can be read again, and nothing else."""
    await house.accept("1")
    await house.journal.durable.settle(
        write("key"), b'"newest"', Submission(flow_id="f", kind="sale", command=Sale(id="1"), correlation_id="")
    )
    untold = Submission(flow_id="g", kind="sale", command=Sale(id="1"), correlation_id="")
    assert await house.journal.write(lambda c: house.journal.take(c, untold, caller="event:oms")), "nobody was answered"
    found = await house.journal.durable.answers(frozenset({"Sale:1", "Sale:2"}))
    assert {subject: reading.value for subject, reading in found.items()} == {"Sale:1": b'"newest"'}


async def test_many_writes_at_once(house: House) -> None:
    """Two hundred writes begun and settled at the same time are all kept, and nobody gets in another's way."""
    await asyncio.gather(*(house.accept(str(sale % 5), f"flow-{sale}") for sale in range(200)))
    assert len(await house.flows()) == 100  # the most that the test asks for
    await house.work()
    assert not await house.flows(state=FlowState.ACCEPTED)


async def test_two_workflows_of_one_kind(sqlite_url: str) -> None:
    """A kind that stands twice is a mistake of the program."""
    workflow = Shop().workflow()
    with pytest.raises(ValueError, match="one kind"):
        async with open_journal(sqlite_url, [workflow, workflow]):
            pass


async def test_tables_of_another_version(sqlite_url: str) -> None:
    """A journal of another version is left as it is: it holds what can be read nowhere else."""
    async with open_house(sqlite_url) as house:
        await house.accept()
        await house.journal.write(lambda connection: connection.execute(text("UPDATE journal_schema SET version = 99")))
    with pytest.raises(DatabaseUnusable, match="version 99"):
        async with open_house(sqlite_url):
            pass
