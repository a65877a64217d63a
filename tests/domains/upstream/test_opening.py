"""The Wire over real connections: cancelled requests, slow bodies and broken servers on the loopback interface."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import httpx
import pytest
from aiohttp import web

from domains.upstream import CALL, Call, Wire, WirePolicy, decoded, open_wire
from domains.vocabulary import (
    SystemRole,
    UpstreamError,
    UpstreamFailed,
    UpstreamGarbled,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnreachable,
)

POLICY = WirePolicy(timeout_s=2.0, slow_call_s=2.0, slots_max=4, queue_max=500, queue_timeout_s=2.0, retries_max=0)
STOCK = Call("stock", bytes)
Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def opened(port: int, policy: WirePolicy = POLICY) -> AsyncIterator[tuple[httpx.AsyncClient, Wire]]:
    wire = open_wire(SystemRole.OMS, policy)
    async with httpx.AsyncClient(transport=wire, base_url=f"http://127.0.0.1:{port}") as client:
        yield client, wire


@contextlib.asynccontextmanager
async def web_server(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[int]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def raw_server(peer: Peer) -> AsyncIterator[int]:
    """A server that speaks whatever `peer` writes, once it has read the head of a request."""
    serving: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            try:
                await reader.readuntil(b"\r\n\r\n")
                await peer(reader, writer)
            finally:
                writer.close()
                await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
    await asyncio.gather(*(task for task in serving if task))


async def test_cancelled_requests_leave_every_later_call_served() -> None:
    """400 requests cancelled at random over a pool of 4 leak no slot and no connection: the next 40 are all served."""
    work_s, dice = 0.004, random.Random(17)

    async def answer(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(work_s)
        return web.json_response({"ok": True})

    async with web_server(answer) as port, opened(port) as (client, wire):
        loop = asyncio.get_running_loop()
        tasks = [asyncio.ensure_future(client.post("/", json=1, extensions={CALL: STOCK})) for _ in range(400)]
        for task in tasks:
            loop.call_later(dice.uniform(0, 0.25), task.cancel)
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert sum(isinstance(result, asyncio.CancelledError) for result in results) > 100
        assert (wire.snapshot().in_flight, wire.snapshot().queued) == (0, 0)
        later = await asyncio.gather(*(client.post("/", json=1, extensions={CALL: STOCK}) for _ in range(40)))
        assert [decoded(response) for response in later] == [b'{"ok": true}'] * 40
        assert wire.snapshot().in_flight == 0


async def test_a_drip_does_not_outlast_the_limit() -> None:
    """A server that sends a byte now and then for ever is cut after `timeout_s`, and its connection is not kept."""
    pause_s = 0.02

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(pause_s)

    policy = replace(POLICY, timeout_s=0.3, slow_call_s=0.3)
    async with raw_server(drip) as port, opened(port, policy) as (client, wire):
        started = time.monotonic()
        with pytest.raises(UpstreamTimeout):
            await client.get("/", extensions={CALL: STOCK})
        assert 0.25 < time.monotonic() - started < 0.8
        assert wire.snapshot().in_flight == 0


def sends(*parts: bytes) -> Peer:
    pause_s = 0.01  # so that each part arrives on its own

    async def peer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return peer


async def resets(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
PACKED = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 6\r\n\r\nbroken"
PROBLEM = b'{"code":"NO_STOCK"}'


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        (sends(), UpstreamUnreachable),
        (resets, UpstreamUnreachable),
        (sends(b"SSH-2.0-OpenSSH_9.2\r\n"), UpstreamUnreachable),
        (sends(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n"), UpstreamUnreachable),
        (sends(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"), UpstreamGarbled),
        (sends(CHUNKED + b"4\r\nhalf\r\n"), UpstreamGarbled),
        (sends(CHUNKED + b"nonsense\r\n"), UpstreamGarbled),
        (sends(CHUNKED, b"nonsense\r\n"), UpstreamGarbled),
        (sends(PACKED), UpstreamGarbled),
        (sends(CHUNKED + (b"8000\r\n" + b" " * 0x8000 + b"\r\n") * 8), UpstreamGarbled),
        (sends(b"HTTP/1.1 302 Found\r\nlocation: /login\r\ncontent-length: 0\r\n\r\n"), UpstreamGarbled),
        (sends(b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n"), UpstreamFailed),
        (sends(b"HTTP/1.1 409 No\r\ncontent-length: 19\r\n\r\n" + PROBLEM), UpstreamRejected),
    ],
    ids=[
        "silent close", "reset", "not http", "huge header", "short body", "short chunks", "bad chunks",
        "later bad chunks", "bad gzip", "too large", "redirect", "500", "409",
    ],
)  # fmt: skip
async def test_broken_servers(peer: Peer, expected: type[UpstreamError]) -> None:
    """Whatever a server does to a connection arrives as the error it stands for, and leaves no slot taken."""
    async with (
        raw_server(peer) as port,
        opened(port, replace(POLICY, timeout_s=0.5, slow_call_s=0.5, body_max_bytes=100_000)) as (client, wire),
    ):
        with pytest.raises(UpstreamError) as caught:
            await client.post("/", json=1, extensions={CALL: STOCK})
        assert type(caught.value) is expected
        assert wire.snapshot().in_flight == 0


async def test_a_port_where_nobody_listens() -> None:
    """A refused connection is unreachable at once, not a timeout."""
    async with raw_server(resets) as port:
        pass
    async with opened(port) as (client, _):
        with pytest.raises(UpstreamUnreachable):
            await client.get("/", extensions={CALL: STOCK})


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
async def test_a_lost_connection_is_not_asked_again_behind_the_wires_back(method: str) -> None:
    """Without retries a request that loses its connection arrives once, whatever its method."""
    arrived = 0

    async def loses(request: web.Request) -> web.StreamResponse:
        nonlocal arrived
        arrived += 1
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    async with web_server(loses) as port, opened(port) as (client, _):
        with pytest.raises(UpstreamUnreachable):
            await client.request(method, "/", extensions={CALL: STOCK})
        assert arrived == 1


async def test_cookies_are_not_kept_between_calls() -> None:
    """A session cookie given to one caller is not sent for the next."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.Response(text=request.headers.get("cookie", "none"))
        response.set_cookie("session", "somebody")
        return response

    async with web_server(answer) as port:
        wire = open_wire(SystemRole.OMS, POLICY)
        for _ in range(2):
            # By name: cookies of bare addresses are dropped anyway.
            request = httpx.Request("GET", f"http://localhost:{port}/", extensions={CALL: STOCK})
            assert decoded(await wire.handle_async_request(request)) == b"none"
        await wire.aclose()
