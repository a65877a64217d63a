"""What a connection may take before it is a request: time and bytes of heads, in whatever pieces they come."""

from __future__ import annotations

import asyncio
import weakref
from contextvars import ContextVar

import pytest
from starlette.types import Receive, Scope, Send

from gateway.connections import SILENCE_S
from gateway.heads import HEAD_BYTES_MAX, HEAD_TIMEOUT_S
from tests.gateway.pipe import Pipe

GET = b"GET /a HTTP/1.1\r\nHost: shop\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nHost: shop\r\nContent-Length: %d\r\n\r\n"
KEPT_ALIVE_S = 5
LINE = b"X-Filler: " + b"x" * 3990 + b"\r\n"


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the length of the path and of the body."""
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    body = b"%s %d" % (scope["path"].encode(), size)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


def due(pipe: Pipe) -> list[float]:
    return sorted(timer.delay_s for timer in pipe.timers.pending)


async def test_a_head_in_one_piece_sets_no_clock() -> None:
    """There is nothing to wait for; one timer is left, which ends the connection, and it is set once for many of
    them."""
    pipe = Pipe(echo)
    assert due(pipe) == [SILENCE_S]
    for _ in range(3):
        assert (await pipe.asked(GET)).endswith(b"/a 0")
        assert due(pipe) == [KEPT_ALIVE_S]
    assert pipe.timers.set_in_all == 2


@pytest.mark.parametrize("asked", [0, 1, 2])
async def test_a_connection_on_which_nothing_happens_ends(asked: int) -> None:
    """Once its time is up, and no sooner: a request begins it anew, whenever the timer was set."""
    pipe = Pipe(echo)
    for _ in range(asked):
        pipe.timers.now_s += 3
        await pipe.asked(GET)
    if asked == 2:
        pipe.timers.ring(KEPT_ALIVE_S)  # for the first of them
        assert not pipe.closed
    left_s = (SILENCE_S, KEPT_ALIVE_S, 3)[asked]
    assert due(pipe) == [left_s]
    pipe.timers.ring(left_s)
    assert pipe.closed
    assert pipe.timers.now_s == 3 * asked + (KEPT_ALIVE_S if asked else SILENCE_S)


async def test_a_connection_on_which_something_happens_goes_on() -> None:
    """Neither a request that takes its time nor a head in the coming is cut by it, and both begin it anew."""
    release = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await release.wait()
        await echo(scope, receive, send)

    pipe = Pipe(slow).sends(GET)
    pipe.timers.ring(SILENCE_S)
    assert (pipe.closed, due(pipe)) == (False, [])
    release.set()
    assert (await pipe.answered()).endswith(b"/a 0")
    assert due(pipe) == [KEPT_ALIVE_S]
    pipe.sends(GET[:9])
    pipe.timers.ring(KEPT_ALIVE_S)
    assert (pipe.closed, due(pipe)) == (False, [HEAD_TIMEOUT_S])
    assert (await pipe.sends(GET[9:]).answered()).endswith(b"/a 0")
    assert due(pipe) == [KEPT_ALIVE_S]


@pytest.mark.parametrize("earlier", [0, 1, 2])
@pytest.mark.parametrize("parts", [(GET[:1],), (GET[:9], GET[9:20]), tuple(bytes([byte]) for byte in GET[:-1])])
async def test_a_head_in_parts_has_one_time_limit(parts: tuple[bytes, ...], earlier: int) -> None:
    """From its first byte, whichever request of the connection it is: 408, and the end of the connection."""
    pipe = Pipe(echo)
    for _ in range(earlier):
        await pipe.asked(GET)
    before, idle = pipe.timers.set_in_all, due(pipe)
    pipe.sends(*parts)
    assert (due(pipe), pipe.timers.set_in_all) == (sorted([HEAD_TIMEOUT_S, *idle]), before + 1)
    pipe.timers.ring(HEAD_TIMEOUT_S)
    answer = await pipe.answered()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"HEADERS_TIMEOUT" in answer
    assert pipe.closed


async def test_a_head_that_was_slow_and_came_is_answered() -> None:
    """And its clock is stopped."""
    pipe = Pipe(echo).sends(GET[:9], GET[9:])
    assert due(pipe) == [SILENCE_S]
    assert (await pipe.answered()).endswith(b"/a 0")
    assert due(pipe) == [KEPT_ALIVE_S]


async def test_the_head_behind_a_request_is_waited_for_as_any() -> None:
    """A piece may end in the midst of the next head."""
    pipe = Pipe(echo).sends(GET + GET[:9])
    assert due(pipe) == [HEAD_TIMEOUT_S, SILENCE_S]
    assert (await pipe.sends(GET[9:]).answered()).count(b"/a 0") == 2
    assert due(pipe) == [KEPT_ALIVE_S]


@pytest.mark.parametrize("earlier", [0, 1])
async def test_empty_lines_do_not_hold_a_connection(earlier: int) -> None:
    """The parser passes over them; whoever sends nothing else is let go like one whose head is slow."""
    pipe = Pipe(echo)
    for _ in range(earlier):
        await pipe.asked(GET)
    idle = due(pipe)
    pipe.sends(b"\r\n", b"\r\n")
    assert due(pipe) == sorted([HEAD_TIMEOUT_S, *idle])
    assert (await pipe.asked(GET)).endswith(b"/a 0")
    assert due(pipe) == [KEPT_ALIVE_S]


@pytest.mark.parametrize("earlier", [0, 1])
@pytest.mark.parametrize("at_once", [True, False])
async def test_heads_have_an_end(earlier: int, at_once: bool) -> None:
    """431 once there is more than a head may have, in one piece or line by line."""
    pipe = Pipe(echo)
    for _ in range(earlier):
        await pipe.asked(GET)
    lines = [GET[:-2], *[LINE] * (HEAD_BYTES_MAX // len(LINE) + 1)]
    if at_once:
        pipe.sends(b"".join(lines))
    else:
        pipe.sends(*lines[:-2])
        assert not pipe.closed
        pipe.sends(*lines[-2:])
    answer = await pipe.answered()
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert pipe.closed


@pytest.mark.parametrize("earlier", [0, 1])
async def test_a_large_body_in_the_piece_of_its_head_is_no_large_head(earlier: int) -> None:
    """What is counted are heads, also of who sends all at once, and the beginning of the next request with it."""
    pipe = Pipe(echo)
    for _ in range(earlier):
        await pipe.asked(GET)
    size = HEAD_BYTES_MAX + 1
    whole = POST % size + b"x" * size
    assert (await pipe.asked(whole)).endswith(b"/a %d" % size)
    pipe.sends(whole + GET[:9], GET[9:20])
    assert (await pipe.sends(GET[20:]).answered()).endswith(b"/a 0")


@pytest.mark.parametrize("pieces", [1, 2])
async def test_a_trailer_is_no_header(pieces: int) -> None:
    """What comes behind a body was looked at by no proxy, and by none of those who read heads (RFC 9110, 6.5.1)."""
    seen = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await echo(scope, receive, send)
        seen.append({name for name, _ in scope["headers"]})

    head = b"POST /a HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n"
    rest = b"2\r\nhi\r\n0\r\nX-Forwarded-For: 192.0.2.9\r\nAuthorization: Bearer stolen\r\n\r\n"
    pipe = Pipe(app).sends(*([head + rest] if pieces == 1 else [head, rest]))
    assert (await pipe.answered()).endswith(b"/a 2")
    assert seen == [{b"host", b"transfer-encoding"}]


class Stream:
    """Says one thing, and then nothing until its client is gone. `told` is whether it heard of that."""

    def __init__(self) -> None:
        self.said, self.told = asyncio.Event(), False

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        self.said.set()
        while (await receive())["type"] != "http.disconnect":
            pass
        self.told = True


@pytest.mark.parametrize("behind", [b"", GET, GET * 2])
async def test_who_is_answered_hears_that_the_client_is_gone(behind: bytes) -> None:
    """Also when others were sent behind it, which nobody has begun: of those nothing is left."""
    stream = Stream()
    pipe = Pipe(stream).sends(GET + behind)
    await stream.said.wait()
    pipe.served.connection_lost(None)
    await pipe.answered()
    assert stream.told
    assert not pipe.served.pipeline


async def test_a_refusal_does_not_stand_in_the_middle_of_an_answer() -> None:
    """The connection ends without it, where the head behind a stream does not come."""
    stream = Stream()
    pipe = Pipe(stream).sends(GET + GET[:9])
    await stream.said.wait()
    pipe.timers.ring(HEAD_TIMEOUT_S)
    assert pipe.closed
    assert b"408" not in b"".join(pipe.writes)
    pipe.served.connection_lost(None)
    await pipe.answered()


async def test_the_clock_of_a_connection_keeps_nothing_of_a_request() -> None:
    """Whatever was set for one is gone with it, when the clock was set anew in its name."""
    what: ContextVar[object] = ContextVar("what")
    kept = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        what.set(thing := Stream())
        kept.append(weakref.ref(thing))
        if len(kept) == 1:
            pipe.timers.ring(SILENCE_S)  # while a request is answered, so that it is set by the end of that
        await echo(scope, receive, send)

    pipe = Pipe(app)
    for _ in range(3):
        await pipe.asked(GET)
        pipe.timers.now_s += KEPT_ALIVE_S - 1
    assert due(pipe) == [KEPT_ALIVE_S]
    pipe.timers.ring(KEPT_ALIVE_S)
    assert due(pipe) == [1]  # what is left since the last of them
    await asyncio.sleep(0)
    assert [thing() for thing in kept[:-1]] == [None] * 2  # the last one's task is still known to its exchange


async def test_the_end_of_a_connection_leaves_no_clock() -> None:
    """Also in the midst of a head."""
    for sent in (b"", GET[:9]):
        pipe = Pipe(echo).sends(*([sent] if sent else []))
        pipe.served.connection_lost(None)
        assert due(pipe) == []


async def test_a_websocket_is_handed_over_with_no_clock_running() -> None:
    """Who has become one is not timed as a head, nor are its frames counted as one."""
    handshake = (
        b"GET /a HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    seen = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])
        if scope["type"] == "http":
            return await echo(scope, receive, send)
        await receive()
        await send({"type": "websocket.close"})
        return None

    pipe = Pipe(app)
    await pipe.asked(GET)
    pipe.sends(handshake)
    assert pipe.protocol is not None
    assert not {HEAD_TIMEOUT_S, SILENCE_S, KEPT_ALIVE_S} & set(due(pipe))
    while pipe.state.tasks:
        await pipe.answered()
    assert seen == ["http", "websocket"]
