"""One operation on a socket: a query or mutation, or a subscription that goes on."""

from __future__ import annotations

from typing import Protocol

import structlog
from graphql import OperationType
from starlette.types import Scope

from domains.durable import JournalUnavailable
from gateway.engine import Fault, fault
from gateway.http import Asking, HttpFault
from gateway.identity import Unauthenticated
from gateway.sockets import messages
from gateway.sockets.closing import ENDS, Close, come_back
from gateway.sockets.messages import Subscribe
from gateway.streams import LAST_EVENT_ID, Ask, EndReason, Refused, SlowReader, Stream, Streams, TooManyStreams

_log = structlog.get_logger(__name__)


class Socket(Protocol):
    """What an operation needs of its socket."""

    async def write(self, text: str) -> None:
        """Send a message. Raises SlowReader, and OSError when the client is gone."""

    def close(self, close: Close) -> None: ...


class Operation:
    """Answers one `subscribe` message. Ends with `complete` or `error`, or with the socket."""

    def __init__(
        self, asking: Asking, streams: Streams, socket: Socket, message: Subscribe, last_event_id: str | None
    ) -> None:
        self._asking = asking
        self._streams = streams
        self._socket = socket
        self._id = message.id
        self._asked = message.asked
        own = message.asked.extensions.get(LAST_EVENT_ID)
        self._last_event_id = own if isinstance(own, str) else last_event_id

    async def run(self, scope: Scope) -> None:
        """Answer until the end, however it comes."""
        try:
            self._asked = await self._asking.find(self._asked)
            ask = self._asking.ask(self._asked, scope)
            if await self._asking.kind(self._asked, scope) is OperationType.SUBSCRIPTION:
                await self._follow(ask)
            else:
                await self._answer_once(ask)
        except HttpFault as trouble:
            await self._error((trouble.fault,))
        except (SlowReader, Unauthenticated) as end:
            slow = isinstance(end, SlowReader)
            self._socket.close(ENDS[EndReason.SLOW_READER if slow else EndReason.TOKEN_EXPIRED])
        except OSError:
            return  # the client is gone

    async def refuse(self, most: int) -> None:
        """Say that so many operations already run on the socket."""
        told = f"A socket runs {most} operations at most, and so many run. Complete one, or open another socket."
        await self._error((fault(told, "TOO_MANY_OPERATIONS"),))

    async def _answer_once(self, ask: Ask) -> None:
        try:
            told = await ask(None, {})
        except HttpFault as trouble:
            await self._error((trouble.fault,))
            return
        if told.answer.is_request_error:
            await self._error(told.answer.errors)
            return
        await self._socket.write(messages.next_(self._id, told.body))
        await self._socket.write(messages.complete(self._id))

    async def _follow(self, ask: Ask) -> None:
        try:
            async with self._streams.opened(ask, self._last_event_id) as stream:
                ends = await self._streamed(stream)
        except Refused as refused:
            await self._refused(refused)
        except TooManyStreams as many:
            await self._error((fault(str(many), many.code, retryable=True),))
        except JournalUnavailable as failure:
            said = "What happens cannot be followed now. Try again in a moment."
            await self._error((fault(said, failure.code, retryable=True),))
        except HttpFault as trouble:
            await self._error((trouble.fault,))
        else:
            if isinstance(ends, Close):
                self._socket.close(ends)
            else:
                await self._socket.write(messages.complete(self._id, ends.value))

    async def _streamed(self, stream: Stream) -> Close | EndReason:
        try:
            reason = await stream.run(self._next)
        except HttpFault as trouble:
            # Nobody can tell just now who asks, say. After an error of the operation no client would come back for it.
            return come_back(trouble.code)
        return ENDS.get(reason, reason)

    async def _refused(self, refused: Refused) -> None:
        if refused.errors:
            await self._error(refused.errors)
            return
        await self._next(refused.told.body, 0)  # the one field was skipped, so there is nothing to follow
        await self._socket.write(messages.complete(self._id))

    async def _next(self, body: bytes, _: int) -> None:
        await self._socket.write(messages.next_(self._id, body))

    async def _error(self, faults: tuple[Fault, ...]) -> None:
        await self._socket.write(messages.error(self._id, faults))
