"""A shop whose answers are kept: what was done in it, what its door decides, and the layers around it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import httpx
import msgspec
import strawberry
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domains.upstream import Deadline
from gateway.answers import Answers, AnswerSettings, Lifetime
from gateway.engine import Engine, Toll
from gateway.http import (
    Admitted,
    AtOnce,
    Correlation,
    CrossOrigin,
    Drain,
    Draining,
    GraphQLEndpoint,
    GraphQLRequest,
    Hardening,
    Hops,
    HttpSettings,
    Kept,
    KnownRequests,
    LastResort,
    Origins,
    TrustedProxies,
    head_of,
    idempotency_key_of,
)
from gateway.limits import Refused
from gateway.limits.refusals import too_many
from tests.gateway.http.corner_shop import client

NOW = 1_772_446_530.0
PAGE, OTHERS_PAGE = "https://shop.example", "https://partner.example"
ORIGINS = Origins(lambda _: {PAGE}, {PAGE, OTHERS_PAGE})


MUCH = 150_000
QUERY = {"query": "{ shown }"}
ID = {"X-Correlation-Id": "mine"}


@dataclass(frozen=True)
class Life:
    observed_at: float = NOW
    good_until: float = NOW + 60
    age_s: int = 0
    max_age_s: int = 60

    def later(self, now: float) -> Lifetime:
        return replace(self, age_s=int(now - self.observed_at))

    def told(self) -> Mapping[str, object]:
        return {"ageSeconds": self.age_s}


@dataclass
class Shop:
    """What was done, and what the door decides: the context of its resolvers. `now` is the hour of what is kept."""

    now: float = NOW
    shown: int = 0
    sold: int = 0
    paid: int = 0
    turns: int = 0
    passed: int = 0
    opened: int = 0
    full: bool = False
    counts_alone: bool = True
    public: bool = True
    caller: str | None = "visitor"
    answers: Answers = field(init=False)
    overtakes: Callable[[], object] = lambda: None

    def __post_init__(self) -> None:
        self.answers = Answers(AnswerSettings(), lambda: self.now)

    def passes(self) -> bool:
        """As with processes that count together, unless it `counts_alone`."""
        if self.full or not self.counts_alone:
            return False
        self.passed += 1
        return True

    async def pass_by(self) -> None:
        if self.full:
            raise Refused(too_many(1))
        self.passed += 1
        self.overtakes()


Info = strawberry.Info[Shop, None]


@strawberry.type
class Query:
    @strawberry.field
    async def shown(self, info: Info, sku: str = "a") -> str:
        info.context.shown += 1
        info.context.answers.read("stock", [sku], 60.0)
        return sku

    @strawberry.field
    async def much(self, info: Info) -> str:
        info.context.shown += 1
        info.context.answers.read("stock", ["a"], 60.0)
        return "x" * MUCH

    @strawberry.field
    async def broken(self, info: Info) -> str | None:
        info.context.shown += 1
        info.context.answers.read("stock", ["a"], 60.0)
        raise RuntimeError("bug")


@strawberry.type
class Mutation:
    @strawberry.mutation
    def sell(self, info: Info) -> int:
        info.context.sold += 1
        return info.context.sold


class Trusted:
    """Every document is trusted, but for those that say otherwise."""

    async def find(self, asked: GraphQLRequest) -> GraphQLRequest:
        return msgspec.structs.replace(asked, trusted="# mine" not in asked.query)

    async def ran(self, asked: GraphQLRequest) -> None: ...


def endpoint(shop: Shop, settings: HttpSettings | None = None) -> GraphQLEndpoint:
    async def toll(*_: object) -> None:
        shop.paid += 1

    @asynccontextmanager
    async def turn(operations: int) -> AsyncIterator[Toll | None]:
        shop.turns += operations
        if shop.full:
            raise Refused(too_many(1))
        yield toll

    @asynccontextmanager
    async def open_context(scope: Scope, __: Deadline) -> AsyncIterator[Admitted]:
        shop.opened += 1
        ORIGINS.check(scope, "visitor")
        idempotency_key_of(head_of(scope).all(b"idempotency-key"))
        yield Admitted(
            shop,
            turn=turn,
            passing=shop,
            caller=shop.caller,
            extensions=lambda _: Life().told(),
            lifetime=Life,
            may_be_shared=lambda: shop.public,
            shared_reads=lambda: {"stock"},
        )

    engine = Engine(strawberry.Schema(Query, Mutation))
    return GraphQLEndpoint(engine, open_context, settings or HttpSettings(), Trusted(), shop.answers)


def open_shop(shop: Shop, settings: HttpSettings | None = None) -> httpx.AsyncClient:
    """The endpoint, of which nothing is remembered by others."""
    return client(LastResort(endpoint(shop, settings)))


class Street:
    """The endpoint with all that stands around it in the product; `remembers`: with the short way, and `at_once` with
    the shortest."""

    def __init__(
        self, shop: Shop, settings: HttpSettings | None = None, *, drain: Drain | None = None, remembers: bool = True
    ) -> None:
        settings, drain, proxies = settings or HttpSettings(), drain or Drain(), TrustedProxies.parse(["127.0.0.1"])
        inner: ASGIApp = CrossOrigin(LastResort(endpoint(shop, settings)), ORIGINS, {"/"})
        app: ASGIApp = Hardening(Correlation(inner), hsts_max_age_s=60)
        self.at_once: AtOnce | None = None
        if remembers:
            known = KnownRequests(shop.answers, settings, {"/"})
            app = Kept(app, known)
            self.at_once = AtOnce(known, drain, proxies, "x-forwarded-for")
        self._app = Draining(Hops(app, proxies), drain)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def in_one_piece(app: ASGIApp) -> httpx.AsyncClient:
    """Sends each body as a server does that has all of it: in one piece."""

    async def in_one(scope: Scope, receive: Receive, send: Send) -> None:
        body, first = b"", True
        while (message := await receive()).get("more_body"):
            body += message["body"]

        async def received() -> Message:
            nonlocal first
            if not first:
                return await receive()
            first = False
            return {"type": "http.request", "body": body + message["body"]}

        await app(scope, received, send)

    return client(in_one)


async def asked(
    http: httpx.AsyncClient, method: str = "POST", headers: Mapping[str, str] | None = None
) -> httpx.Response:
    given = ID | dict(headers or {})
    if method == "POST":
        return await http.post("/", json=QUERY, headers={"Content-Type": "application/json"} | given)
    return await http.request(method, "/", params=QUERY, headers=given)
