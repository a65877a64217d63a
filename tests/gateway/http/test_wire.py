"""What only a socket shows: sizes, stalls, framing, and clients that go away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.types import Scope

from domains.upstream import Deadline
from gateway.engine import Engine
from gateway.http import Admitted, Correlation, GraphQLEndpoint, HttpSettings, LastResort
from tests.gateway.http.conftest import Served
from tests.gateway.http.corner_shop import Counter, schema, shop

HEAD = (
    b"POST / HTTP/1.1\r\nhost: shop\r\ncontent-type: application/json\r\naccept: application/graphql-response+json\r\n"
)
HELLO = b'{"query":"{ hello }"}'
LIMIT_S = 5.0


async def told(port: int, sent: bytes, *more: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send raw bytes, and read the answer until the server closes or the body is complete."""
    async with asyncio.timeout(LIMIT_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(sent)
            for chunk in more:
                await writer.drain()
                writer.write(chunk)
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            body = await reader.readexactly(int(headers["content-length"]))
        finally:
            writer.close()
        return int(head[0].split()[1]), headers, body


def code(body: bytes) -> str:
    found: str = json.loads(body)["errors"][0]["extensions"]["code"]
    return found


async def test_announced_length_is_refused_unread(served: Served) -> None:
    """A body that says it is too large gets 413 before a byte of it is sent."""
    port = await served(shop(Counter()))
    status, headers, body = await told(port, HEAD + b"content-length: 20971520\r\n\r\n")
    assert (status, code(body), headers["connection"]) == (413, "BODY_TOO_LARGE", "close")


async def test_chunked_body_is_cut_at_the_limit(served: Served) -> None:
    """A body without a length is refused as soon as it has grown past the limit."""
    port = await served(shop(Counter(), settings=HttpSettings(body_max_bytes=1000)))
    chunk = b"258\r\n" + b" " * 600 + b"\r\n"
    status, headers, body = await told(port, HEAD + b"transfer-encoding: chunked\r\n\r\n" + chunk, chunk)
    assert (status, code(body), headers["connection"]) == (413, "BODY_TOO_LARGE", "close")


async def test_chunked_body_within_the_limit_is_answered(served: Served) -> None:
    """Chunked transfer is as good as a length."""
    port = await served(shop(Counter()))
    chunks = b"".join(b"1\r\n" + bytes([byte]) + b"\r\n" for byte in HELLO) + b"0\r\n\r\n"
    status, _, body = await told(port, HEAD + b"transfer-encoding: chunked\r\n\r\n" + chunks)
    assert (status, json.loads(body)) == (200, {"data": {"hello": "hello"}})


async def test_stalled_body_is_given_up(served: Served) -> None:
    """A sender who stops half-way gets 408 and loses the connection."""
    port = await served(shop(Counter(), settings=HttpSettings(body_timeout_s=0.05)))
    status, headers, body = await told(port, HEAD + b"content-length: 21\r\n\r\n" + HELLO[:5])
    assert (status, code(body), headers["connection"]) == (408, "BODY_TIMEOUT", "close")


async def test_dripping_body_has_one_deadline(served: Served) -> None:
    """Each byte in time does not make the whole in time: the limit is on the body, not on the pause."""
    port = await served(shop(Counter(), settings=HttpSettings(body_timeout_s=0.1)))
    async with asyncio.timeout(LIMIT_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + b"content-length: 1000000\r\n\r\n")

        async def drip() -> None:
            while not reader.at_eof() and not writer.is_closing():
                writer.write(b" ")
                await asyncio.sleep(0)

        dripping = asyncio.ensure_future(drip())
        line = await reader.readline()
        dripping.cancel()
        writer.close()
    assert line.startswith(b"HTTP/1.1 408")


async def test_two_framings_are_refused(served: Served) -> None:
    """Content-Length beside Transfer-Encoding, the tool of request smuggling, gets 400 and no second request."""
    port = await served(shop(Counter()))
    both = HEAD + b"content-length: 21\r\ntransfer-encoding: chunked\r\n\r\n15\r\n" + HELLO + b"\r\n0\r\n\r\n"
    async with asyncio.timeout(LIMIT_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(both)
        answer = await reader.read()
        writer.close()
    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1") == 1


async def test_huge_headers_are_refused(served: Served) -> None:
    """100 KiB of headers get 431."""
    port = await served(shop(Counter()))
    status, _, body = await told(
        port, HEAD + b"x-filler: " + b"x" * 100_000 + b"\r\ncontent-length: 21\r\n\r\n" + HELLO
    )
    assert (status, code(body)) == (431, "HEADERS_TOO_LARGE")


async def test_long_url_is_refused(served: Served) -> None:
    """A document too long for a URL gets 414."""
    port = await served(shop(Counter()))
    status, _, body = await told(
        port, b"GET /?query=%7Bhello%7D&x=" + b"x" * 20_000 + b" HTTP/1.1\r\nhost: shop\r\n\r\n"
    )
    assert (status, code(body)) == (414, "URL_TOO_LONG")


async def test_client_gone_cancels_the_run(served: Served) -> None:
    """When the client closes the connection, the resolvers are cancelled and the context is closed."""
    counter = Counter()
    port = await served(shop(counter))
    query = b'{"query":"{ wait }"}'
    async with asyncio.timeout(LIMIT_S):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + b"content-length: %d\r\n\r\n" % len(query) + query)
        await counter.waiting.wait()
        writer.close()
        await counter.left.wait()
    assert (counter.cancelled, counter.opened, counter.closed) == (1, 1, 1)


async def test_keep_alive_survives_a_partial_answer(served: Served) -> None:
    """Status 294 is no surprise to the server: the connection carries the next request."""
    port = await served(shop(Counter()))
    boom = b'{"query":"{ boom hello }"}'
    async with asyncio.timeout(LIMIT_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for body, status in ((boom, b"294"), (HELLO, b"200")):
            writer.write(HEAD + b"content-length: %d\r\n\r\n" % len(body) + body)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.split(b" ", 2)[1] == status
            length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length"))
            await reader.readexactly(int(length.split(b": ")[1]))
        writer.close()


async def test_what_does_not_end_is_answered_and_holds_up_nobody(served: Served) -> None:
    """Work that no cancellation ends is answered by 504 while it goes on, with all that marks an answer, and the
    connection carries the next request."""
    release, opened = asyncio.Event(), 0

    @asynccontextmanager
    async def stubborn(_: Scope, __: Deadline) -> AsyncIterator[Admitted]:
        nonlocal opened
        opened += 1
        while opened == 1 and not release.is_set():
            with suppress(asyncio.CancelledError):
                await release.wait()
        yield Admitted(None)

    settings = HttpSettings(request_timeout_s=0.01, request_grace_s=0.01, cancel_timeout_s=0.01)
    port = await served(Correlation(LastResort(GraphQLEndpoint(Engine(schema()), stubborn, settings))))
    asked = b'{"query":"{ __typename }"}'
    async with asyncio.timeout(LIMIT_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for status in (b"504", b"200"):
            writer.write(HEAD + b"content-length: %d\r\n\r\n" % len(asked) + asked)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.split(b" ", 2)[1] == status
            assert b"x-correlation-id" in head
            length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length"))
            await reader.readexactly(int(length.split(b": ")[1]))
        release.set()
        writer.close()
