"""A receiver of webhooks: what it gets, what counts as a yes, and where it may be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import msgspec
import pytest
from httpx_aiohttp import AiohttpTransport
from pydantic import SecretStr, ValidationError

from domains.durable import Event
from gateway.events import NotTaken, verify, webhook
from gateway.events.settings import Webhook
from tests.gateway.events.posting import KEY, SECRET

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
_EVENT = Event(id="e-1", type="t", source="retailgraph", time=NOW, data=msgspec.Raw(b"{}"))


@pytest.mark.parametrize(
    ("answer", "goes_on"),
    [
        (b"220 mail.shop.example ESMTP\r\n", False),
        (b"", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", True),
    ],
)
async def test_a_receiver_that_makes_no_sense_has_not_taken_it(answer: bytes, goes_on: bool) -> None:
    """Who answers in another protocol, hangs up, or goes on sending the head of an answer for ever has not taken an
    event: that is known within the time of the settings."""

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        while goes_on and not writer.is_closing():
            writer.write(b"\r\nX-More: and more")
            await asyncio.sleep(0)
        writer.close()

    async with await asyncio.start_server(receive, "127.0.0.1", 0) as server, asyncio.timeout(5):
        port = server.sockets[0].getsockname()[1]
        settings = Webhook(url=f"http://127.0.0.1:{port}/", secrets=(SecretStr(SECRET),), timeout_s=0.2)
        async with httpx.AsyncClient(transport=AiohttpTransport(trust_env=False)) as client:
            with pytest.raises(NotTaken, match="could not be reached"):
                await webhook("shop", settings, client).send(_EVENT)


@pytest.mark.parametrize(
    ("rest", "goes_on", "connections"), [(b"2\r\nok\r\n0\r\n\r\n", False, 1), (b"1\r\nx\r\n", True, 2)]
)
async def test_what_a_receiver_says_beside_its_status_is_hardly_waited_for(
    rest: bytes, goes_on: bool, connections: int
) -> None:
    """The status is the answer. A word after it is heard, and the connection used again; who goes on is cut."""
    opened: list[asyncio.StreamWriter] = []

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(writer)
        while await reader.read(65_536):
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(0)
            writer.write(rest)
            while goes_on and not writer.is_closing():
                writer.write(rest)
                await asyncio.sleep(0)
        writer.close()

    async with await asyncio.start_server(receive, "127.0.0.1", 0) as server, asyncio.timeout(5):
        port = server.sockets[0].getsockname()[1]
        settings = Webhook(url=f"http://127.0.0.1:{port}/", secrets=(SecretStr(SECRET),))
        async with httpx.AsyncClient(transport=AiohttpTransport(trust_env=False)) as client:
            for _ in range(2):
                await webhook("shop", settings, client).send(_EVENT)
    assert len(opened) == connections


async def test_what_has_its_status_in_time_is_taken() -> None:
    """Whoever says yes, and nothing further until the time of the settings is over, is not told the same again."""
    is_cut = asyncio.Event()

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while await reader.read(65_536):
            pass
        writer.close()
        is_cut.set()

    async with await asyncio.start_server(receive, "127.0.0.1", 0) as server, asyncio.timeout(5):
        port = server.sockets[0].getsockname()[1]
        settings = Webhook(url=f"http://127.0.0.1:{port}/", secrets=(SecretStr(SECRET),), timeout_s=0.2)
        async with httpx.AsyncClient(transport=AiohttpTransport(trust_env=False)) as client:
            await webhook("shop", settings, client).send(_EVENT)
        await is_cut.wait()


async def test_a_webhook_is_a_signed_cloudevent() -> None:
    """What a receiver gets verifies under its secret and says the event in CloudEvents 1.0; a refusal is told."""
    got: list[httpx.Request] = []
    status = 204

    async def nothing() -> AsyncIterator[bytes]:
        yield b""

    def answer(request: httpx.Request) -> httpx.Response:
        got.append(request)
        return httpx.Response(status, content=nothing())

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
        with pytest.raises(NotTaken, match="307"):
            await there.send(_EVENT)
    assert asked == ["https://shop.example/hook"]
