"""What a connection may take before it is a request, and what it is given before a task is begun for that.

uvicorn bounds neither the time nor the size of headers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from gateway.http import Rendered

HEAD_TIMEOUT_S: Final = 10.0
"""From the first byte of a request to the end of its headers. A browser sends them in one breath; whoever takes longer
holds a connection, and a thousand of them hold all there are."""

HEAD_BYTES_MAX: Final = 128 * 1024
"""Kept while headers are read, four times what `http.headers_max_bytes` lets pass by default: that one says which limit
it was, and this one that memory has an end. Without it headers of a gigabyte would be kept until they were complete."""

SILENCE_S: Final = 75.0
"""For a connection on which nothing was ever sent; as long as one is kept between requests."""


def _refusal(status: str, code: str, message: str) -> bytes:
    """What the endpoint would answer, for requests that never get there."""
    body = f'{{"errors":[{{"message":"{message}","extensions":{{"code":"{code}"}}}}]}}'
    head = (
        f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n"
    )
    return f"{head}\r\n{body}".encode("ascii")


_SLOW: Final = _refusal(
    "408 Request Timeout", "HEADERS_TIMEOUT", f"The headers did not arrive within {HEAD_TIMEOUT_S:g} s."
)
_LARGE: Final = _refusal(
    "431 Request Header Fields Too Large", "HEADERS_TOO_LARGE", f"The headers may have {HEAD_BYTES_MAX} bytes at most."
)
_UNREADABLE: Final = _refusal("400 Bad Request", "BAD_HANDSHAKE", "The handshake of a WebSocket cannot be read.")


class BoundedHeads(HttpToolsProtocol):
    """uvicorn's protocol, with an end to the headers of each request."""

    _in_head = True
    _head_bytes = 0
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(SILENCE_S, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._in_head and self.cycle.response_complete and not self.cycle.more_body:
            self._in_head = True  # also by an empty line, which the parser makes nothing of
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if not self._in_head:
            return
        # Only now: nearly every head comes in one piece, and to set a clock for it and take it back took 1 us.
        if self._head_bytes > HEAD_BYTES_MAX:
            self._refuse(_LARGE)
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, self._refuse, _SLOW)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._stop_timer()
        self._in_head = True

    def on_headers_complete(self) -> None:
        self._stop_timer()
        super().on_headers_complete()
        # What follows in the same piece is not counted: a body, and the little of the next head that came with it.
        self._in_head, self._head_bytes = False, 0

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()


class Connection(BoundedHeads):
    """The same, which asks its app for an answer `at_once` before it begins a task for a request, where the app has a
    function of this name: of a scope and a whole body it makes a `Rendered`, or None for what is to be asked as ever.

    uvicorn makes the task when the head is complete, and it runs when all that came with that has been read. So who is
    asked in between is asked no sooner than the app would be, and for the request that is next on this connection.
    """

    _at_once: Callable[[Any, bytes], Rendered | None] | None = None
    _reading = False
    _due: tuple[RequestResponseCycle, Any] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._at_once = getattr(self.app, "at_once", None)

    def data_received(self, data: bytes) -> None:
        self._reading = self._at_once is not None
        super().data_received(data)
        self._reading = False
        if self._due is not None:
            (cycle, app), self._due = self._due, None
            if not self._is_answered(cycle):
                self._start_asgi_task(cycle, app)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if self._reading and app is self.app:
            self._due = cycle, app
        else:
            super()._start_asgi_task(cycle, app)

    def _is_answered(self, cycle: RequestResponseCycle) -> bool:
        """Whether the answer was there, and is on its way.

        What is to wait for the client, or ends the connection, is the app's: uvicorn does all of that well.
        """
        if cycle.more_body or not cycle.keep_alive or self.flow.write_paused or self.transport.is_closing():
            return False
        if self._at_once is None or (answer := self._at_once(cycle.scope, bytes(cycle.body))) is None:
            return False
        lines = [STATUS_LINE[answer.status]]
        lines += [b"%b: %b\r\n" % line for line in self.server_state.default_headers]
        self.transport.write(b"".join((*lines, answer.head, b"\r\n", answer.body)))
        cycle.response_started = cycle.response_complete = True
        self.on_response_complete()
        return True


class AnsweredHandshakes(WebSocketsSansIOProtocol):
    """uvicorn's protocol, which leaves whoever sends a handshake that `websockets` cannot read (a line of more than
    8 KiB, more than 128 headers) without an answer and the connection open. This one says so, and closes it."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated and not self.transport.is_closing():
            self.transport.write(_UNREADABLE)
            self.transport.close()
