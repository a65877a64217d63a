"""One request on a connection, and its answer on the way out.

uvicorn's own renders an answer message by message and writes its head and its body apart. Nearly every answer is all
there when it begins, and is written at once here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    RequestResponseCycle,
)

from gateway.http import BODILESS

Line = tuple[bytes, bytes]

TOGETHER_BYTES_MAX: Final = 256 * 1024
"""A body of up to so many bytes is copied behind its head. For larger ones a second write costs less than the copy."""


class Exchange(RequestResponseCycle):
    """What an application is called with for one request; it is itself the `send` that it hands over.

    Heads are checked as uvicorn checks them. One that says how long its body is goes out with the first of that, which
    ASGI asks for anyway: until then an answer has not begun.
    """

    logger = logging.getLogger("uvicorn.error")
    access_log = False  # its lines would hold query strings
    disconnected = False
    more_body = True
    response_started = False
    response_complete = False
    chunked_encoding: bool | None = None
    expected_content_length = 0
    _held = b""
    _until_closed = False

    def __init__(  # not the one above: it sets for each request what nearly never changes
        self,
        scope: Any,
        transport: asyncio.Transport,
        flow: FlowControl,
        tasks: set[asyncio.Task[None]],
        *,
        default_headers: list[Line],
        is_awaiting_continue: bool,
        keep_alive: bool,
        on_response: Callable[[], None],
    ) -> None:
        self.scope = scope
        self.transport = transport
        self.flow = flow
        self.default_headers = default_headers
        self.message_event = asyncio.Event()
        self.waiting_for_100_continue = is_awaiting_continue
        self.keep_alive = keep_alive
        self.on_response = on_response
        self.body: bytes | bytearray = b""  # type: ignore[assignment]  # one piece is kept as it came
        self.task: asyncio.Task[None] | None = None
        self._tasks = tasks

    async def run_asgi(self, app: Any) -> None:
        """Have `app` answer. What it fails to say is said for it, or the connection is cut."""
        try:
            await app(self.scope, self.receive, self)
        except BaseException:  # the outermost wall: nobody else hears of it
            self.logger.exception("Exception in ASGI application\n")
            await self._make_do()
        else:
            if not self.response_complete and not self.disconnected:
                self.logger.error("ASGI callable returned without completing response.")
                await self._make_do()
        finally:
            self.on_response = _nothing  # also of an answer that was never complete
            self._tasks.discard(self.task)

    async def _make_do(self) -> None:
        if self.response_started:
            self.transport.close()
        else:
            await self.send_500_response()

    def whole(self, status: int, head: bytes, body: bytes) -> bool:
        """Send an answer that is all there. `head` are its lines, each with its end and checked, and among them how
        long the body is. False where that cannot be done at once: nothing was done then, and it is to be sent as
        messages. What is to wait for the client, or ends the connection, is left to these.
        """
        if (
            self.response_started
            or self.disconnected
            or not self.keep_alive
            or self.flow.write_paused
            or self.transport.is_closing()
        ):
            return False
        lines = [STATUS_LINE[status]]
        lines += [b"%b: %b\r\n" % line for line in self.default_headers]
        lines += head, b"\r\n"
        self.response_started = True
        self.waiting_for_100_continue = False
        self._write(b"".join(lines), b"" if self.scope["method"] == "HEAD" else body)
        self._complete()
        return True

    async def send(self, message: Any) -> None:
        """As ASGI has it. Raises RuntimeError for a message out of turn, and for a head that would not stay one."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        kind = message["type"]
        if self.response_complete:
            raise RuntimeError(f"Unexpected ASGI message '{kind}' sent, after response already completed.")
        expected = "http.response.body" if self.response_started else "http.response.start"
        if kind != expected:
            raise RuntimeError(f"Expected ASGI message '{expected}', but got '{kind}'.")
        if self.response_started:
            self._go_on(message.get("body", b""), is_last=not message.get("more_body", False))
        else:
            self._begin(message["status"], message.get("headers", ()))

    __call__ = send

    def _begin(self, status: int, headers: Any) -> None:
        self.response_started = True
        self.waiting_for_100_continue = False
        lines = [STATUS_LINE[status]]
        said = [*self.default_headers, *headers]
        if HEADER_VALUE_RE.search(b"".join([value for _, value in said])):
            raise RuntimeError("Invalid HTTP header value.")
        closes = False
        for given, value in said:
            name = _name(given)
            if name == b"content-length" and self.chunked_encoding is None:
                self.expected_content_length = int(value)
                self.chunked_encoding = False
            elif name == b"transfer-encoding" and value.lower() == b"chunked":
                self.expected_content_length = 0
                self.chunked_encoding = True
            elif name == b"connection":
                closes = closes or b"close" in [token.lower().strip() for token in value.split(b",")]
            lines.append(b"%b: %b\r\n" % (name, value))
        if closes:
            self.keep_alive = False
        elif not self.keep_alive:
            lines.append(b"connection: close\r\n")
        if self.chunked_encoding is None and self.scope["method"] != "HEAD" and status not in BODILESS:
            lines.append(self._without_length())
        lines.append(b"\r\n")
        if self.chunked_encoding or self._until_closed:
            self.transport.write(b"".join(lines))  # of a stream, of which the first piece may be long in coming
        else:
            self._held = b"".join(lines)

    def _without_length(self) -> bytes:
        """How a client finds the end of a body that does not say how long it is, as a line of the head: HTTP/1.0 knows
        no chunks, so there it goes on to the end of the connection (RFC 9112, 6.1 and 6.3)."""
        self._until_closed = self.scope["http_version"] < "1.1"
        self.chunked_encoding = not self._until_closed
        return b"" if self._until_closed else b"transfer-encoding: chunked\r\n"

    def _go_on(self, body: bytes, *, is_last: bool) -> None:
        held, self._held = self._held, b""
        if self.scope["method"] == "HEAD":
            self.expected_content_length = 0
            self._write(held, b"")
        elif self.chunked_encoding:
            chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            self._write(chunk, b"0\r\n\r\n" if is_last else b"")
        elif self._until_closed:
            self._write(body, b"")
        else:
            left = self.expected_content_length - len(body)
            if left < 0:
                raise RuntimeError("Response content longer than Content-Length")
            self.expected_content_length = left
            self._write(held, body)
        if is_last:
            if self.expected_content_length:
                raise RuntimeError("Response content shorter than Content-Length")
            self._complete()

    def _write(self, first: bytes, then: bytes) -> None:
        if len(then) > TOGETHER_BYTES_MAX:
            self.transport.write(first)
            first = then
        elif then:
            first += then
        if first:
            self.transport.write(first)

    def _complete(self) -> None:
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        on_response, self.on_response = self.on_response, _nothing  # or this and the connection would hold each other
        on_response()


def _nothing() -> None: ...


@lru_cache(maxsize=256)
def _name(given: bytes) -> bytes:
    """The name of a header in small letters. Raises RuntimeError for one that cannot be one."""
    if HEADER_RE.search(given):
        raise RuntimeError("Invalid HTTP header name.")
    return given.lower()
