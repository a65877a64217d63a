"""A Postgres that goes away and comes back, and two who write to it at the same moment."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import Connection, create_engine, make_url, text

from domains.durable import Done, FlowState, JournalUnavailable, Submission
from gateway.durable import Worker
from tests.gateway.durable.shop import POLICY, Gate, House, Sale, Shop, open_house, soon, write

SUBMISSION = Submission(flow_id="flow-1", kind="sale", command=Sale(id="1"), correlation_id="corr-1")


class Plug:
    """Pulls a Postgres database out, and puts it back."""

    def __init__(self, server: str, url: str) -> None:
        self._admin = create_engine(make_url(server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        self._name = make_url(url).database

    async def pull(self) -> None:
        kick = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self._name}'"
        await asyncio.to_thread(self._say, f"ALTER DATABASE {self._name} ALLOW_CONNECTIONS false", kick)

    async def put_back(self) -> None:
        await asyncio.to_thread(self._say, f"ALTER DATABASE {self._name} ALLOW_CONNECTIONS true")

    def close(self) -> None:
        self._admin.dispose()

    def _say(self, *statements: str) -> None:
        with self._admin.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))


@pytest.fixture
def plugged(postgres: str) -> Iterator[tuple[str, Plug]]:
    """The address of a Postgres database, and its plug. A file does not go away by itself."""
    server = make_url(postgres).set(drivername="postgresql+psycopg")
    name = f"test_{uuid4().hex}"
    url = server.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
    plug = Plug(postgres, url)
    plug._say(f"CREATE DATABASE {name}")
    yield url, plug
    plug.close()


async def test_a_database_that_goes_away_and_comes_back(plugged: tuple[str, Plug]) -> None:
    """While it refuses connections every call says so and nothing is half done; then work goes on where it was."""
    url, plug = plugged
    async with open_house(url) as house:
        await house.accept()
        await plug.pull()
        await everything_fails(house)
        await plug.put_back()
        await house.work()
        assert house.shop.calls == ["take", "post", "thank"]


async def everything_fails(house: House) -> None:
    durable = house.journal.durable
    for asked in (
        durable.begin(write("key")),
        durable.settle(write("key"), b"{}", SUBMISSION),
        durable.abandon(write("key")),
        durable.flows(frozenset({"flow-1"})),
        durable.answers(frozenset({"Sale:1"})),
        durable.retry("flow-1", None),
        durable.resolve("exception-1", ""),
        house.worker.look(),
    ):
        with pytest.raises(JournalUnavailable):
            await asked


async def test_what_was_done_is_written_when_the_database_is_back(plugged: tuple[str, Plug]) -> None:
    """A worker that cannot write what a step did tries again for as long as the flow is its own."""
    url, plug = plugged
    async with open_house(url) as house:

        async def sleep(seconds: float) -> None:
            await house.clock.sleep(seconds)
            await plug.put_back()

        gate = Gate()
        house.shop.will("take", gate)
        await house.accept()
        worker = Worker(house.journal, sleep=sleep)
        await worker.look()
        await soon(gate.entered)
        await plug.pull()
        gate.open.set()
        await worker.settled()
        assert (await house.flow()).state is FlowState.COMPLETED
        assert house.shop.calls == ["take", "post", "thank"]


async def test_what_could_not_be_written_is_looked_for(plugged: tuple[str, Plug]) -> None:
    """A worker whose lease ends while the database is away lets go; whoever comes next looks what became of it."""
    url, plug = plugged
    async with open_house(url) as house:
        gate = Gate()
        house.shop.will("take", gate)
        house.shop.will("take:find", Done(reference="found"))
        await house.accept()
        await house.worker.look()
        await soon(gate.entered)
        await plug.pull()
        house.clock.now += POLICY.lease_s
        gate.open.set()
        await house.worker.settled()
        await plug.put_back()
        await house.work()
        assert house.shop.calls == ["take", "take:find", "post", "thank"]


async def test_a_step_that_may_not_be_ours_any_more_is_broken_off(plugged: tuple[str, Plug]) -> None:
    """A worker that could not renew in time stops what it does: somebody else may have begun it."""
    url, plug = plugged
    async with open_house(url) as house:
        gate = Gate()
        house.shop.will("take", gate)
        await house.accept()
        await house.worker.look()
        await soon(gate.entered)
        await plug.pull()
        house.clock.now += POLICY.lease_s
        with pytest.raises(JournalUnavailable):
            await house.worker.look()
        async with asyncio.timeout(POLICY.step_timeout_s / 2):
            await house.worker.settled()
        assert gate.broken_off
        await plug.put_back()


def take_alone(house: House, sale: str) -> Callable[[Connection], bool]:
    """Takes a flow about `sale`; told at once, on Postgres, when somebody else has to end first."""
    submission = Submission(flow_id=uuid4().hex, kind="sale", command=Sale(id=sale), correlation_id="")

    def work(connection: Connection) -> bool:
        connection.execute(text("SET LOCAL lock_timeout = '100ms'"))
        return house.journal.take(connection, submission, caller="till-1")

    return work


async def test_flows_of_one_subject_are_taken_one_after_the_other(plugged: tuple[str, Plug]) -> None:
    """While one that takes a flow has not ended, nobody takes another about the same thing: it could be seen, and be
    begun, before the first. Other things go on."""
    url, _ = plugged
    quiet = replace(Shop().workflow(), announces={})
    async with open_house(url, workflows=[quiet]) as house:
        with house.journal.database.writing.begin() as first:
            take_alone(house, "1")(first)
            with pytest.raises(JournalUnavailable):
                await house.journal.write(take_alone(house, "1"))
            assert await house.journal.write(take_alone(house, "2"))
        assert await house.journal.write(take_alone(house, "1"))


async def test_news_is_told_one_after_the_other(plugged: tuple[str, Plug]) -> None:
    """While one that told something has not ended nobody tells anything: a reader would go on behind it and miss it."""
    url, _ = plugged
    async with open_house(url) as house:
        with house.journal.database.writing.begin() as first:
            take_alone(house, "1")(first)
            with pytest.raises(JournalUnavailable):
                await house.journal.write(take_alone(house, "2"))
        assert await house.journal.write(take_alone(house, "2"))
