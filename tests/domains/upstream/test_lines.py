"""The house's own connections: what is sent over them, what may come back, and when they are used again."""

import asyncio
import gc
import gzip
import zlib
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from domains.upstream import CALL, deadline_scope, decoded
from domains.upstream.letter import Site
from domains.vocabulary import DeadlineExceeded, UpstreamError, UpstreamGarbled, UpstreamTimeout, UpstreamUnreachable
from tests.domains.upstream.peers import CLOSES, HANGS, HELLO, POLICY, STOCK, calling, certificate


async def test_what_is_sent() -> None:
    """A request is one write: the path below the base, the fixed headers, the key, the time left, and the body."""
    async with calling(HELLO) as (peer, out, _):
        assert await out.post("/v1/stock", b'{"ids":[1]}', STOCK, idempotency_key="k-1") == b"hello"
        assert await out.get("/v1/locations?at=1", STOCK) == b"hello"
    head, _, body = peer.heard[0].partition(b"\r\n\r\n")
    line, *headers = head.split(b"\r\n")
    assert (line, body) == (b"POST /oms/v1/stock HTTP/1.1", b'{"ids":[1]}')
    names = dict(header.lower().split(b": ") for header in headers)
    assert len(names) == len(headers)
    assert names[b"host"].startswith(b"localhost:")
    assert names[b"accept"] == b"application/json"
    assert names[b"idempotency-key"] == b"k-1"
    assert names[b"content-length"] == b"11"
    assert 1900 <= int(names[b"x-request-deadline-ms"]) <= 2000
    assert peer.heard[1].startswith(b"GET /oms/v1/locations?at=1 HTTP/1.1\r\n")
    assert b"content-length" not in peer.heard[1].lower()


async def test_a_client_of_httpx_is_answered_alike() -> None:
    """Whoever prefers httpx gets the response with its headers, over the same connection."""
    answer = b"HTTP/1.1 200 OK\r\netag: 7\r\ncontent-length: 5\r\n\r\nhello"
    async with calling(answer) as (peer, out, client):
        response = await client().put("/v1/stock", json=1, headers={"X-Mine": "yes"}, extensions={CALL: STOCK})
        assert (decoded(response), response.content, response.headers["etag"]) == (b"hello", b"hello", "7")
        assert b"x-mine: yes" in peer.heard[0].lower()
        assert b"PUT /oms/v1/stock HTTP/1.1" in peer.heard[0]
        assert await out.get("/", STOCK) == b"hello"
        assert peer.opened == 1


@pytest.mark.parametrize("path", ["/a b", "/a\r\nX: 1", "/ä", "/a\x00"])
async def test_a_path_that_is_not_escaped_is_loud(path: str) -> None:
    """What would end the request line early is a bug of the connector, and is not sent."""
    async with calling(HELLO) as (peer, out, _):
        with pytest.raises(ValueError, match="target"):
            await out.get(path, STOCK)
        assert peer.heard == []


@pytest.mark.parametrize("key", ["a\r\nX-Admin: 1", "a\nb", "ä", "a\x00"])
async def test_a_header_cannot_begin_another(key: str) -> None:
    """A key with a line break in it is refused, and is not sent."""
    async with calling(HELLO) as (peer, out, _):
        with pytest.raises(ValueError, match="printable"):
            await out.post("/", b"", STOCK, idempotency_key=key)
        assert peer.heard == []


@pytest.mark.parametrize("url", ["ftp://oms", "oms.internal", "http://"])
def test_a_site_has_an_address(url: str) -> None:
    """Anything but an http or https address with a host is refused when the client is made."""
    with pytest.raises(ValueError, match="address"):
        Site(httpx.URL(url), ())


def chunked(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def packed(encoding: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-encoding: %s\r\ncontent-length: %d\r\n\r\n%s" % (encoding, len(body), body)


def bare(body: bytes) -> bytes:
    packing = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packing.compress(body) + packing.flush()


@pytest.mark.parametrize(
    ("answer", "connections"),
    [
        (HELLO, 1),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunked(b"he", b"llo"), 1),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunked(b"hello")[:-2] + b"sum: 1\r\n\r\n", 1),
        (b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + HELLO, 1),
        (packed(b"gzip", gzip.compress(b"hello")), 1),
        (packed(b"deflate", zlib.compress(b"hello")), 1),
        (packed(b"deflate", bare(b"hello")), 1),
        (b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello", 2),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello", 2),
        (b"HTTP/1.1 200 OK\r\n\r\nhello" + CLOSES, 2),
    ],
    ids=[
        "length", "chunks", "trailer", "hint first", "gzip", "deflate", "bare deflate", "close", "HTTP/1.0", "to end",
    ],
)  # fmt: skip
async def test_every_way_to_frame_a_body(answer: bytes, connections: int) -> None:
    """The body is the same however it travels, and the connection is used again where both sides may."""
    async with calling(answer) as (peer, out, _):
        assert [await out.get("/", STOCK) for _ in range(2)] == [b"hello"] * 2
        assert peer.opened == connections


async def test_the_answer_to_head_has_no_body() -> None:
    """A length without a body is no reason to wait."""
    async with calling(HELLO.removesuffix(b"hello")) as (_, _, client):
        assert decoded(await client().head("/", extensions={CALL: STOCK})) == b""


@pytest.mark.parametrize("answer", [b"gzip", b"deflate"])
async def test_a_small_archive_of_a_large_body_is_not_unpacked(answer: bytes) -> None:
    """Unpacking ends at the limit, however much more there would be."""
    body = b" " * 5_000_000
    async with calling(packed(answer, gzip.compress(body) if answer == b"gzip" else bare(body))) as (_, out, _):
        with pytest.raises(UpstreamGarbled, match="10000 bytes"):
            await out.get("/", STOCK)


@pytest.mark.parametrize(
    ("first", "error"),
    [
        (b"", UpstreamUnreachable),
        (b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", UpstreamUnreachable),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello", UpstreamUnreachable),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nhello", UpstreamGarbled),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 20_000 + b"\r\n", UpstreamUnreachable),
        (b"HTTP/1.1 200 OK\r\n" + b"x" * 100_000, UpstreamUnreachable),
    ],
    ids=["nothing", "upgrade", "two lengths", "too short", "many headers", "an endless name"],
)
async def test_a_bad_answer_spoils_its_own_connection_only(first: bytes, error: type[UpstreamError]) -> None:
    """What cannot be an answer is told at once, and the next call is made over a new connection."""
    async with calling(first + CLOSES, HELLO) as (peer, out, _):
        with pytest.raises(UpstreamError) as caught:
            await out.get("/", STOCK)
        assert type(caught.value) is error
        assert await out.get("/", STOCK) == b"hello"
        assert peer.opened == 2


async def test_bytes_that_nobody_asked_for_are_no_answer() -> None:
    """A second answer to one request is not taken for the answer to the next."""
    async with calling(HELLO + HELLO.replace(b"hello", b"trick"), HELLO) as (peer, out, _):
        assert [await out.get("/", STOCK) for _ in range(2)] == [b"hello", b"hello"]
        assert peer.opened == 2


async def test_idle_connections_are_let_go() -> None:
    """A connection that nobody uses is closed from here, before the other side does."""
    async with calling(HELLO, keepalive_s=0.02) as (peer, out, _):
        await out.get("/", STOCK)
        async with asyncio.timeout(2.0):
            await peer.ended.wait()
        assert await out.get("/", STOCK) == b"hello"
        assert peer.opened == 2


async def test_a_cut_call_closes_its_connection_and_leaves_nothing() -> None:
    """The late answer of a call that was cut goes to nobody, and the collector finds nothing of it."""
    policy = replace(POLICY, timeout_s=0.01, slow_call_s=0.01, minimum_calls=100)
    async with calling(HANGS, policy=policy) as (peer, out, _):

        async def cut() -> None:
            with pytest.raises(UpstreamTimeout):
                await out.get("/", STOCK)

        await cut()
        gc.collect()
        gc.disable()
        try:
            for _ in range(10):
                await cut()
            await asyncio.sleep(0)
            # The peer's own streams leave some; what is ours is not among them.
            gc.set_debug(gc.DEBUG_SAVEALL)
            gc.collect()
            left = [thing for thing in gc.garbage if type(thing).__module__.startswith(("domains", "httptools"))]
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()
        assert left == []
        assert peer.opened == 11


async def test_each_call_is_cut_when_its_own_time_is_up() -> None:
    """Of calls side by side the one with the least time ends first, whatever came first; none is cut too early."""
    async with calling(HANGS) as (_, out, _):
        loop, ended = asyncio.get_running_loop(), []

        async def cut(limit_s: float) -> None:
            began = loop.time()
            with deadline_scope(limit_s + POLICY.deadline_margin_s), pytest.raises(DeadlineExceeded):
                await out.get("/", STOCK)
            assert limit_s - 0.005 <= loop.time() - began < limit_s + 1.0
            ended.append(limit_s)

        async with asyncio.timeout(5.0):
            await asyncio.gather(*map(cut, (0.15, 0.05, 0.1)))
            await cut(0.01)
        assert ended == [0.05, 0.1, 0.15, 0.01]


async def test_a_cancelled_call_closes_its_connection() -> None:
    """Whoever leaves takes the connection along; the next call does not get the answer that was meant for them."""
    async with calling(HANGS, HELLO) as (peer, out, _):
        call = asyncio.create_task(out.get("/", STOCK))
        await peer.asked.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await out.get("/", STOCK) == b"hello"
        assert peer.opened == 2


async def test_closing_hangs_up_on_whoever_still_waits() -> None:
    """A call that is under way when the Wire is closed ends at once, as one that lost its connection."""
    async with calling(HANGS) as (peer, out, client):
        call = asyncio.create_task(out.get("/", STOCK))
        await peer.asked.wait()
        await client().aclose()
        with pytest.raises(UpstreamUnreachable):
            await call


async def test_a_system_behind_tls(tmp_path: Path) -> None:
    """A name that its certificate proves is asked, over a connection that is kept."""
    server, trusting = certificate(tmp_path)
    async with calling(HELLO, tls=server, trusted=trusting) as (peer, out, _):
        assert [await out.get("/", STOCK) for _ in range(2)] == [b"hello"] * 2
        assert peer.opened == 1


async def test_a_certificate_that_nobody_trusts(tmp_path: Path) -> None:
    """It is told as a system that cannot be reached, and nothing is sent."""
    server, _ = certificate(tmp_path)
    async with calling(HELLO, tls=server) as (peer, out, _):
        with pytest.raises(UpstreamUnreachable, match="CERTIFICATE_VERIFY_FAILED"):
            await out.get("/", STOCK)
        assert peer.heard == []
