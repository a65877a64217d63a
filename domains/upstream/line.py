"""One HTTP/1.1 connection, which carries one exchange at a time."""

from __future__ import annotations

import asyncio
import zlib
from typing import cast

import httpx
from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from domains.upstream.head import Head, parser_for
from domains.upstream.letter import Answer, Lost

HEAD_MAX_BYTES = 64 * 1024
"""The longest head of an answer: eight times what servers usually allow themselves."""

_HEAD_TOO_LONG = f"a head of more than {HEAD_MAX_BYTES} bytes"


class Line(asyncio.Protocol):
    """A protocol of asyncio over llhttp. `is_open` until either side has hung up.

    A future and a handful of callbacks an exchange, which is what makes it cheap: 2 or 10 KB of JSON took some 25 us of
    the processor here, 90 to 110 us with aiohttp, 300 to 330 us with httpx over aiohttp.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.is_open = True
        self.idle_since = 0.0
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._parser: HttpResponseParser | None = parser_for(self)
        self._answer: asyncio.Future[Answer | Lost | None] | None = None
        self._raw = b""  # of a head that has not arrived whole
        self._head: Head | None = None
        self._packed: _Packed | None = None
        self._fault: Exception | None = None
        self._begin("", 0)

    def exchange(self, sent: bytes, method: str, body_max_bytes: int) -> asyncio.Future[Answer | Lost | None]:
        """Send a request. The future holds the answer, Lost, or None after `give_up`."""
        answer = self._answer = self._loop.create_future()
        self._begin(method, body_max_bytes)
        if self._transport is None or not self.is_open:
            self._break(ConnectionResetError("the connection was closed"))
        else:
            self._transport.write(sent)
        return answer

    def give_up(self) -> None:
        """The time is up: no answer is waited for."""
        self._settle(None)
        self.hang_up()

    def hang_up(self) -> None:
        """Close the connection at once. Nobody waits for what was not sent, or for TLS to say goodbye."""
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._answer is None or self._parser is None:
            self.hang_up()  # nobody asked
            return
        if self._head is None:
            self._raw = self._raw + data if self._raw else data
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as fault:
            self._break(self._fault or httpx.RemoteProtocolError(f"no HTTP: {fault}"))
            return
        if self._head is None and len(self._raw) > HEAD_MAX_BYTES and self._answer is not None:
            self._break(httpx.RemoteProtocolError(_HEAD_TOO_LONG))

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        self._transport = None
        self._parser = None  # it holds this in turn, and only the collector would free the two
        if self._answer is None:
            return
        if exc is None and self._head is not None and _ends_with_connection(self._head):
            self.on_message_complete()
        else:
            self._break(exc or ConnectionResetError("the connection was closed before the answer was whole"))

    # What the parser calls.

    def on_message_begin(self) -> None:
        if self._answer is None:
            self.hang_up()  # one answer a request

    def on_headers_complete(self) -> None:
        if self._answer is None or self._parser is None:
            return
        self._status = self._parser.get_status_code()
        if self._status < 200:
            self._has_interim = True
            return
        self._head = head = self._read_head()
        if head.may_name(b"content-encoding"):
            for name, value in head.fields():
                if name == b"content-encoding":
                    self._packed = _Packed.of(value)
        if self._method == "HEAD":
            self._keep = False  # the parser takes what comes next for the body
            self._finish(is_whole=True)

    def on_body(self, body: bytes) -> None:
        if self._answer is None:
            return
        left = self._body_max_bytes - self._body_bytes
        if self._packed is not None:
            try:
                body = self._packed.unpack(body, left + 1)
            except zlib.error as fault:
                self._fault = httpx.DecodingError(f"a body that cannot be unpacked: {fault}")
                raise self._fault from fault
        if len(body) > left:
            self._body.append(body[:left])
            self._keep = False
            self._finish(is_whole=False)
            return
        self._body_bytes += len(body)
        self._body.append(body)

    def on_message_complete(self) -> None:
        if self._answer is None:
            return
        if self._head is None:  # 100 to 199: only a word in between
            return
        self._keep = self._keep and self._parser is not None and self._parser.should_keep_alive()
        self._finish(is_whole=True)

    def _begin(self, method: str, body_max_bytes: int) -> None:
        self._method = method
        self._body_max_bytes = body_max_bytes
        self._raw = b""
        self._head = None
        self._has_interim = False
        self._body: list[bytes] = []
        self._body_bytes = self._status = 0
        self._keep = True
        self._packed = None
        self._fault = None

    def _read_head(self) -> Head:
        """What has arrived, less the body if it is plain to see. Raises RemoteProtocolError when that is too much."""
        raw = self._raw
        end = raw.find(b"\r\n\r\n")
        if end < 0 or self._has_interim or not raw.startswith(b"HTTP/"):  # more than one head, or blank lines before it
            head = Head(raw)
            size = sum([len(name) + len(value) + 4 for name, value in head.fields()])  # ": " and the end of the line
        else:
            head = Head(raw[: end + 4])
            size = end
        if size > HEAD_MAX_BYTES:
            self._fault = httpx.RemoteProtocolError(_HEAD_TOO_LONG)
            raise self._fault
        self._raw = b""
        return head

    def _finish(self, *, is_whole: bool) -> None:
        if not self._keep:
            self.hang_up()
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._settle(Answer(self._status, _NO_HEAD if self._head is None else self._head, body, is_whole))

    def _break(self, fault: Exception) -> None:
        self.hang_up()
        self._settle(Lost(fault, self._head is not None))

    def _settle(self, result: Answer | Lost | None) -> None:
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_result(result)


_NO_HEAD = Head(b"", [])


def _ends_with_connection(head: Head) -> bool:
    """Whether the body of an answer ends where the connection does (RFC 9112, 6.3)."""
    return not any(
        name == b"content-length" or (name == b"transfer-encoding" and b"chunked" in value.lower())
        for name, value in head.fields()
    )


class _Packed:
    """A body on its way out of gzip or deflate, which may come with or without its zlib frame (RFC 9110, 8.4.1.2)."""

    def __init__(self, window_bits: int) -> None:
        self._unpacking = zlib.decompressobj(window_bits)
        self._may_be_bare = window_bits == zlib.MAX_WBITS

    @classmethod
    def of(cls, encoding: bytes) -> _Packed | None:
        """None for what is not packed, or in a way we did not ask for: then the decoder finds no answer in it."""
        match encoding.strip().lower():
            case b"gzip" | b"x-gzip":
                return cls(zlib.MAX_WBITS | 16)
            case b"deflate":
                return cls(zlib.MAX_WBITS)
            case _:
                return None

    def unpack(self, packed: bytes, max_bytes: int) -> bytes:
        """At most `max_bytes`, however much the rest may hold. Raises zlib.error."""
        try:
            body = self._unpacking.decompress(packed, max_bytes)
        except zlib.error:
            if not self._may_be_bare:
                raise
            self._unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
            body = self._unpacking.decompress(packed, max_bytes)
        self._may_be_bare = False
        return body
