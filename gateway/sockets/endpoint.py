"""The door for WebSockets: who may open one, and how many are open."""

from __future__ import annotations

import structlog
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from gateway.http import Asking, HttpFault, Origins, check_framing
from gateway.sockets.closing import NOT_ACCEPTABLE, SUBPROTOCOL, TOO_MANY_SOCKETS, Close
from gateway.sockets.connection import Connection
from gateway.streams import Streams

_log = structlog.get_logger(__name__)


class SocketEndpoint:
    """The ASGI application behind `/graphql` for WebSockets.

    A page of another origin may open a WebSocket without asking, with the visitor's network and cookies: it is refused
    with 403, unless some audience has its origin. Who asks is known once `connection_init` has come, and judged then
    and with each operation. What is no browser sends no Origin, and is let in.
    """

    def __init__(self, asking: Asking, streams: Streams, origins: Origins) -> None:
        self._asking = asking
        self._streams = streams
        self._origins = origins
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry one socket from its handshake to its end."""
        await receive()  # websocket.connect
        headers = Headers(scope=scope)
        try:
            check_framing(scope, self._asking.settings)
        except HttpFault:
            await send({"type": "websocket.close"})
            return
        if not self._origins.may_ask(scope):
            origin = headers.get("origin", "")[:256]
            _log.warning("a websocket of another origin was refused", origin=origin)
            await send({"type": "websocket.close"})  # before it is accepted: 403
            return
        if SUBPROTOCOL not in scope["subprotocols"]:
            await _turn_away(send, NOT_ACCEPTABLE, None)
            return
        if self._open >= self._streams.settings.streams_max:
            await _turn_away(send, TOO_MANY_SOCKETS, SUBPROTOCOL)
            return
        self._open += 1
        try:
            await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
            connection = Connection(self._asking, self._streams, scope, receive, send)
            with self._streams.known(connection):
                await connection.run()
        except OSError:
            return  # the client is gone
        finally:
            self._open -= 1


async def _turn_away(send: Send, close: Close, subprotocol: str | None) -> None:
    await send({"type": "websocket.accept", "subprotocol": subprotocol})
    await send({"type": "websocket.close", "code": close.code, "reason": close.reason})
