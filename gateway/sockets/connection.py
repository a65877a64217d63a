"""One socket: its handshake, its heartbeat, and the operations that run on it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import structlog
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from domains.upstream import deadline_scope
from gateway.http import Asking, HttpFault
from gateway.identity import Unauthenticated
from gateway.sockets import messages
from gateway.sockets.closing import (
    ENDS,
    INIT_TIMEOUT,
    INTERNAL,
    NO_HEARTBEAT,
    TOO_MANY_INITS,
    UNAUTHORIZED,
    Close,
    forbidden,
    invalid,
    taken,
)
from gateway.sockets.messages import Complete, FromClient, Init, Invalid, Ping, Pong, Subscribe, read_message
from gateway.sockets.operation import Operation
from gateway.streams import LAST_EVENT_ID, EndReason, SlowReader, Streams, Writer

BEATS_MISSED_MAX = 2

_log = structlog.get_logger(__name__)


class _Closed(Exception):
    """The socket is to be closed."""

    def __init__(self, close: Close) -> None:
        super().__init__(close.reason)
        self.close = close


class Connection:
    """Runs until either side closes the socket."""

    def __init__(
        self,
        asking: Asking,
        streams: Streams,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._asking = asking
        self._streams = streams
        self._scope = _bare(scope)
        self._receive = receive
        self._writer = Writer(send, streams.settings.slow_reader_s)
        self._monotonic = monotonic
        self._heard_at = monotonic()
        self._last_event_id: str | None = None
        self._ready = False
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._close: asyncio.Future[Close] = asyncio.get_running_loop().create_future()

    def end(self, reason: EndReason) -> None:
        """Close the socket; what runs on it is cut."""
        self.close(ENDS[reason])

    def close(self, close: Close) -> None:
        """Close the socket; the first reason counts."""
        if not self._close.done():
            self._close.set_result(close)

    async def run(self) -> None:
        """Serve the socket. Raises OSError when the client is gone in the middle of a message."""
        reader = asyncio.create_task(self._read(), name="socket-reader")
        heart = asyncio.create_task(self._beat(), name="socket-heartbeat")
        try:
            ends: set[asyncio.Future[Any]] = {reader, self._close}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            tasks = {reader, heart, *self._operations.values()}
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=self._asking.settings.cancel_timeout_s)
        if reader.done() and not reader.cancelled() and (bug := reader.exception()) is not None:
            _log.error("a socket failed", exc_info=bug)
            self.close(INTERNAL)
        if self._close.done():
            await self._say(self._close.result())

    async def _say(self, close: Close) -> None:
        try:
            await self._writer.write({"type": "websocket.close", "code": close.code, "reason": close.short_reason})
        except SlowReader:
            return  # it is cut without a word that would not be read

    async def write(self, text: str) -> None:
        """Send a message. Raises SlowReader, and OSError when the client is gone."""
        await self._writer.write({"type": "websocket.send", "text": text})

    async def _read(self) -> None:
        """Take messages until the client is gone or the socket is to be closed."""
        try:
            async with asyncio.timeout(self._streams.settings.init_timeout_s) as waiting:
                while (message := await self._next()) is not None:
                    await self._take(message)
                    if self._ready:
                        waiting.reschedule(None)
        except TimeoutError:
            self.close(INIT_TIMEOUT)
        except _Closed as closed:
            self.close(closed.close)
        except SlowReader:
            self.end(EndReason.SLOW_READER)
        except OSError:
            return

    async def _next(self) -> FromClient | None:
        """The next message; None when the client is gone."""
        event = await self._receive()
        if event["type"] == "websocket.disconnect":
            return None
        self._heard_at = self._monotonic()
        text = event.get("text")
        if text is None or len(text) > self._asking.settings.body_max_bytes:
            raise _Closed(invalid("A message is a text frame of a bounded size."))
        try:
            return read_message(text, self._asking.settings)
        except Invalid as bad:
            raise _Closed(invalid(str(bad))) from bad

    async def _take(self, message: FromClient) -> None:
        match message:
            case Init():
                await self._init(message)
            case Ping():
                await self.write(messages.pong(message.payload))
            case Pong():
                pass
            case Subscribe():
                await self._subscribe(message)
            case Complete():
                operation = self._operations.pop(message.id, None)
                if operation is not None:
                    operation.cancel()

    async def _init(self, message: Init) -> None:
        if self._ready:
            raise _Closed(TOO_MANY_INITS)
        self._scope = _with_token(self._scope, message)
        seen = message.payload.get(LAST_EVENT_ID)
        self._last_event_id = seen if isinstance(seen, str) else None
        try:
            with deadline_scope(self._asking.settings.request_timeout_s) as deadline:
                async with self._asking.open_context(self._scope, deadline):
                    pass  # only whether there is such a caller
        except Unauthenticated as unknown:
            raise _Closed(forbidden(str(unknown))) from unknown
        except HttpFault as trouble:
            raise _Closed(forbidden(trouble.message)) from trouble
        self._ready = True
        await self.write(messages.ACK)

    async def _subscribe(self, message: Subscribe) -> None:
        if not self._ready:
            raise _Closed(UNAUTHORIZED)
        if message.id in self._operations:
            raise _Closed(taken(message.id))
        operation = Operation(self._asking, self._streams, self, message, self._last_event_id)
        if len(self._operations) >= self._streams.settings.operations_max:
            await operation.refuse(self._streams.settings.operations_max)
            return
        task = asyncio.create_task(operation.run(self._scope), name="socket-operation")
        self._operations[message.id] = task
        task.add_done_callback(lambda done: self._forget(message.id, done))

    def _forget(self, id_: str, done: asyncio.Task[None]) -> None:
        if self._operations.get(id_) is done:  # the client may have used the id again
            del self._operations[id_]
        if not done.cancelled() and (bug := done.exception()) is not None:
            _log.error("an operation failed", exc_info=bug)
            self.close(INTERNAL)

    async def _beat(self) -> None:
        """Ping now and then; who answers none of two pings is gone."""
        every_s = self._streams.settings.heartbeat_s
        while True:
            await asyncio.sleep(every_s)
            if not self._ready:
                continue  # another clock runs
            if self._monotonic() - self._heard_at > (BEATS_MISSED_MAX + 0.5) * every_s:
                self.close(NO_HEARTBEAT)
                return
            try:
                await self.write(messages.PING)
            except SlowReader:
                self.end(EndReason.SLOW_READER)
                return
            except OSError:
                return


def _bare(scope: Scope) -> Scope:
    """The handshake's scope, without what is meant for one request: operations bring their own idempotency keys."""
    return {**scope, "headers": [(name, value) for name, value in scope["headers"] if name != b"idempotency-key"]}


def _with_token(scope: Scope, message: Init) -> Scope:
    """The scope as whoever sent `message`: its payload's Authorization stands above the handshake's, which no browser
    can set. Raises _Closed."""
    given = [value for name, value in message.payload.items() if name.lower() == "authorization" and value is not None]
    if not given:
        return scope
    (token, *more) = given
    if more or not isinstance(token, str) or not token.isascii():
        raise _Closed(forbidden("Authorization is one text, as in the header."))
    kept = [(name, value) for name, value in Headers(scope=scope).raw if name != b"authorization"]
    return {**scope, "headers": [*kept, (b"authorization", token.encode("ascii"))]}
