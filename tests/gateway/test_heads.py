"""Heads that are refused before anybody is asked: how many lines, and which host."""

from __future__ import annotations

import json

import pytest
from starlette.types import Receive, Scope, Send

from gateway.heads import HEAD_BYTES_MAX, HEAD_LINES_MAX
from tests.gateway.pipe import Pipe

BEHIND = b"GET /behind HTTP/1.1\r\nHost: shop\r\n\r\n"
UPGRADE = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


class Asked:
    """An app that keeps which paths it was asked for."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.paths.append(scope["path"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})


async def echo(_scope: Scope, receive: Receive, send: Send) -> None:
    """Answers when the whole body is there."""
    while (await receive()).get("more_body", False):
        pass
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


async def refused(sent: bytes) -> tuple[bytes, str]:
    """The status and the code of the one answer, after which the connection has ended and nobody was asked."""
    app = Asked()
    pipe = Pipe(app).sends(sent)
    answer = await pipe.answered()
    assert pipe.closed
    assert app.paths == []
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"connection: close" in head
    return head.split()[1], json.loads(body)["errors"][0]["extensions"]["code"]


@pytest.mark.parametrize("more", [b"", UPGRADE])
@pytest.mark.parametrize(
    "lines",
    [
        b"GET /a HTTP/1.1\r\n",
        b"GET /a HTTP/1.1\r\nHost: shop\r\nHost: shop\r\n",
        b"GET /a HTTP/1.1\r\nHost: shop\r\nHOST: other\r\n",
        b"GET /a HTTP/1.0\r\nHost: shop\r\nHost: other\r\n",
    ],
)
async def test_a_request_names_its_host_once(lines: bytes, more: bytes) -> None:
    """RFC 9112, 3.2: another count is 400, also of a WebSocket's handshake, and what stands behind is not read."""
    assert await refused(lines + more + b"\r\n" + BEHIND) == (b"400", "BAD_REQUEST")


async def test_http_1_0_knows_no_host() -> None:
    """Who speaks it need not name one; and an empty one is one."""
    for head in (b"GET /a HTTP/1.0\r\n\r\n", b"GET /a HTTP/1.1\r\nHost:\r\n\r\n"):
        assert (await Pipe(Asked()).asked(head)).startswith(b"HTTP/1.1 204 ")


async def test_a_body_that_cannot_be_read_is_refused_in_place_of_its_answer() -> None:
    """While nothing of that was sent, and whoever waits for the body hears that there is none."""
    pipe = Pipe(echo).sends(b"POST /a HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n")
    assert pipe.closed
    pipe.served.connection_lost(None)
    assert (await pipe.answered()).startswith(b"HTTP/1.1 400 ")


async def test_a_refusal_is_not_taken_for_the_answer_before_it() -> None:
    """Where that is still to come, the connection ends without one."""
    pipe = Pipe(echo).sends(b"POST /a HTTP/1.1\r\nHost: shop\r\nContent-Length: 0\r\n\r\nGET /b HTTP/1.1\r\n\r\n")
    assert (pipe.closed, pipe.writes) == (True, [])
    pipe.served.connection_lost(None)
    assert await pipe.answered() == b""


async def test_each_request_of_a_connection_names_it() -> None:
    """The host of the one before does not count for the next, neither instead of its own nor beside it."""
    app = Asked()
    pipe = Pipe(app)
    for _ in range(2):
        assert (await pipe.asked(BEHIND)).startswith(b"HTTP/1.1 204 ")
    assert (await pipe.asked(b"GET /b HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 400 ")
    assert app.paths == ["/behind"] * 2


async def test_a_head_has_so_many_lines() -> None:
    """431 for one more, however little stands in them."""
    head, line = b"GET /a HTTP/1.1\r\nHost: shop\r\n", b"a:\r\n"
    assert (await Pipe(Asked()).asked(head + line * (HEAD_LINES_MAX - 1) + b"\r\n")).startswith(b"HTTP/1.1 204 ")
    for lines in (HEAD_LINES_MAX, HEAD_BYTES_MAX // 5):
        assert await refused(head + line * lines + b"\r\n" + BEHIND) == (b"431", "HEADERS_TOO_LARGE")


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\x02\x00\x01\x00", b"GET /a HTTP/1.1\r\nHost : shop\r\n\r\n", b"JEFF / X\r\n"]
)
async def test_what_is_no_request_is_told_so(sent: bytes) -> None:
    """In the form that every other refusal has."""
    assert await refused(sent) == (b"400", "BAD_REQUEST")
