"""A server without a socket: bytes of requests in, bytes of answers out, through the protocol that `serve` has, or for
the floor through uvicorn's own.

What is measured is the Python of one process. The kernel, which costs a request about as much again, costs every
server the same.
"""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from gateway.connections import Connection

ANSWER_TIMEOUT_S = 30.0
_CONSTANT = b'{"data":{"product":{"name":"Alder & Ash Organic Cotton Crew T-Shirt, White"}}}'


async def constant(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - as ASGI has it
    """The floor: the same small answer whatever is asked."""
    length = str(len(_CONSTANT)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": _CONSTANT})


def request_of(query: str, variables: dict[str, Any], token: str | None) -> bytes:
    """A GraphQL request as a client sends it; without a token it is anybody's."""
    body = orjson.dumps({"query": query, "variables": variables})
    caller = "" if token is None else f"Authorization: Bearer {token}\r\n"
    head = (
        "POST /graphql HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/json\r\n"
        f"Accept: application/json\r\n{caller}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Bare:
    """One connection to an app, without the network. Answers one request at a time."""

    def __init__(self, app: ASGIApp, protocol: type[HttpToolsProtocol] = Connection) -> None:
        config = uvicorn.Config(
            app, http=protocol, lifespan="off", log_config=None, access_log=False, proxy_headers=False
        )
        self._transport = _Transport()
        telling = type("Telling", (_Telling, protocol), {})
        self._protocol = telling(config, ServerState(), app_state={}, _loop=asyncio.get_running_loop())
        self._protocol.connection_made(self._transport)

    async def ask(self, request: bytes) -> bytes:
        """The whole answer, head and body. Raises TimeoutError."""
        self._transport.written.clear()
        answered = self._protocol.answered = asyncio.get_running_loop().create_future()
        self._protocol.data_received(request)
        if not answered.done():
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await answered
        return b"".join(self._transport.written)

    def close(self) -> None:
        """Hang up."""
        self._protocol.connection_lost(None)


class _Telling(HttpToolsProtocol):
    answered: asyncio.Future[None] | None = None

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.answered is not None and not self.answered.done():
            self.answered.set_result(None)


class _Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes | bytearray | memoryview[Any]] = []

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        self.written.append(data)

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        """There is nothing to close."""

    def pause_reading(self) -> None:
        """All of a request is there at once."""

    def resume_reading(self) -> None:
        """Likewise."""
