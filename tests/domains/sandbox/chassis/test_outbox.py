"""Events on their way: what they hold, who signed them, and what becomes of them when nobody answers."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from domains.sandbox.chassis import STILL, Outbox, build_app
from domains.sandbox.chassis.outbox import QUEUE_MAX, TRIES_MAX

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
KEY = b"0123456789abcdef0123456789abcdef"
HOOK = {"url": "http://gateway.test/events/oms", "secret": f"whsec_{base64.b64encode(KEY).decode()}"}
ARRIVAL_TIMEOUT_S = 5.0


class Receiver:
    """Notes what arrives. The next deliveries fail as `failures` say: a status, or None for no connection."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.failures: list[int | None] = []
        self._news = asyncio.Event()

    async def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self._news.set()
        failure = self.failures.pop(0) if self.failures else 202
        if failure is None:
            raise httpx.ConnectError("nobody there")
        return httpx.Response(failure)

    async def events(self, count: int) -> list[dict[str, Any]]:
        """The first `count` deliveries, once they are there."""
        async with asyncio.timeout(ARRIVAL_TIMEOUT_S):
            while len(self.requests) < count:
                self._news.clear()
                await self._news.wait()
        return [httpx.Response(200, content=request.content).json() for request in self.requests[:count]]


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
async def outbox(receiver: Receiver, pauses: list[float]) -> AsyncIterator[Outbox]:
    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0)

    outbox = Outbox("OMS", lambda: NOW, sleep=sleep, transport=httpx.MockTransport(receiver.handle))
    yield outbox
    await outbox.direct(None)


@pytest.fixture
def client(outbox: Outbox) -> httpx.AsyncClient:
    app = build_app("OMS", [], STILL, lambda: NOW, token="s3cret", outbox=outbox)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://oms")


async def test_an_event_is_a_cloudevent(client: httpx.AsyncClient, outbox: Outbox, receiver: Receiver) -> None:
    """What was told arrives as a structured CloudEvent: the record as it was then, with its place in the order."""
    assert (await client.post("/_sandbox/webhook", json=HOOK)).status_code == 200
    record = {"id": "ord-1", "total": "1"}
    outbox.tell("oms.order.changed", "ord-1", record)
    record["total"] = "2"
    outbox.tell("oms.order.changed", "ord-1", record, sequence=7)
    first, second = await receiver.events(2)
    assert first | {"id": "", "sequence": 0, "data": {}} == {
        "specversion": "1.0",
        "id": "",
        "source": "/sandbox/oms",
        "type": "oms.order.changed",
        "subject": "ord-1",
        "time": "2026-03-02T10:00:00.000Z",
        "datacontenttype": "application/json",
        "sequence": 0,
        "data": {},
    }
    assert first["data"] == {"sequence": first["sequence"], "record": {"id": "ord-1", "total": "1"}}
    assert second["data"] == {"sequence": 7, "record": {"id": "ord-1", "total": "2"}}
    assert first["id"] != second["id"]
    assert receiver.requests[0].headers["content-type"] == "application/cloudevents+json"


async def test_an_event_is_signed(client: httpx.AsyncClient, outbox: Outbox, receiver: Receiver) -> None:
    """The signature is the HMAC of id, timestamp and body under the secret that was given."""
    await client.post("/_sandbox/webhook", json=HOOK)
    outbox.tell("oms.order.changed", "ord-1", {})
    (event,) = await receiver.events(1)
    request = receiver.requests[0]
    assert request.headers["webhook-id"] == event["id"]
    assert request.headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    content = b"%s.%d.%s" % (event["id"].encode(), NOW.timestamp(), request.content)
    expected = base64.b64encode(hmac.new(KEY, content, hashlib.sha256).digest()).decode()
    assert request.headers["webhook-signature"] == f"v1,{expected}"


async def test_what_fails_is_sent_again_before_what_follows(
    client: httpx.AsyncClient, outbox: Outbox, receiver: Receiver, pauses: list[float]
) -> None:
    """Refusals and broken connections are repeated after doubling pauses, and nothing overtakes them."""
    await client.post("/_sandbox/webhook", json=HOOK)
    receiver.failures = [None, 503, 429]
    for number in (1, 2):
        outbox.tell("oms.order.changed", f"ord-{number}", {})
    events = await receiver.events(5)
    assert [event["subject"] for event in events] == ["ord-1"] * 4 + ["ord-2"]
    assert len({event["id"] for event in events}) == 2
    assert pauses == [0.1, 0.2, 0.4]


async def test_what_fails_for_too_long_is_lost_and_counted(
    client: httpx.AsyncClient, outbox: Outbox, receiver: Receiver
) -> None:
    """After its last try an event is given up, and the next one is sent."""
    await client.post("/_sandbox/webhook", json=HOOK)
    receiver.failures = [500] * TRIES_MAX
    for number in (1, 2):
        outbox.tell("oms.order.changed", f"ord-{number}", {})
    events = await receiver.events(TRIES_MAX + 1)
    assert [event["subject"] for event in events] == ["ord-1"] * TRIES_MAX + ["ord-2"]
    assert outbox.state()["lost"] == 1


async def test_twice_and_out_of_order(client: httpx.AsyncClient, outbox: Outbox, receiver: Receiver) -> None:
    """With the knobs every event comes twice under one id, and neighbours change places."""
    await client.post("/_sandbox/webhook", json={**HOOK, "duplicate": 1, "reorder": True})
    for number in range(3):
        outbox.tell("oms.order.changed", "ord-1", {"number": number})
    events = await receiver.events(6)
    assert [event["data"]["record"]["number"] for event in events] == [2, 2, 1, 1, 0, 0]
    assert len({event["id"] for event in events}) == 3


async def test_without_a_webhook_nothing_is_kept(client: httpx.AsyncClient, outbox: Outbox, receiver: Receiver) -> None:
    """Before there is a webhook, and after it was taken away, events are nobody's."""
    outbox.tell("oms.order.changed", "early", {})
    await client.post("/_sandbox/webhook", json=HOOK)
    outbox.tell("oms.order.changed", "ord-1", {})
    assert [event["subject"] for event in await receiver.events(1)] == ["ord-1"]
    assert (await client.delete("/_sandbox/webhook")).status_code == 204
    outbox.tell("oms.order.changed", "late", {})
    shown = (await client.get("/_sandbox/webhook")).json()
    assert (shown["url"], shown["waiting"]) == (None, 0)


async def test_the_queue_has_an_end(outbox: Outbox, client: httpx.AsyncClient) -> None:
    """What does not fit in the queue is lost and counted; nobody waits for room."""
    await client.post("/_sandbox/webhook", json=HOOK)
    for _ in range(QUEUE_MAX + 3):
        outbox.tell("oms.order.changed", "ord-1", {})
    state = outbox.state()
    assert (state["waiting"], state["lost"]) == (QUEUE_MAX, 3)


@pytest.mark.parametrize(
    "members",
    [
        {"url": "ftp://gateway.test"},
        {"url": "http://"},
        {"url": None},
        {"secret": "whsec_"},
        {"secret": "whsec_not base64!"},
        {"secret": base64.b64encode(KEY).decode()},
        {"duplicate": 1.5},
        {"duplicate": True},
        {"reorder": "yes"},
    ],
)
async def test_refuses_what_is_no_webhook(client: httpx.AsyncClient, members: dict[str, Any]) -> None:
    """Addresses that are none, secrets without a prefix, and shares above one are 422 and change nothing."""
    response = await client.post("/_sandbox/webhook", json=HOOK | members)
    assert (response.status_code, response.json()["code"]) == (422, "INVALID_BODY")
    assert (await client.get("/_sandbox/webhook")).json()["url"] is None
