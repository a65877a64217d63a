"""GraphQL over server-sent events, in the mode of distinct connections (github.com/enisdenjo/graphql-sse, PROTOCOL.md).

One request, one operation, one connection. Beyond the protocol, all of it ignored by clients that do not know: each
event has an id to resume from by `Last-Event-ID`, a comment keeps the connection open, and `complete` says why.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable

import orjson
from graphql import OperationType
from starlette.types import ASGIApp, Receive, Scope, Send

from domains.durable import JournalUnavailable
from gateway.engine import Answer
from gateway.http.accept import EVENTS, LEGACY, wants_events
from gateway.http.asking import Asking
from gateway.http.body import check_framing
from gateway.http.encoding import encoded
from gateway.http.errors import ClientGone, HttpFault, Reply
from gateway.http.head import head_of
from gateway.http.request import GraphQLRequest, read_request
from gateway.http.watch import WhileAwaited
from gateway.identity import Unauthenticated
from gateway.streams import (
    LAST_EVENT_ID,
    Ask,
    EndReason,
    Refused,
    SlowReader,
    Stream,
    Streams,
    TooManyStreams,
    Writer,
)

RETRY_LEAST_MS, RETRY_MOST_MS = 500, 3_000
"""When a client comes back: soon, and not all at once when a process goes down."""

_HEADERS = {
    "Content-Type": f"{EVENTS}; charset=utf-8",
    "Cache-Control": "no-store",
    "Vary": "Accept, Authorization",
    "X-Accel-Buffering": "no",  # nginx would gather events into pages of 8 KiB
}


class EventStreamEndpoint:
    """Answers who asks for events, and leaves the others to the endpoint `otherwise` at the same address."""

    def __init__(self, asking: Asking, streams: Streams, otherwise: ASGIApp) -> None:
        self._asking = asking
        self._streams = streams
        self._otherwise = otherwise

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer one HTTP request."""
        if scope["method"] in {"GET", "POST"} and wants_events(head_of(scope).joined(b"accept")):
            return self._streamed(scope, receive, send)
        return self._otherwise(scope, receive, send)

    async def _streamed(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            check_framing(scope, self._asking.settings)
            asked = await self._asking.find(
                _single(await read_request(scope, head_of(scope), receive, self._asking.settings))
            )
            with WhileAwaited(
                receive,
                limit_s=self._streams.settings.lifetime_s + 2 * self._limit_s,
                cancel_timeout_s=self._asking.settings.cancel_timeout_s,
                tell=lambda late: _refusal(late).send(send),
            ):
                await self._answered(asked, scope, send)
        except (ClientGone, SlowReader):
            return
        except HttpFault as trouble:
            await _refusal(trouble).send(send)

    @property
    def _limit_s(self) -> float:
        """How long a message may take to be answered and sent."""
        return self._asking.settings.request_timeout_s + 2 * self._streams.settings.slow_reader_s

    async def _answered(self, asked: GraphQLRequest, scope: Scope, send: Send) -> None:
        ask = self._asking.ask(asked, scope, only_query=scope["method"] == "GET")
        events = _Events(send, self._streams.settings.slow_reader_s)
        try:
            if await self._asking.kind(asked, scope) is OperationType.SUBSCRIPTION:
                await self._followed(ask, _last_event_id(asked, scope), events)
            else:
                await events.single((await ask(None, {})).body)
        except Unauthenticated as unknown:
            challenge = {"WWW-Authenticate": unknown.challenge}
            raise HttpFault(401, unknown.code, str(unknown), headers=challenge) from unknown
        except TooManyStreams as many:
            status = 503 if many.whole_process else 429
            raise HttpFault(status, many.code, str(many), headers={"Retry-After": "5"}) from many
        except JournalUnavailable as failure:
            said = "What happens cannot be followed now. Try again in a moment."
            raise HttpFault(503, failure.code, said, headers={"Retry-After": "5"}) from failure
        except Refused as refused:
            # Within an accepted stream, as the protocol has it: an EventSource is not shown the body of anything else.
            await events.single(refused.told.body)

    async def _followed(self, ask: Ask, last_event_id: str | None, events: _Events) -> None:
        async with self._streams.opened(ask, last_event_id) as stream:
            await events.begin()
            heart = asyncio.create_task(events.beat(stream, self._streams.settings.heartbeat_s), name="heartbeat")
            try:
                reason = await stream.run(events.next)
            except HttpFault as trouble:
                # Nobody can tell just now who asks, say. An answer that has begun is no refusal any more, so it ends
                # there, and the client hears why when it comes back.
                await events.cut(trouble.code)
                return
            finally:
                heart.cancel()
        await events.end(reason)


class _Events:
    """Writes events. Every chunk ends with an event: graphql-sse's parser keeps what came with half a one to itself."""

    def __init__(self, send: Send, slow_reader_s: float) -> None:
        self._writer = Writer(send, slow_reader_s)

    async def single(self, body: bytes) -> None:
        """The whole stream of an operation that has one answer."""
        await self._start()
        await self._write(b"event: next\ndata: " + body + b"\n\nevent: complete\ndata: \n\n", last=True)

    async def begin(self) -> None:
        await self._start()
        retry = random.randint(RETRY_LEAST_MS, RETRY_MOST_MS)  # noqa: S311 - spreads clients, hides nothing
        await self._write(b"retry: %d\n\n" % retry)

    async def next(self, body: bytes, event_id: int) -> None:
        await self._write(b"id: %d\nevent: next\ndata: %s\n\n" % (event_id, body))

    async def beat(self, stream: Stream, every_s: float) -> None:
        """A comment now and then, with the place up to which there was nothing to tell."""
        while True:
            await asyncio.sleep(every_s)
            seen = stream.seen
            try:
                await self._write(b":\n\n" if seen is None else b":\nid: %d\n\n" % seen)
            except SlowReader:
                stream.end(EndReason.SLOW_READER)
                return

    async def end(self, reason: EndReason) -> None:
        """Say why. What can be resumed is not called complete: clients come back by themselves then."""
        if reason.resumable:
            await self.cut(reason.value)
        else:
            await self._write(b"event: complete\ndata: " + _because(reason.value) + b"\n\n", last=True)

    async def cut(self, reason: str) -> None:
        """End what clients are to come back for."""
        await self._write(b": end " + _because(reason) + b"\n\n", last=True)

    async def _start(self) -> None:
        headers = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
        await self._writer.write({"type": "http.response.start", "status": 200, "headers": headers})

    async def _write(self, chunk: bytes, *, last: bool = False) -> None:
        await self._writer.write({"type": "http.response.body", "body": chunk, "more_body": not last})


def _because(reason: str) -> bytes:
    return orjson.dumps({"extensions": {"reason": reason}})


def _refusal(trouble: HttpFault) -> Reply:
    _, body = encoded(Answer(None, (trouble.fault,), is_request_error=True), {})
    plain = {"Content-Type": f"{LEGACY}; charset=utf-8"}
    return Reply(trouble.status, body, _HEADERS | plain | trouble.headers)


def _single(asked: GraphQLRequest | list[GraphQLRequest]) -> GraphQLRequest:
    if isinstance(asked, list):
        raise HttpFault(400, "BATCH_TOO_LARGE", "A stream answers one operation.")
    return asked


def _last_event_id(asked: GraphQLRequest, scope: Scope) -> str | None:
    """Where the client was: an EventSource sends the header by itself, others may find the extension easier."""
    header = head_of(scope).first(b"last-event-id")
    extension = asked.extensions.get(LAST_EVENT_ID)
    return header if header is not None else extension if isinstance(extension, str) else None
