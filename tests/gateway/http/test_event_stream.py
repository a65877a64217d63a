"""Server-sent events, of which the answer has begun."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from graphql import OperationType
from starlette.types import Message, Scope

from domains.upstream import Deadline
from gateway.engine import Engine
from gateway.http import Admitted, Asking, EventStreamEndpoint, GraphQLRequest, HttpFault, HttpSettings
from gateway.limits import AudienceLimits, Gate, Payer
from gateway.streams import Ask, Streams, StreamSettings
from tests.gateway.http.corner_shop import Counter, schema
from tests.gateway.streams.news import WAIT_S, Asked, News

AWAY = HttpFault(503, "IDENTITY_UNAVAILABLE", "Try again in a moment.", headers={"Retry-After": "1"})


class Following(Asking):
    """Follows what `asked` watches, whatever the document."""

    def __init__(self, asked: Asked) -> None:
        self.settings = HttpSettings()
        self._asked = asked

    async def kind(self, *_: object) -> OperationType:
        return OperationType.SUBSCRIPTION

    async def find(self, asked: GraphQLRequest) -> GraphQLRequest:
        return asked

    def ask(self, *_: object, **__: object) -> Ask:
        return self._asked.ask


async def streamed(news: News, asked: Asked, sent: asyncio.Queue[Message]) -> None:
    """What an EventSource asks for."""

    async def receive() -> Message:
        if not read:
            read.append(True)
            return {"type": "http.request", "body": b"", "more_body": False}
        await asyncio.Event().wait()
        raise AssertionError

    async def otherwise(*_: object) -> None:
        raise AssertionError("not asked for events")

    read: list[bool] = []
    streams = Streams(StreamSettings(poll_s=0.001))
    endpoint = EventStreamEndpoint(Following(asked), streams, otherwise)
    headers = [(b"accept", b"text/event-stream")]
    scope: Scope = {"type": "http", "method": "GET", "headers": headers, "query_string": b"query=subscription{a}"}
    async with streams.running(news.journal.durable):
        await endpoint(scope, receive, sent.put)


async def test_what_cannot_go_on_ends_for_the_client_to_come_back() -> None:
    """A refusal in the middle of a stream is no second answer: it is told in the last line, and nothing is complete."""
    news, asked, sent = News(), Asked(1), asyncio.Queue[Message]()
    async with asyncio.timeout(WAIT_S):
        answering = asyncio.create_task(streamed(news, asked, sent))
        begun = [await sent.get() for _ in range(3)]
        asked.error = AWAY
        news.tell(1)
        await answering
    assert [message["type"] for message in begun] == ["http.response.start"] + ["http.response.body"] * 2
    last = sent.get_nowait()
    assert sent.empty()
    assert not last["more_body"]
    comment, _, said = last["body"].partition(b": end ")
    assert (comment, json.loads(said)) == (b"", {"extensions": {"reason": "IDENTITY_UNAVAILABLE"}})


async def test_what_cannot_begin_is_refused() -> None:
    """With its status and its code, as any other answer."""
    news, asked, sent = News(), Asked(1), asyncio.Queue[Message]()
    asked.error = AWAY
    async with asyncio.timeout(WAIT_S):
        await streamed(news, asked, sent)
    start, body = sent.get_nowait(), sent.get_nowait()
    assert start["status"] == AWAY.status
    assert (b"retry-after", b"1") in start["headers"]
    assert json.loads(body["body"])["errors"][0]["extensions"]["code"] == AWAY.code
    assert sent.empty()


async def test_a_text_is_not_read_for_whoever_may_not_ask() -> None:
    """To parse and validate one takes time: who is over their limit is turned away before that, also as a stream."""

    @asynccontextmanager
    async def open_context(_: Scope, __: Deadline) -> AsyncIterator[Admitted]:
        yield Admitted(Counter(), turn=turns.pop(0))

    gate = Gate(lambda _: AudienceLimits(burst=2, requests_per_s=0.001, anonymous_counts_as=1), clock=lambda: 0.0)
    turns = [gate.turns(Payer("ada", "storefront")) for _ in range(5)]
    engine = Engine(schema())
    asking = Asking(engine, open_context, HttpSettings())
    scope: Scope = {"type": "http"}
    for text, known in (("{ hello }", 1), ("{ hello }", 1), ("{ big }", 2), ("{ hello big }", 2)):
        asked = GraphQLRequest(text)
        if known == 2 and "hello" in text:
            with pytest.raises(HttpFault, match="requests a second"):
                await asking.kind(asked, scope)
        else:
            assert await asking.kind(asked, scope) is OperationType.QUERY
        assert len(engine.operations) == known
    assert await asking.kind(GraphQLRequest("{ hello }"), scope) is OperationType.QUERY
