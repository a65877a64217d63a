"""The endpoint in front of answers that are kept: what a request for one goes through, and what it does not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import strawberry
from starlette.types import Scope

from domains.upstream import Deadline
from gateway.answers import Answers, AnswerSettings, Lifetime
from gateway.engine import Engine, Toll
from gateway.http import Admitted, GraphQLEndpoint, GraphQLRequest, HttpSettings, LastResort
from gateway.limits import Refused
from gateway.limits.refusals import too_many
from tests.gateway.http.corner_shop import client

NOW = 1_772_446_530.0


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
    full: bool = False
    public: bool = True
    caller: str | None = "visitor"
    answers: Answers = field(init=False)

    def __post_init__(self) -> None:
        self.answers = Answers(AnswerSettings(), lambda: self.now)


Info = strawberry.Info[Shop, None]


@strawberry.type
class Query:
    @strawberry.field
    async def shown(self, info: Info, sku: str = "a") -> str:
        info.context.shown += 1
        info.context.answers.read("stock", [sku], 60.0)
        return sku

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
        return replace(asked, trusted="# mine" not in asked.query)

    async def ran(self, asked: GraphQLRequest) -> None: ...


def open_shop(shop: Shop, settings: HttpSettings | None = None) -> httpx.AsyncClient:
    async def toll(*_: object) -> None:
        shop.paid += 1

    @asynccontextmanager
    async def turn(operations: int) -> AsyncIterator[Toll | None]:
        shop.turns += operations
        if shop.full:
            raise Refused(too_many(1))
        yield toll

    @asynccontextmanager
    async def open_context(_: Scope, __: Deadline) -> AsyncIterator[Admitted]:
        yield Admitted(
            shop,
            turn=turn,
            caller=shop.caller,
            extensions=lambda _: Life().told(),
            lifetime=Life,
            may_be_shared=lambda: shop.public,
            shared_reads=lambda: {"stock"},
        )

    engine = Engine(strawberry.Schema(Query, Mutation))
    endpoint = GraphQLEndpoint(engine, open_context, settings or HttpSettings(), Trusted(), shop.answers)
    return client(LastResort(endpoint))


async def sent(http: httpx.AsyncClient, query: str = "{ shown }", **more: Any) -> httpx.Response:
    return await http.post("/", json={"query": query, **more})


async def test_what_is_kept_is_given_without_running_or_paying() -> None:
    """The turn at the gate is taken each time; nothing is resolved, and nothing is held of anybody's budget."""
    shop = Shop()
    async with open_shop(shop) as http:
        first = await sent(http)
        shop.now += 7
        again = await sent(http)
        by_get = await http.get("/", params={"query": "{ shown }"})
    assert (shop.shown, shop.paid, shop.turns) == (1, 1, 3)
    assert first.json() == {"data": {"shown": "a"}, "extensions": {"ageSeconds": 0}}
    assert again.json() == by_get.json() == {"data": {"shown": "a"}, "extensions": {"ageSeconds": 7}}
    assert (again.headers["age"], again.headers["cache-control"]) == ("7", "public, max-age=60")


async def test_who_asks_too_often_is_refused_all_the_same() -> None:
    """A limit that would not count what is kept would be none."""
    shop = Shop()
    async with open_shop(shop) as http:
        await sent(http)
        shop.full = True
        assert (await sent(http)).status_code == 429


async def test_the_media_type_is_each_clients_own() -> None:
    """The same bytes under the type that was asked for."""
    shop = Shop()
    async with open_shop(shop) as http:
        first = await sent(http)
        modern = await http.post(
            "/", json={"query": "{ shown }"}, headers={"Accept": "application/graphql-response+json"}
        )
    assert modern.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    assert (modern.content, shop.shown) == (first.content, 1)


async def test_nothing_else_is_kept() -> None:
    """Own texts, tokens, callers who are nobody's equals, what is private, what fails: each is run for who asks."""
    for shop, query, headers in (
        (Shop(), "{ shown } # mine", {}),
        (Shop(), "{ shown }", {"Authorization": "Bearer ada"}),
        (Shop(caller=None), "{ shown }", {}),
        (Shop(public=False), "{ shown }", {}),
        (Shop(), "{ broken }", {}),
    ):
        async with open_shop(shop) as http:
            for _ in range(2):
                await http.post("/", json={"query": query}, headers=headers)
        assert shop.shown == 2, (query, headers)


async def test_a_mutation_is_never_given_again() -> None:
    """Trusted or not, what changes something changes it each time."""
    shop = Shop()
    async with open_shop(shop) as http:
        answers = [(await sent(http, "mutation { sell }")).json()["data"] for _ in range(2)]
    assert answers == [{"sell": 1}, {"sell": 2}]


async def test_a_batch_is_run_as_ever() -> None:
    """Operations in one request are for one caller, and share what they read anyway."""
    shop = Shop()
    async with open_shop(shop, HttpSettings(batch_max=2)) as http:
        for _ in range(2):
            await http.post("/", json=[{"query": "{ shown }"}] * 2)
    assert shop.shown == 4


async def test_tags_are_for_get() -> None:
    """A public answer to a GET has one, kept or not; to a POST there is nothing to compare it with."""
    shop = Shop()
    async with open_shop(shop) as http:
        own = await http.get("/", params={"query": "{ shown } # mine"})
        same = await http.get("/", params={"query": "{ shown } # mine"}, headers={"If-None-Match": own.headers["etag"]})
        posted = await http.post("/", json={"query": "{ shown }"}, headers={"If-None-Match": "*"})
        shop.public = False
        private = await http.get("/", params={"query": "{ shown } # mine"}, headers={"If-None-Match": "*"})
    assert (same.status_code, same.content) == (304, b"")
    assert (posted.status_code, "etag" in posted.headers) == (200, False)
    assert (private.status_code, "etag" in private.headers) == (200, False)
