"""The endpoint: status codes, media types, methods, and what a client reads of an error."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.types import Scope

from domains.upstream import Deadline
from gateway.engine import Answer, Engine
from gateway.http import Admitted, GraphQLEndpoint, HttpFault, HttpSettings
from gateway.identity import Unauthenticated
from tests.gateway.http.corner_shop import SECRET, Counter, client, schema, shop

GRAPHQL = "application/graphql-response+json"
LEGACY = "application/json"
COERCION = "query Q($text: String!) { echo(text: $text) }"


@pytest.mark.parametrize(
    ("query", "modern", "legacy", "data"),
    [
        ("{ hello }", 200, 200, {"hello": "hello"}),
        ("{ boom hello }", 294, 200, {"boom": None, "hello": "hello"}),
        ("{ boomRequired }", 294, 200, None),
        ("{", 400, 200, "absent"),
        ("{ nope }", 400, 200, "absent"),
        (COERCION, 400, 200, "absent"),
        ("query A { hello } query B { hello }", 400, 200, "absent"),
        ("subscription { ticks }", 400, 400, "absent"),
    ],
)
async def test_status_by_media_type(query: str, modern: int, legacy: int, data: object) -> None:
    """With the specification's type the status tells what happened; old clients get 200. No data unless it ran."""
    async with client(shop(Counter())) as http:
        for accept, status in ((GRAPHQL, modern), (LEGACY, legacy)):
            response = await http.post("/", json={"query": query}, headers={"accept": accept})
            assert response.status_code == status
            assert response.headers["content-type"] == f"{accept}; charset=utf-8"
            varied = (response.headers["vary"], response.headers["cache-control"])
            assert varied == ("Accept, Authorization", "no-store")
            assert response.json().get("data", "absent") == data


async def test_the_draft_to_the_letter_and_plain_200() -> None:
    """422 for what was parsed and is wrong, and 200 for partial answers, are a setting away; syntax stays 400."""
    numbers = HttpSettings(unprocessable_status=422, partial_status=200)
    async with client(shop(Counter(), settings=numbers)) as http:
        queries = ("{", "{ nope }", COERCION, "query A { hello } query B { hello }", "{ boom }")
        sent = [await http.post("/", json={"query": query}, headers={"accept": GRAPHQL}) for query in queries]
    assert [response.status_code for response in sent] == [400, 422, 422, 422, 200]


async def test_unacceptable_is_406_and_runs_nothing() -> None:
    """A client that takes neither media type is told which there are."""
    counter = Counter()
    async with client(shop(counter)) as http:
        response = await http.post("/", json={"query": "mutation { sell }"}, headers={"accept": "text/html"})
    assert (response.status_code, counter.sold) == (406, 0)
    assert response.json()["errors"][0]["extensions"]["code"] == "NOT_ACCEPTABLE"


async def test_get_runs_queries() -> None:
    """GET takes all four parameters; empty ones count as absent."""
    parameters = {"query": COERCION, "variables": '{"text":"a+b"}', "operationName": "Q", "extensions": ""}
    async with client(shop(Counter())) as http:
        response = await http.get("/", params=parameters)
    assert response.json() == {"data": {"echo": "a+b"}}


@pytest.mark.parametrize("accept", [GRAPHQL, LEGACY])
@pytest.mark.parametrize("query", ["mutation { sell }", "mutation { nope }", "subscription { ticks }"])
async def test_get_runs_nothing_else(query: str, accept: str) -> None:
    """A mutation by GET is 405 with Allow, for every client, valid or not, and nothing is sold."""
    counter = Counter()
    async with client(shop(counter)) as http:
        response = await http.get("/", params={"query": query}, headers={"accept": accept})
    assert (response.status_code, response.headers["allow"], counter.sold) == (405, "POST", 0)


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ("", "query is the text"),
        ("query=%FF", "form-encoded UTF-8"),
        ("query={hello}&query={boom}", "is given once"),
        ("query={hello}&variables=[1]", "variables is a JSON object"),
        ("query={hello}&variables={", "The parameter variables is not valid JSON"),
        ("query={hello}&extensions=" + "[" * 40 + "]" * 40, "The parameter extensions may be nested 32 levels"),
        ("query={hello}" + "&x=1" * 40, "at most 32 parameters"),
    ],
)
async def test_bad_parameters_get_400(parameters: str, told: str) -> None:
    """Parameters that are doubled, of the wrong type, too many or not UTF-8 are refused, and it is said which."""
    async with client(shop(Counter())) as http:
        response = await http.get(f"/?{parameters}")
    assert response.status_code == 400
    assert told in response.json()["errors"][0]["message"]


async def test_methods() -> None:
    """Other methods get 405 with Allow, OPTIONS says what there is."""
    async with client(shop(Counter())) as http:
        put = await http.put("/", json={"query": "{ hello }"})
        options = await http.options("/")
    assert (put.status_code, put.headers["allow"]) == (405, "GET, POST, OPTIONS")
    assert (options.status_code, options.headers["allow"]) == (204, "GET, POST, OPTIONS")


@pytest.mark.parametrize(
    "query",
    ["{ boom }", "{ boomRequired }", "{ late }", "{ throttled }", "{ uncoded }", "{ shelf }", "{ unencodable }"],
)
async def test_nothing_of_ours_leaks(query: str) -> None:
    """Exception texts, upstream details and returned values that do not fit never reach the client."""
    async with client(shop(Counter())) as http:
        response = await http.post("/", json={"query": query})
    assert response.json()["errors"][0]["extensions"]["code"]
    for word in (SECRET, "hunter2", "RuntimeError", "Traceback", "object at"):
        assert word not in response.text


async def test_numbers_beyond_64_bits_go_out_exactly() -> None:
    """What the fast encoder refuses is written by the slow one."""
    async with client(shop(Counter())) as http:
        response = await http.post("/", json={"query": "{ big }"})
    assert json.loads(response.text) == {"data": {"big": 2**80}}


@pytest.mark.parametrize(
    "query", ["{ __schema { types { name } } }", '{ a: __type(name: "Item") { name } }', "{ _service { sdl } }"]
)
async def test_schema_is_closed_to_strangers(query: str) -> None:
    """Without permission none of the three ways to the schema answers, and __typename still does."""
    async with client(shop(Counter(), may_introspect=False)) as http:
        closed = await http.post("/", json={"query": query})
        typename = await http.post("/", json={"query": "{ __typename }"})
    async with client(shop(Counter(), may_introspect=True)) as http:
        open_ = await http.post("/", json={"query": query})
    assert closed.json()["errors"][0]["extensions"]["code"] == "INTROSPECTION_FORBIDDEN"
    assert typename.json() == {"data": {"__typename": "Query"}}
    assert "errors" not in open_.json()


@pytest.mark.parametrize(
    ("limit", "query"),
    [
        ("aliases", "{" + " ".join(f"a{number}: hello" for number in range(900)) + "}"),
        ("operations", " ".join(f"query Q{number} {{ __typename }}" for number in range(500))),
        ("tokens", "{" + " hello" * 10_000 + "}"),
        ("depth", '{ item(sku: "a")' + " { siblings" * 60 + " { sku }" + " }" * 61),
    ],
)
async def test_costly_documents_are_refused_at_once(limit: str, query: str) -> None:
    """Documents that hang a server which runs them are refused by name, and a resolver never sees them."""
    counter = Counter()
    async with client(shop(counter, settings=HttpSettings(request_timeout_s=1))) as http:
        response = await http.post("/", json={"query": query})
    found = [error["extensions"] for error in response.json()["errors"]]
    assert {one["code"] for one in found} == {"DOCUMENT_TOO_LARGE"}
    assert {one["limit"] for one in found} >= {limit}


async def test_no_suggestions_unless_allowed() -> None:
    """A misspelt name is not corrected for a stranger, in the document or in variables."""
    async with client(shop(Counter())) as http:
        quiet = await http.post("/", json={"query": '{ helo item(sku: "a") }'})
    async with client(shop(Counter(), engine=Engine(schema(), suggestions=True))) as http:
        loud = await http.post("/", json={"query": "{ helo }"})
    assert "Did you mean" not in quiet.text
    assert "Did you mean" in loud.text


async def test_the_deadline_is_the_context_s_and_only_shortened() -> None:
    """Resolvers see the deadline of the settings; a caller may ask for less and never for more; nonsense is ignored."""
    async with client(shop(Counter(), settings=HttpSettings(request_timeout_s=2))) as http:
        sent = [
            await http.post("/", json={"query": "{ remainingMs }"}, headers={"x-request-deadline-ms": asked})
            for asked in ("60000", "500", "-1", "soon", "0", "9" * 5000)
        ]
    remaining = [response.json()["data"]["remainingMs"] for response in sent]
    assert 250 < remaining[1] <= 500
    assert all(1000 < remaining[index] <= 2000 for index in (0, 2, 3, 4, 5))


async def test_the_cap_cancels_and_says_so() -> None:
    """What still runs after the deadline and its grace is cancelled, closed, and answered by a coded 504."""
    counter = Counter()
    numbers = HttpSettings(request_timeout_s=0.02, request_grace_s=0.02)
    async with client(shop(counter, settings=numbers)) as http:
        response = await http.post("/", json={"query": "{ wait }"}, headers={"accept": GRAPHQL})
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (
        504,
        "REQUEST_DEADLINE_EXCEEDED",
    )
    assert (counter.cancelled, counter.closed) == (1, 1)


async def test_unknown_token_is_401_and_a_refusal_keeps_its_status() -> None:
    """What the opening of the context refuses is told with its own status, code and headers."""

    @asynccontextmanager
    async def stranger(_: Scope, deadline: Deadline) -> AsyncIterator[Admitted]:
        raise Unauthenticated("The bearer token is not known here.")
        yield Admitted(None)

    @asynccontextmanager
    async def busy(_: Scope, deadline: Deadline) -> AsyncIterator[Admitted]:
        raise HttpFault(429, "TOO_MANY_REQUESTS", "Wait a second.", headers={"Retry-After": "1"})
        yield Admitted(None)

    engine = Engine(schema())
    async with client(GraphQLEndpoint(engine, stranger)) as http:
        unknown = await http.post("/", json={"query": "{ hello }"})
    async with client(GraphQLEndpoint(engine, busy)) as http:
        slow_down = await http.post("/", json={"query": "{ hello }"})
    assert (unknown.status_code, unknown.headers["www-authenticate"].split()[0]) == (401, "Bearer")
    assert unknown.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert (slow_down.status_code, slow_down.headers["retry-after"]) == (429, "1")


async def test_a_caller_s_own_engine_and_extensions() -> None:
    """The door may choose another view of the schema for a caller, and add to the response's extensions."""
    seen: list[Answer] = []

    def worst_tier(answer: Answer) -> dict[str, object]:
        seen.append(answer)
        return {"freshness": "LIVE"}

    @asynccontextmanager
    async def partner(_: Scope, deadline: Deadline) -> AsyncIterator[Admitted]:
        yield Admitted(Counter(), engine=other, extensions=worst_tier)

    other = Engine(schema())
    endpoint = GraphQLEndpoint(Engine(schema()), partner)
    async with client(endpoint) as http:
        response = await http.post("/", json={"query": "{ hello }"})
    assert response.json() == {"data": {"hello": "hello"}, "extensions": {"freshness": "LIVE"}}
    assert (len(other.operations), len(seen)) == (1, 1)


async def test_requests_run_side_by_side() -> None:
    """One that waits does not hold up the next."""
    counter = Counter()
    async with client(shop(counter)) as http, asyncio.timeout(5):
        waiting = asyncio.ensure_future(http.post("/", json={"query": "{ wait }"}))
        await counter.waiting.wait()
        quick = await http.post("/", json={"query": "{ hello }"})
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert quick.json() == {"data": {"hello": "hello"}}


@pytest.mark.parametrize(("accept", "status"), [(GRAPHQL, 294), (LEGACY, 200)])
async def test_an_answer_that_is_too_large_is_not_sent(accept: str, status: int) -> None:
    """What it would have been is told as a number of bytes; the next one, which asks for less, is answered."""
    async with client(shop(Counter(), settings=HttpSettings(answer_max_bytes=200))) as http:
        for text, found in (("a" * 201, "ANSWER_TOO_LARGE"), ("a", None)):
            sent = {"query": COERCION, "variables": {"text": text}}
            response = await http.post("/", json=sent, headers={"accept": accept})
            told = response.json()
            if found is None:
                assert (response.status_code, told) == (200, {"data": {"echo": text}})
            else:
                assert (response.status_code, told["data"]) == (status, None)
                assert told["errors"][0]["extensions"] == {"code": found, "found": 221, "limit": 200}
                assert response.headers["cache-control"] == "no-store"
