"""Breaking a connection for real: TCP resets, and hanging up in the middle of an answer.

ASGI has no word for either, so a subclass of uvicorn's protocol hands each request its connection through the scope's
`extensions`.
"""

import asyncio
import os
import socket
import struct

from starlette.types import Receive, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_EXTENSION = "retailgraph.sandbox.connection"
_FLUSH_TIMEOUT_S = 5.0


class Connection:
    """The TCP connection of one request."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def reset(self) -> None:
        """Drop the connection so that the peer sees a reset (RST) and not an orderly end."""
        sock = self._transport.get_extra_info("socket")
        if sock is not None and not self._transport.is_closing():
            # A duplicate, because asyncio and uvloop both forbid touching their own socket object. SO_LINGER belongs
            # to the connection, not to the descriptor: with 0 seconds close() sends RST (socket(7)).
            with socket.socket(fileno=os.dup(sock.fileno())) as twin:
                twin.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def hang_up(self) -> None:
        """Send what was written, then close."""
        self._transport.close()


class BreakableProtocol(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it, with each request's connection in its scope."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_EXTENSION: {"connection": Connection(self.transport)}}


def _connection(scope: Scope) -> Connection:
    extension = scope.get("extensions", {}).get(_EXTENSION)
    if extension is None:
        # Without a socket (in-process test transports) this is as near to a reset as it gets.
        raise ConnectionResetError("the sandbox resets this connection")
    connection: Connection = extension["connection"]
    return connection


async def _gone(scope: Scope, receive: Receive) -> None:
    # The server calls an app that returns early a broken one, so wait until the connection is gone.
    try:
        async with asyncio.timeout(_FLUSH_TIMEOUT_S):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        _connection(scope).reset()


async def reset(scope: Scope, receive: Receive) -> None:
    """Reset the connection of a request. Raises ConnectionResetError where there is no socket."""
    _connection(scope).reset()
    await _gone(scope, receive)


async def hang_up(scope: Scope, receive: Receive) -> None:
    """Close the connection of a request after what was sent so far."""
    _connection(scope).hang_up()
    await _gone(scope, receive)
