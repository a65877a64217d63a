"""A schema of a few fields, each with one way of going right or wrong, and the application around it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import cast

import httpx
import strawberry
from graphql import GraphQLError
from starlette.types import ASGIApp, Scope

from domains.upstream import Deadline, correlation_id, current_deadline, traceparent
from domains.vocabulary import InvalidInput, SystemRole, UpstreamThrottled, UpstreamTimeout
from gateway.engine import Engine
from gateway.http import Admitted, Correlation, GraphQLEndpoint, HttpSettings, LastResort

SECRET = "postgresql://erp:hunter2@10.0.0.7/stock"  # what a driver's exception text holds


@dataclass
class Counter:
    """What the resolvers saw; the context of the corner shop."""

    sold: int = 0
    opened: int = 0
    closed: int = 0
    cancelled: int = 0
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    deadline: Deadline | None = None


Info = strawberry.Info[Counter, None]


@strawberry.enum
class Shelf(Enum):
    TOP = "top"


@strawberry.federation.type(keys=["sku"])
class Item:
    sku: strawberry.ID

    @strawberry.field
    def siblings(self) -> list[Item]:
        """Two more of the same: the list cycle that multiplies."""
        return [Item(sku=self.sku), Item(sku=self.sku)]


@strawberry.type
class Query:
    @strawberry.field
    def hello(self) -> str:
        return "hello"

    @strawberry.field
    def echo(self, text: str) -> str:
        return text

    @strawberry.field
    def item(self, sku: strawberry.ID) -> Item:
        return Item(sku=sku)

    @strawberry.field
    async def boom(self) -> str | None:
        raise RuntimeError(SECRET)

    @strawberry.field
    async def boom_required(self) -> str:
        raise RuntimeError(SECRET)

    @strawberry.field
    async def late(self) -> str | None:
        raise UpstreamTimeout(SystemRole.OMS, "stock", SECRET)

    @strawberry.field
    async def throttled(self) -> str | None:
        raise UpstreamThrottled(SystemRole.CRM, "profile", SECRET, retry_after_s=3)

    @strawberry.field
    async def refused(self) -> str | None:
        raise InvalidInput("quantity is at least 1", ("lines", 0, "quantity"))

    @strawberry.field
    async def coded(self) -> str | None:
        raise GraphQLError("Sign in first.", extensions={"code": "UNAUTHENTICATED"})

    @strawberry.field
    async def uncoded(self) -> str | None:
        raise GraphQLError(SECRET)

    @strawberry.field
    def shelf(self) -> Shelf | None:
        return cast("Shelf", SECRET)

    @strawberry.field
    async def big(self) -> strawberry.scalars.JSON:
        return cast("strawberry.scalars.JSON", 2**80)

    @strawberry.field
    async def unencodable(self) -> strawberry.scalars.JSON:
        return cast("strawberry.scalars.JSON", {"secret": object()})

    @strawberry.field
    async def ids(self) -> list[str | None]:
        return [correlation_id.get(), traceparent.get()]

    @strawberry.field
    async def remaining_ms(self, info: Info) -> int:
        deadline = current_deadline()
        assert deadline is not None
        assert deadline == info.context.deadline
        return round(deadline.remaining_s(asyncio.get_running_loop().time()) * 1000)

    @strawberry.field
    async def wait(self, info: Info) -> str | None:
        info.context.waiting.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            info.context.cancelled += 1
            raise
        return None


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def sell(self, info: Info, quantity: int = 1) -> int:
        info.context.sold += quantity
        return info.context.sold


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def ticks(self) -> AsyncGenerator[int, None]:
        yield 1


def schema() -> strawberry.Schema:
    return strawberry.federation.Schema(Query, Mutation, Subscription, types=[Item], federation_version="2.9")


def shop(
    counter: Counter, *, settings: HttpSettings | None = None, may_introspect: bool = True, engine: Engine | None = None
) -> ASGIApp:
    """The endpoint with the middleware that stands around it in the product."""

    @asynccontextmanager
    async def open_context(_: Scope, deadline: Deadline) -> AsyncIterator[Admitted]:
        counter.opened += 1
        counter.deadline = deadline
        try:
            yield Admitted(counter, may_introspect=may_introspect)
        finally:
            counter.closed += 1
            counter.left.set()

    endpoint = GraphQLEndpoint(engine or Engine(schema()), open_context, settings or HttpSettings())
    return Correlation(LastResort(endpoint))


def client(app: ASGIApp) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://shop")
