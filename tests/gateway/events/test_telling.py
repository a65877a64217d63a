"""The news, told outside: in order, again until it is taken, and to each who follows by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection

from domains.durable import Event, ExceptionQuery
from gateway.durable import Journal, open_journal, tell
from gateway.events import Destination, NotTaken, Teller
from gateway.events.pausing import ALARM_AT

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


class Ear:
    """A receiver that takes what it is told, unless it is to fail, or to hang at an event."""

    def __init__(self, hangs_at: str = "") -> None:
        self.heard: list[str] = []
        self.deaf = False
        self.deaf_to = ""
        self.hangs_at = hangs_at
        self.hangs = asyncio.Event()
        self.hears = asyncio.Event()

    async def send(self, event: Event) -> None:
        if self.deaf or event.id == self.deaf_to:
            raise NotTaken("it answered 503")
        if event.id == self.hangs_at:
            self.hangs.set()
            await asyncio.Event().wait()
        self.heard.append(event.id)
        self.hears.set()


class House:
    """A journal whose clock the test moves."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.now = NOW.timestamp()

    async def tell(self, *ids: str, type_: str = "retail.order.accepted.v1") -> None:
        events = [Event(id=id_, type=type_, source="retailgraph", time=NOW, subject="Order:1") for id_ in ids]

        def work(connection: Connection) -> None:
            for event in events:
                tell(connection, event, self.now)

        await self.journal.write(work)

    async def open_exceptions(self) -> list[str]:
        query = ExceptionQuery(first=10)
        return [one.title for one in (await self.journal.durable.exceptions(frozenset({query})))[query].value.items]


@pytest.fixture
async def house(url: str) -> AsyncIterator[House]:
    made: list[House] = []
    async with open_journal(url, (), clock=lambda: made[0].now if made else NOW.timestamp()) as journal:
        made.append(House(journal))
        yield made[0]


async def test_each_follower_hears_everything_from_its_beginning_in_order(house: House) -> None:
    """Who follows hears what is told from then on, in order; another who is deaf meanwhile holds nobody up."""
    await house.tell("before")
    first, second = Ear(), Ear()
    teller = Teller(house.journal, [Destination("first", first.send), Destination("second", second.send)])
    await teller.follow()
    second.deaf = True
    await house.tell("a", "b", "c")
    await teller.look()
    assert (first.heard, second.heard) == (["a", "b", "c"], [])
    second.deaf = False
    await teller.look()
    assert second.heard == []  # its pause is not over
    house.now += 1
    await teller.look()
    assert second.heard == ["a", "b", "c"]


async def test_who_asked_for_some_types_hears_those_alone(house: House) -> None:
    """A destination with types hears no others, and is not behind for what it does not want."""
    ear = Ear()
    teller = Teller(house.journal, [Destination("some", ear.send, {"retail.return.authorized.v1"})])
    await teller.follow()
    await house.tell("a")
    await house.tell("b", type_="retail.return.authorized.v1")
    assert await teller.look() == 1
    assert await teller.look() == 0
    assert ear.heard == ["b"]


async def test_two_tellers_tell_each_event_once(house: House) -> None:
    """Two processes that tell at the same time share the destinations, and no event goes out twice."""
    ear = Ear()
    tellers = [Teller(house.journal, [Destination("one", ear.send)]) for _ in range(2)]
    for teller in tellers:
        await teller.follow()
    await house.tell(*"abcdef")
    for _ in range(3):
        for teller in tellers:
            await teller.look()
    assert ear.heard == list("abcdef")


async def test_a_receiver_that_stays_deaf_is_told_to_a_person(house: House) -> None:
    """After some five minutes of refusals an exception names the destination; it closes once events are taken."""
    ear = Ear()
    teller = Teller(house.journal, [Destination("webhook/shop", ear.send)])
    await teller.follow()
    ear.deaf = True
    await house.tell("a")
    for _ in range(ALARM_AT + 1):
        house.now += 400
        await teller.look()
    assert await house.open_exceptions() == ["webhook/shop does not take events: it answered 503"]
    ear.deaf = False
    house.now += 400
    await teller.look()
    assert (ear.heard, await house.open_exceptions()) == (["a"], [])


async def test_who_takes_some_and_no_more_is_told_of_anew(house: House) -> None:
    """A destination that takes an event after its alarm takes events again, though it refuses the next; what was said
    of it does not stay open when it takes that, too."""
    ear = Ear()
    teller = Teller(house.journal, [Destination("webhook/shop", ear.send)])
    await teller.follow()
    ear.deaf = True
    await house.tell("a", "b")
    for _ in range(ALARM_AT):
        house.now += 400
        await teller.look()
    ear.deaf, ear.deaf_to = False, "b"
    house.now += 400
    await teller.look()
    assert (ear.heard, await house.open_exceptions()) == (["a"], [])
    ear.deaf_to = ""
    house.now += 1  # the pause begins anew
    await teller.look()
    assert (ear.heard, await house.open_exceptions()) == (["a", "b"], [])


async def test_one_that_hangs_keeps_nobody_waiting(house: House) -> None:
    """While a destination has not answered, others hear what is told meanwhile; when its teller stops, the next goes on
    where it was, at once."""
    slow, quick = Ear("b"), Ear()
    told = [Destination("slow", slow.send), Destination("quick", quick.send)]
    await Teller(house.journal, told).follow()
    await house.tell("a", "b")
    async with Teller(house.journal, told).running():
        await slow.hangs.wait()
        await quick.hears.wait()
        quick.hears.clear()
        await house.tell("c")
        house.journal.nudge()
        while "c" not in quick.heard:
            await quick.hears.wait()
            quick.hears.clear()
    assert (slow.heard, quick.heard) == (["a"], ["a", "b", "c"])
    slow.hangs_at = ""
    await Teller(house.journal, told).look()
    assert slow.heard == ["a", "b", "c"]


@pytest.mark.parametrize("turns", range(2, 6))
async def test_whoever_is_stopped_between_two_sends_keeps_nothing(house: House, turns: int) -> None:
    """Wherever a teller is cut, also while it takes a destination on, the next one tells what there is at once."""
    ear = Ear()
    told = [Destination("one", ear.send)]
    await Teller(house.journal, told).follow()
    await house.tell("a")
    cut = asyncio.create_task(Teller(house.journal, told).look())
    for _ in range(turns):
        await asyncio.sleep(0)
    cut.cancel()
    await asyncio.wait({cut})
    await Teller(house.journal, told).look()
    assert ear.heard == ["a"]
