"""What a connection may take before it is a request: uvicorn bounds neither the time nor the size of headers."""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

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
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX:
                self._refuse(_LARGE)
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._stop_timer()
        if not self._in_head:  # the first one's own bytes are counted already
            self._in_head, self._head_bytes = True, 0
        self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, self._refuse, _SLOW)

    def on_headers_complete(self) -> None:
        self._stop_timer()
        self._in_head = False
        super().on_headers_complete()

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()


class AnsweredHandshakes(WebSocketsSansIOProtocol):
    """uvicorn's protocol, which leaves whoever sends a handshake that `websockets` cannot read (a line of more than
    8 KiB, more than 128 headers) without an answer and the connection open. This one says so, and closes it."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated and not self.transport.is_closing():
            self.transport.write(_UNREADABLE)
            self.transport.close()
