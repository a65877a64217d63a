"""A connection that costs its own side little, so that a latency is the server's."""

from __future__ import annotations

import asyncio
from typing import Self, cast
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpResponseParser

ANSWER_TIMEOUT_S = 30.0


class NotAnswered(ConnectionError):
    """The server hung up, or sent what is no HTTP."""


class Line(asyncio.Protocol):
    """One connection over TCP, which carries one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser: HttpResponseParser | None = None
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._body: list[bytes] = []

    @classmethod
    async def to(cls, url: str) -> Self:
        """A connection to the server at `url`, which names its port. Raises OSError."""
        at = urlsplit(url)
        return (await asyncio.get_running_loop().create_connection(cls, at.hostname or "", at.port or 0))[1]

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body of the answer to `request`, head and body. Raises NotAnswered and TimeoutError."""
        if self._transport is None:
            raise NotAnswered("the connection is closed")
        self._answer = asyncio.get_running_loop().create_future()
        self._parser, self._body = HttpResponseParser(self), []
        self._transport.write(request)
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            return await self._answer

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    # What asyncio and the parser call.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._parser is None:
            return
        try:
            self._parser.feed_data(data)
        except HttpParserError as exc:
            self._fail(f"the answer is no HTTP: {exc}")

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._fail(f"the server hung up ({exc})")

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        if self._answer is not None and self._parser is not None and not self._answer.done():
            self._answer.set_result((self._parser.get_status_code(), b"".join(self._body)))

    def _fail(self, why: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(NotAnswered(why))
