"""The news, told outside: in order, again until it is taken, and to each who follows by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import msgspec
import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import Connection

from domains.durable import Event, ExceptionQuery
from gateway.durable import Journal, open_journal, tell
from gateway.events import Destination, NotTaken, Teller, verify, webhook
from gateway.events.settings import Webhook
from gateway.events.telling import ALARM_AT
from tests.gateway.events.posting import KEY, SECRET

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


class Ear:
    """A receiver that takes what it is told, unless it is to fail."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.deaf = False

    async def send(self, event: Event) -> None:
        if self.deaf:
            raise NotTaken("it answered 503")
        self.heard.append(event.id)


class House:
    """A journal whose clock the test moves."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.now = NOW.timestamp()

    async def tell(self, *ids: str, type_: str = "retail.order.accepted.v1") -> None:
        events = [Event(id=id_, type=type_, source="retailgraph", time=NOW, subject="Order:1") for id_ in ids]

        def work(connection: Connection) -> None:
            for event in events:
                tell(connection, event)

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
    """After some twenty minutes of refusals an exception names the destination; it closes once events are taken."""
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


async def test_a_webhook_is_a_signed_cloudevent() -> None:
    """What a receiver gets verifies under its secret and says the event in CloudEvents 1.0; a refusal is told."""
    got: list[httpx.Request] = []
    status = 204

    def answer(request: httpx.Request) -> httpx.Response:
        got.append(request)
        return httpx.Response(status)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        settings = Webhook(url="https://shop.example/hook", secrets=(SecretStr(SECRET),))
        there = webhook("shop", settings, client, clock=NOW.timestamp)
        event = Event(
            id="e-1", type="retail.order.accepted.v1", source="retailgraph", time=NOW, subject="Order:1", sequence=7,
            data=msgspec.Raw(b'{"orderId":"1"}'),
        )  # fmt: skip
        await there.send(event)
        status = 503
        with pytest.raises(NotTaken, match="503"):
            await there.send(event)
    request = got[0]
    assert verify([KEY], dict(request.headers), request.content, NOW.timestamp()) == "e-1"
    assert msgspec.json.decode(request.content) == {
        "specversion": "1.0",
        "id": "e-1",
        "source": "retailgraph",
        "type": "retail.order.accepted.v1",
        "time": "2026-11-01T12:00:00Z",
        "datacontenttype": "application/json",
        "sequence": "7",
        "subject": "Order:1",
        "data": {"orderId": "1"},
    }


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://shop.example/hook", True),
        ("http://10.0.0.7:8080/hook", True),
        ("http://169.254.169.254/latest/meta-data", False),
        ("http://[fe80::1]/hook", False),
        ("http://[::ffff:169.254.169.254]/hook", False),
        ("http://0.0.0.0/hook", False),
        ("https://user:word@shop.example/hook", False),
        ("ftp://shop.example/hook", False),
        ("https:///hook", False),
        ("https://shop.example:port/hook", False),
    ],
)
def test_where_news_may_go(url: str, allowed: bool) -> None:
    """Any address but one that is the machine's own business, and none with a password in it."""
    if allowed:
        assert Webhook(url=url, secrets=(SecretStr(SECRET),)).url == url
    else:
        with pytest.raises(ValidationError, match="an http:// or https:// address"):
            Webhook(url=url, secrets=(SecretStr(SECRET),))


async def test_a_receiver_sends_us_nowhere() -> None:
    """A redirect is no yes, and is not followed, whatever the client is set to."""
    asked: list[str] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(307, headers={"Location": "http://169.254.169.254/"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), follow_redirects=True) as client:
        there = webhook("shop", Webhook(url="https://shop.example/hook", secrets=(SecretStr(SECRET),)), client)
        event = Event(id="e-1", type="t", source="retailgraph", time=NOW, data=msgspec.Raw(b"{}"))
        with pytest.raises(NotTaken, match="307"):
            await there.send(event)
    assert asked == ["https://shop.example/hook"]
