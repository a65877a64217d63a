"""One subscription on a socket."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from graphql import OperationType

from gateway.http import GraphQLRequest, HttpFault
from gateway.sockets.closing import Close
from gateway.sockets.messages import Subscribe
from gateway.sockets.operation import Operation
from gateway.streams import Streams, StreamSettings
from tests.gateway.streams.news import WAIT_S, Asked, News

QUICK = StreamSettings(poll_s=0.01)


class Socket:
    """What is written, and how it was closed."""

    def __init__(self) -> None:
        self.written: asyncio.Queue[str] = asyncio.Queue()
        self.closed: Close | None = None

    async def write(self, text: str) -> None:
        self.written.put_nowait(text)

    def close(self, close: Close) -> None:
        self.closed = close


def asking(asked: Asked) -> Any:
    """An endpoint at which everything is the one subscription."""

    async def find(request: GraphQLRequest) -> GraphQLRequest:
        return request

    async def kind(*_: object) -> OperationType:
        return OperationType.SUBSCRIPTION

    return SimpleNamespace(find=find, kind=kind, ask=lambda *_: asked.ask)


async def test_who_cannot_be_known_for_a_while_is_to_come_back() -> None:
    """A stream that is under way while nobody can tell who asks ends with its socket, by a code after which clients
    come back by themselves; an error would be the end of the operation."""
    news, asked, socket, streams = News(), Asked(1), Socket(), Streams(QUICK)
    message = Subscribe("1", GraphQLRequest("subscription { x }"))
    async with asyncio.timeout(WAIT_S), streams.running(news.journal.durable):
        operation = Operation(asking(asked), streams, socket, message, None)
        running = asyncio.create_task(operation.run({}))
        assert '"next"' in await socket.written.get()
        asked.error = HttpFault(503, "IDENTITY_UNAVAILABLE", "Who asks cannot be told now.")
        news.tell(1)
        await running
    assert socket.written.empty()
    assert socket.closed == Close(1013, "IDENTITY_UNAVAILABLE")


async def test_who_cannot_be_known_at_first_is_told_so() -> None:
    """Before there is a stream the fault is the operation's own."""
    news, asked, socket, streams = News(), Asked(1), Socket(), Streams(QUICK)
    asked.error = HttpFault(503, "IDENTITY_UNAVAILABLE", "Who asks cannot be told now.")
    message = Subscribe("1", GraphQLRequest("subscription { x }"))
    async with asyncio.timeout(WAIT_S), streams.running(news.journal.durable):
        await Operation(asking(asked), streams, socket, message, None).run({})
    assert '"type":"error"' in socket.written.get_nowait()
    assert socket.closed is None
