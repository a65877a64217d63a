"""Events in the inbox: taken once each, in the order of their entity, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy.exc import DataError, OperationalError

from domains.durable import BusinessException, Event, ExceptionQuery
from domains.heard import Heard, ProductHeard
from domains.products import Product
from domains.vocabulary import Sequenced, Sku
from gateway.durable import Journal, inbox, open_journal, pruning
from gateway.events import Consequences, Hearing, Taker
from gateway.events.pausing import ALARM_AT

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


class House:
    """A journal, what followed from events, and what fails next."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.now = NOW.timestamp()
        self.acted: list[str] = []
        self.failing: list[BaseException] = []
        self.known = "known"  # the one type that is understood
        self.unspeakable = ""  # the id of an event of which the news cannot be written
        self.unspoken: object = {"no": "text"}  # why not

    def taker(self, name: str = "one") -> Taker:
        return Taker(self.journal, Hearing({"erp": self._translate}, self._follows), holder=name)

    async def hear(self, *events: Event) -> int:
        return await self.journal.durable.hear("erp", events)

    async def news(self) -> list[str]:
        return [event.id for event in await self.journal.durable.news(0, 100)]

    async def exceptions(self) -> list[str]:
        return [one.title for one in await self.open()]

    async def open(self) -> Sequence[BusinessException]:
        query = ExceptionQuery(first=10)
        return (await self.journal.durable.exceptions(frozenset({query})))[query].value.items

    def _translate(self, event: Event) -> Heard | None:
        if event.type != self.known:
            return None
        sku = msgspec.json.decode(event.data, type=str)
        return ProductHeard(item=Sequenced(sequence=1, record=Product(sku=Sku(sku))))

    def _follows(self, _: Heard, event: Event) -> Consequences:
        async def act() -> None:
            if self.failing:
                raise self.failing.pop(0)
            self.acted.append(event.id)

        subject: Any = event.subject if event.id != self.unspeakable else self.unspoken
        return Consequences((act,), (msgspec.structs.replace(event, id=f"told-{event.id}", subject=subject),))


@pytest.fixture
async def house(url: str) -> AsyncIterator[House]:
    def clock() -> float:
        return made[0].now if made else NOW.timestamp()

    made: list[House] = []
    async with open_journal(url, (), clock=clock) as journal:
        made.append(House(journal))
        yield made[0]


def told(id_: str, subject: str | None = "SKU-1", type_: str = "known", data: bytes = b'"SKU-1"') -> Event:
    return Event(id=id_, type=type_, source="/erp", time=NOW, subject=subject, data=msgspec.Raw(data))


async def emptied(taker: Taker) -> None:
    while await taker.look():
        pass


async def test_what_is_told_twice_is_taken_once(house: House) -> None:
    """The same id of the same source, in one post or two, has its consequences once."""
    assert await house.hear(told("a"), told("a")) == 1
    assert await house.hear(told("a"), told("b")) == 1
    await emptied(house.taker())
    assert await house.hear(told("a")) == 0
    await emptied(house.taker())
    assert (house.acted, await house.news()) == (["a", "b"], ["told-a", "told-b"])


async def test_two_services_behind_one_door_count_for_themselves(house: House) -> None:
    """An event is known again by its own source and its id (CloudEvents 1.0.2, 3.1.1): two services of one system may
    both give the id 1, and what a person is told of the one is not closed by the other."""
    ours, theirs = (
        msgspec.structs.replace(told("1", subject=None, type_="strange"), source=source)
        for source in ("/erp/stock#1", "/erp/stock")
    )
    assert (await house.hear(ours, theirs), await house.hear(theirs, ours)) == (2, 0)
    await emptied(house.taker())
    assert len(await house.exceptions()) == 2
    house.known = "strange"
    (first, *_) = await house.open()
    await house.journal.durable.retry_exception(first.id, None)
    await emptied(house.taker())
    assert house.acted == ["1"]
    assert len(await house.exceptions()) == 1


async def test_news_is_kept_from_when_it_was_told(house: House) -> None:
    """What an event of last week calls for is told today, and is there for whoever follows for a whole week."""
    keep_s, written_at = house.journal.policy.news_keep_s, house.now
    await house.hear(msgspec.structs.replace(told("late"), time=NOW - timedelta(seconds=2 * keep_s)))
    await emptied(house.taker())
    for after_s, kept in ((keep_s - 1, ["told-late"]), (keep_s, [])):
        house.now = written_at + after_s
        await house.journal.write(lambda c: pruning.prune(c, house.journal.policy, house.now))
        assert await house.news() == kept


async def test_events_of_one_entity_are_taken_in_order_by_many(house: House) -> None:
    """Two takers that look at the same time never take the second event of an entity before the first."""
    for number in range(12):
        await house.hear(told(f"{number:02}", subject=f"SKU-{number % 3}"))
    takers = [house.taker("one"), house.taker("two")]
    while any(await asyncio.gather(*(taker.look() for taker in takers))):
        pass
    assert sorted(house.acted) == [f"{number:02}" for number in range(12)]
    for entity in range(3):
        mine = [id_ for id_ in house.acted if int(id_) % 3 == entity]
        assert mine == sorted(mine)


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (told("x", type_="strange"), "no event of type strange is known"),
        (told("x", data=b"7"), "its data cannot be read"),
    ],
)
async def test_what_cannot_be_taken_waits_for_a_person(house: House, event: Event, why: str) -> None:
    """An unknown type or unreadable data becomes an exception with the reason, and holds nothing up behind it."""
    await house.hear(event, told("y"))
    await emptied(house.taker())
    (title,) = await house.exceptions()
    assert why in title
    assert house.acted == ["y"]


async def test_a_database_that_is_away_is_waited_for(house: House) -> None:
    """What cannot be done now is done later, after a pause, and the entity's next event waits for it."""
    house.failing = [OperationalError("", {}, Exception("away"))]
    await house.hear(told("a"), told("b"))
    await emptied(house.taker())
    assert house.acted == []
    house.now += 1
    await emptied(house.taker())
    assert house.acted == ["a", "b"]


async def test_what_a_dead_taker_held_is_taken_by_another(house: House) -> None:
    """A taker that dies with an event in hand keeps it for half a minute; then its consequences come, and once."""
    await house.hear(told("a"))
    held = await house.journal.write(lambda c: inbox.claim(c, holder="dead", lease_s=30, most=1, now=house.now))
    await emptied(house.taker())
    assert house.acted == []
    house.now += 31
    await emptied(house.taker())
    assert house.acted == ["a"]
    assert not await house.journal.write(lambda c: inbox.done(c, held[0], "dead"))


async def test_events_are_taken_again_when_asked(house: House) -> None:
    """A replay of an entity takes its events once more, in order; what was told of them is not told twice."""
    await house.hear(told("a"), told("b"), told("c", subject="other"))
    await emptied(house.taker())
    again: Callable[..., int] = inbox.again
    assert await house.journal.write(lambda c: again(c, now=house.now, entity="erp/SKU-1")) == 2
    await emptied(house.taker())
    assert [id_ for id_ in house.acted if id_ != "c"] == ["a", "b", "a", "b"]
    assert house.acted.count("c") == 1
    assert sorted(await house.news()) == ["told-a", "told-b", "told-c"]
    with pytest.raises(ValueError, match="name a time"):
        await house.journal.write(lambda c: again(c, now=house.now))


async def test_one_that_is_taken_wrongly_holds_up_no_other(house: House) -> None:
    """A defect met by one event is no end of taking: the others are taken at once, and it again later."""
    house.failing = [LookupError("a defect")]
    await house.hear(told("a", subject="one"), told("b", subject="two"))
    await emptied(house.taker())
    assert house.acted == ["b"]
    house.now += 1
    await emptied(house.taker())
    assert house.acted == ["b", "a"]


async def test_what_the_database_cannot_hold_waits_for_a_person(house: House) -> None:
    """A value that no column takes would not fit later either: the event is not tried again."""
    house.failing = [DataError("", {}, Exception("out of range"))]
    await house.hear(told("a"), told("b"))
    await emptied(house.taker())
    assert house.acted == ["b"]
    assert await house.exceptions() == ["An event of erp was not taken: it tells what the database cannot hold"]


@pytest.mark.parametrize("unspoken", [{"no": "text"}, "\ud800"], ids=["no text", "half a character"])
async def test_news_that_cannot_be_written_hold_up_no_other(house: House, unspoken: object) -> None:
    """Where the database does not take what follows from one event, or its driver cannot even send it, what follows
    from the others is written, and a person is told once it has been tried often enough."""
    house.unspoken = unspoken
    await house.hear(told("bad", subject="one"), told("good", subject="two"))
    house.unspeakable = "bad"
    await emptied(house.taker())
    assert await house.news() == ["told-good"]
    for _ in range(ALARM_AT):
        house.now += 400
        await emptied(house.taker())
    assert await house.exceptions() == [
        "An event of erp cannot be taken yet: what follows from it cannot be written",
    ]
    house.unspeakable = ""
    house.now += 400
    await emptied(house.taker())
    assert (await house.news(), await house.exceptions()) == (["told-good", "told-bad"], [])


async def test_one_that_still_waits_can_be_tried_at_once(house: House) -> None:
    """A person who tries an event again that is tried again by itself has it taken now, and not after its pause."""
    house.failing = [OperationalError("", {}, Exception("away"))] * ALARM_AT
    await house.hear(told("a"))
    for _ in range(ALARM_AT):
        house.now += 400
        await emptied(house.taker())
    (alarm,) = await house.open()
    assert isinstance(await house.journal.durable.retry_exception(alarm.id, None), BusinessException)
    await emptied(house.taker())
    assert (house.acted, await house.open()) == (["a"], ())


async def test_what_is_taken_after_all_needs_nobody_any_more(house: House) -> None:
    """A replay of events that could not be taken leaves one exception for each that still cannot, and none for one
    that now can."""
    house.known = "nothing"
    await house.hear(told("a"))
    await emptied(house.taker())
    for known, count in (("nothing", 1), ("known", 0)):
        house.known = known
        await house.journal.write(lambda c: inbox.again(c, now=house.now, entity="erp/SKU-1"))
        await emptied(house.taker())
        assert len(await house.exceptions()) == count
    assert house.acted == ["a"]
