"""One request and its answer: what goes out, beside uvicorn's own as the model of it, and in how many writes."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.connections import Connection
from gateway.exchange import TOGETHER_BYTES_MAX, Exchange
from gateway.http import BODILESS, Rendered
from gateway.http.errors import Reply
from gateway.http.marks import Marks
from tests.gateway.pipe import Pipe

DATE = b"date: today\r\n"
SPLIT = "a\r\nset-cookie: b=c"


def request(method: str = "GET", *headers: str, version: str = "1.1", sent: bytes = b"") -> bytes:
    lines = [f"{method} /a%20b?c=%20d HTTP/{version}", "Host: shop", *headers]
    if sent:
        lines.append(f"Content-Length: {len(sent)}")
    return "\r\n".join([*lines, "", ""]).encode() + sent


def start(*headers: tuple[bytes, bytes], status: int = 200) -> Message:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(text: bytes, **given: Any) -> Message:
    return {"type": "http.response.body", "body": text, **given}


class Script:
    """An app that says these messages whatever it is asked, once it has read that."""

    def __init__(self, *messages: Message) -> None:
        self._messages = messages
        self.heard: list[Any] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.heard.append(dict(scope))
        more = True
        while more:
            self.heard.append(message := await receive())
            more = message.get("more_body", False)
        for message in self._messages:
            await send(dict(message))


def piped(app: Any, protocol: type[HttpToolsProtocol] = Connection) -> Pipe:
    pipe = Pipe(app, protocol=protocol)
    pipe.state.default_headers = [(b"date", b"today")]
    return pipe


async def beside(messages: tuple[Message, ...], *pieces: bytes) -> tuple[Pipe, bytes, Pipe, bytes]:
    """The connections and what was written, of our protocol and of uvicorn's; both hear the same."""
    ours, theirs = Script(*messages), Script(*messages)
    pipe, other = piped(ours), piped(theirs, HttpToolsProtocol)
    written, meant = b"", b""
    for piece in pieces:
        if not pipe.closed and not other.closed:
            written += await pipe.asked(piece)
            meant += await other.asked(piece)
    assert ours.heard == theirs.heard
    return pipe, written, other, meant


PIECES = st.lists(st.sampled_from([b"", b"a", b"bcd"]), min_size=1, max_size=3)
LENGTHS = st.sampled_from(
    [
        [],
        [(b"Content-Length", b"4")],
        [(b"content-length", b"0")],
        [(b"transfer-encoding", b"chunked")],
        [(b"content-length", b"1"), (b"transfer-encoding", b"chunked")],
    ]
)
OTHERS = st.sampled_from(
    [
        [],
        [(b"X-A", b"b")],
        [(b"connection", b"Close, te")],
        [(b"Connection", b"keep-alive")],
        [(b"x-a", SPLIT.encode())],
        [(b"x:a", b"b")],
    ]
)


@settings(max_examples=150)
@given(
    pieces=PIECES,
    lengths=LENGTHS,
    others=OTHERS,
    status=st.sampled_from([200, 204, 304, 404]),
    method=st.sampled_from(["GET", "HEAD", "POST"]),
    version=st.sampled_from(["1.0", "1.1"]),
    asks=st.sampled_from([[], ["Connection: close"], ["Connection: keep-alive"], ["Expect: 100-continue"]]),
    is_whole=st.booleans(),
)
async def test_what_goes_out_is_what_uvicorn_sends(
    *,
    pieces: list[bytes],
    lengths: list[tuple[bytes, bytes]],
    others: list[tuple[bytes, bytes]],
    status: int,
    method: str,
    version: str,
    asks: list[str],
    is_whole: bool,
) -> None:
    """Whatever is answered to whatever is asked, twice on a connection: to the last byte, and the connection ends where
    it would. Of an answer that breaks off nothing more goes out than there, and perhaps less."""
    # uvicorn sends chunks to who cannot read them.
    assume(version != "1.0" or lengths or method == "HEAD" or status in BODILESS)
    bodies = [body(piece, more_body=place < len(pieces)) for place, piece in enumerate(pieces, 1)]
    messages = (start(*lengths, *others, status=status), *(bodies if is_whole else bodies[:-1]))
    asked = request(method, *asks, version=version, sent=b"xyz" if method == "POST" else b"")
    pipe, written, other, meant = await beside(messages, asked, asked)
    assert pipe.closed == other.closed
    if written != meant:
        assert pipe.closed
        assert meant.startswith(written)


@pytest.mark.parametrize("sent", [b"x", b"xy" * 40_000])
async def test_bodies_are_heard_as_they_come(sent: bytes) -> None:
    """In one piece or in many, with their heads or behind them, and the next request behind them."""
    asked = request("POST", sent=sent) * 2
    messages = (start((b"content-length", b"1")), body(b"a"))
    for pieces in ((asked,), (asked[:-1], asked[-1:]), (asked[:50], asked[50:100], asked[100:])):
        ours, theirs = Script(*messages), Script(*messages)
        written = await piped(ours).sends(*pieces).answered()
        assert written == await piped(theirs, HttpToolsProtocol).sends(*pieces).answered()
        assert ours.heard == theirs.heard


@pytest.mark.parametrize("size", [0, 1, TOGETHER_BYTES_MAX, TOGETHER_BYTES_MAX + 1])
async def test_head_and_body_are_written_at_once(size: int) -> None:
    """When the head says how long the body is, and unless the copy would take longer than a write."""
    pipe = piped(Script(start((b"content-length", b"%d" % size)), body(b"x" * size))).sends(request())
    while pipe.state.tasks:
        await pipe.served.loop.run_in_executor(None, _nothing)
    assert len(pipe.writes) == (2 if size > TOGETHER_BYTES_MAX else 1)
    assert len(b"".join(pipe.writes).partition(b"\r\n\r\n")[2]) == size


def _nothing() -> None: ...


async def test_the_head_of_a_stream_does_not_wait_for_it() -> None:
    """A client hears that it began, though the first piece may be long in coming."""
    heads = []

    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start((b"content-type", b"text/event-stream")))
        heads.extend(pipe.writes)
        await send(body(b"data: 1\n\n"))

    pipe = piped(stream)
    await pipe.asked(request())
    assert heads == [
        b"HTTP/1.1 200 OK\r\n" + DATE + b"content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    ]


async def test_a_failure_is_a_500_until_an_answer_has_begun() -> None:
    """After that the connection is cut: half an answer must not look like a whole one."""

    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            await send(start((b"content-length", b"3")))
        raise RuntimeError("bug")

    pipe = piped(broken)
    assert (await pipe.asked(request())).startswith(b"HTTP/1.1 500 ")
    assert pipe.closed
    pipe = piped(broken)
    assert await pipe.asked(request("POST", sent=b"x")) == b""
    assert pipe.closed


def replying(*replies: Reply, marks: Any = lambda _: None) -> Any:
    left = list(replies)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        marked = Marks(send)
        marks(marked)
        await left.pop(0).send(marked)

    return app


PLAIN = Reply(200, b"abc", {"Content-Type": "text/plain"})
TEXT = b"content-type: text/plain\r\n"


async def test_a_reply_goes_out_in_one_call() -> None:
    """To a HEAD without its body; and the next on the connection is answered."""
    pipe = piped(replying(PLAIN, PLAIN, Reply(304, b"", {}), PLAIN))
    head = b"HTTP/1.1 200 OK\r\n" + DATE + TEXT + b"content-length: 3\r\n\r\n"
    for method, answer in (
        ("GET", head + b"abc"),
        ("HEAD", head),
        ("GET", b"HTTP/1.1 304 Not Modified\r\n" + DATE + b"\r\n"),
        ("GET", head + b"abc"),
    ):
        assert await pipe.asked(request(method)) == answer
        assert not pipe.closed


async def test_a_reply_that_ends_its_connection_ends_it() -> None:
    """Because it says so itself, or the client did, or because the process goes down."""

    class Down:
        draining = True

    def going_down(marks: Marks) -> None:
        marks.leaving = Down()

    for app, asked in (
        (replying(Reply(413, b"", {"Connection": "close"})), request()),
        (replying(PLAIN), request("GET", "Connection: close")),
        (replying(PLAIN), request(version="1.0")),
        (replying(PLAIN, marks=going_down), request()),
    ):
        pipe = piped(app)
        assert b"connection: close\r\n" in await pipe.asked(asked)
        assert pipe.closed


@pytest.mark.parametrize("place", ["value", "name", "mark"])
async def test_nothing_ends_a_line_before_its_time(place: str) -> None:
    """A header that would be two is none: nothing of it goes out, whoever wrote it."""

    def write(marks: Marks) -> None:
        if place == "mark":
            marks.set[b"x-a"] = SPLIT.encode()

    headers = {"value": {"X-A": SPLIT}, "name": {SPLIT: "a"}, "mark": {}}[place]
    for _ in range(2):  # also of one that is remembered
        pipe = piped(replying(Reply(200, b"", headers), marks=write))
        assert b"set-cookie" not in await pipe.asked(request())
        assert pipe.closed


async def test_a_slow_reader_is_waited_for() -> None:
    """Who has not taken the last answer gets the next one when there is room again."""
    pipe = Pipe(replying(PLAIN, PLAIN), room=10)
    first = await pipe.asked(request())
    pipe.sends(request())
    for _ in range(5):
        await pipe.served.loop.run_in_executor(None, _nothing)
    assert (pipe.writes, len(pipe.state.tasks)) == ([], 1)
    pipe.takes_all()
    assert await pipe.answered() == first


class AtOnce:
    """An app that needs no task for its answer."""

    def at_once(self, _scope: Scope, _body: bytes) -> Rendered:
        return Rendered(200, b"content-length: 2\r\n", b"hi")

    async def __call__(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        raise AssertionError("asked although it is known")


@pytest.mark.parametrize("app", [replying(PLAIN, Reply(413, b"", {"Connection": "close"})), AtOnce()])
async def test_an_exchange_leaves_nothing_for_the_collector(app: ASGIApp) -> None:
    """It is gone with its answer, and refers to nothing that refers to it."""
    pipe = piped(app)
    gc.collect()
    gc.disable()
    try:
        await pipe.asked(request())
        await pipe.asked(request())
        pipe.served.connection_lost(None)
        pipe.served.cycle = pipe.served.scope = None  # type: ignore[assignment]  # the next request's are set here
        assert not [one for one in gc.get_objects() if isinstance(one, Exchange)]
    finally:
        gc.enable()
