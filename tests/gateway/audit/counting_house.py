"""A shop whose mutations go right, are refused and fail, with the audit log around it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import strawberry
from graphql import GraphQLError

from domains.vocabulary import Record, Refusal
from gateway.audit import Audit, AuditRecord, AuditSettings
from gateway.audit.reading import AuditQuery, in_order
from gateway.database import open_database
from gateway.engine import Answer, Engine
from gateway.http import Admitted, GraphQLRequest
from gateway.http.admitted import let_in, run
from gateway.limits import Refusal as TooMuch
from gateway.limits import Refused
from resolvers.context import Caller
from resolvers.written import Written, written

ADA = Caller("login:ada", "storefront", frozenset(), "cust-00001", None)  # type: ignore[arg-type]  # a plain id
NOBODY = Caller("anonymous", "storefront", frozenset(), None, None)
SCOPE: dict[str, Any] = {"client": ("203.0.113.7", 4711)}


class Sold(Record, frozen=True, kw_only=True):
    id: str
    order_id: str


class SoldOut(Refusal, frozen=True, kw_only=True):
    code: ClassVar[str] = "SOLD_OUT"


@dataclass
class Shop:
    """What the resolvers need; the context of the operations."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)


Info = strawberry.Info[Shop, None]


@strawberry.type
class Query:
    @strawberry.field
    def hello(self) -> str:
        return "hello"


def _note(info: Info, answer: Record | None, *, replayed: bool = False) -> None:
    """What a keyed mutation writes down of itself."""
    if (notes := written.get()) is not None:
        notes[str(info.path.key)] = Written(f"key-{info.path.key}", answer, replayed)


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def sell(self, info: Info, secret: str = "") -> int:
        _note(info, Sold(id="sale-1", order_id="ord-1"))
        return len(secret)

    @strawberry.mutation
    async def repeat(self, info: Info) -> int:
        _note(info, Sold(id="sale-1", order_id="ord-1"), replayed=True)
        return 1

    @strawberry.mutation
    async def refuse(self, info: Info) -> int:
        _note(info, SoldOut(message="There is none left."))
        return 0

    @strawberry.mutation
    async def fail(self, info: Info) -> int | None:
        _note(info, None)
        raise GraphQLError("No.", extensions={"code": "UPSTREAM_TIMEOUT"})

    @strawberry.mutation
    async def look_first(self, info: Info) -> int:
        info.context.begun.set()
        await asyncio.Event().wait()
        return 0

    @strawberry.mutation
    async def hang(self, info: Info) -> int:
        _note(info, None)
        info.context.begun.set()
        await asyncio.Event().wait()
        return 0


def engine() -> Engine:
    return Engine(strawberry.Schema(Query, Mutation))


@asynccontextmanager
async def house(url: str, **numbers: Any) -> AsyncIterator[Audit]:
    audit = Audit(AuditSettings(**numbers), url)
    async with audit.running():
        yield audit


async def ask(
    audit: Audit,
    query: str,
    caller: Caller = ADA,
    *,
    name: str | None = None,
    shop: Shop | None = None,
    turn: Any = None,
    trusted_only: bool = False,
    it: Engine | None = None,
) -> Answer:
    """One operation of `caller`, as the endpoints run it."""
    asked = GraphQLRequest(query, name, {"secret": "hunter2"} if "$secret" in query else None)
    auditor = audit.of(caller, SCOPE)
    admitted = Admitted(shop or Shop(), auditor=auditor, trusted_only=trusted_only)
    if turn is not None:
        admitted = Admitted(shop or Shop(), auditor=auditor, turn=turn)
    it = it or engine()
    async with let_in(it, (asked,), admitted) as toll:
        return await run(it, asked, admitted, toll, only_query=False)


@asynccontextmanager
async def no_turn(_: int) -> AsyncIterator[None]:
    """A gate that lets nobody in."""
    raise Refused(TooMuch("RATE_LIMITED", "Too many.", {"retryAfterSeconds": 1}))
    yield


def recorded(url: str) -> Sequence[AuditRecord]:
    database = open_database(url, 1)
    try:
        with database.reading.connect() as connection:
            return list(in_order(connection, AuditQuery(), page=3))
    finally:
        database.close()
