"""The connection that requests are measured over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from gateway.bench.line import Line, NotAnswered

ASKED = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


HANG_UP = b""


class Server(asyncio.Protocol):
    """Says one thing after the other, each when it has read something."""

    def __init__(self, said: list[list[bytes]]) -> None:
        self._said = iter(said)
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, _data: bytes) -> None:
        assert self._transport is not None
        for piece in next(self._said):
            self._transport.write(piece) if piece else self._transport.close()


@asynccontextmanager
async def connected(*said: list[bytes]) -> AsyncIterator[Line]:
    """A line to a server that says this, request after request."""
    server = await asyncio.get_running_loop().create_server(lambda: Server(list(said)), "127.0.0.1", 0)
    async with server:
        line = await Line.to(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        yield line
        line.close()
        await asyncio.sleep(0)


async def test_one_answer_after_the_other_over_one_connection() -> None:
    """An answer that comes in pieces is whole, and the next one is not mixed up with it."""
    first = [b"HTTP/1.1 200 OK\r\nContent-Le", b"ngth: 5\r\n\r\nfi", b"rst"]
    second = [b"HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nsecond\r\n0\r\n\r\n"]
    async with connected(first, second) as line:
        assert await line.ask(ASKED) == (200, b"first")
        assert await line.ask(ASKED) == (503, b"second")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ([HANG_UP], "hung up"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", HANG_UP], "hung up"),
        ([b"what?\r\n\r\n"], "no HTTP"),
    ],
)
async def test_what_is_no_answer_is_a_failure(said: list[bytes], why: str) -> None:
    """A server that hangs up, before or within an answer, and one that speaks no HTTP, are told apart from silence."""
    async with connected(said) as line:
        with pytest.raises(NotAnswered, match=why):
            await line.ask(ASKED)


async def test_a_closed_line_is_not_waited_for() -> None:
    """Asking after the server hung up fails at once."""
    async with connected([b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"], [HANG_UP]) as line:
        await line.ask(ASKED)
        with pytest.raises(NotAnswered, match="hung up"):
            await line.ask(ASKED)
        with pytest.raises(NotAnswered, match="is closed"):
            await line.ask(ASKED)
