"""The floor plan: which address answers what, to whom."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx
import pytest

from gateway.app import build_app
from gateway.http import Drain, Kept
from gateway.identity.doorkeeper import callers_of
from gateway.settings import Settings, build
from resolvers.context import Retail

TOKEN = {
    "sha256": hashlib.sha256(b"till").hexdigest(),
    "subject": "till-17",
    "audience": "associate",
    "store": "store-017",
}
SYSTEMS = {role: {"url": "http://127.0.0.1:9"} for role in ("erp", "oms", "loyalty", "crm")}
opened: list[str] = []


@asynccontextmanager
async def empty_house(_: Settings) -> AsyncIterator[Retail]:
    """A house nobody enters: these tests ask nothing of the outside systems."""
    opened.append("opened")
    yield cast("Retail", object())
    opened.append("closed")


@asynccontextmanager
async def serving(drain: Drain | None = None, **given: Any) -> AsyncIterator[httpx.AsyncClient]:
    settings = build({"systems": SYSTEMS, "identity": {"tokens": [TOKEN]}, **given})
    app = build_app(settings, drain=drain, open_retail=empty_house)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client,
    ):
        yield client


async def test_the_house_is_open_as_long_as_the_app() -> None:
    """The outside systems are opened before the first request and closed after the last."""
    opened.clear()
    async with serving() as client:
        assert opened == ["opened"]
        assert (await client.get("/livez")).status_code == 200
    assert opened == ["opened", "closed"]


async def test_graphql_is_answered_with_a_correlation_id() -> None:
    """A query is answered, and the answer carries the caller's correlation id."""
    async with serving() as client:
        answer = await client.post("/graphql", json={"query": "{ __typename }"}, headers={"X-Correlation-Id": "mine"})
    assert answer.json() == {"data": {"__typename": "Query"}}
    assert answer.headers["x-correlation-id"] == "mine"


@pytest.mark.parametrize("headers", [[("Authorization", "Bearer guess")], [("Authorization", "Bearer till")] * 2])
async def test_a_caller_we_do_not_know_is_turned_away(headers: list[tuple[str, str]]) -> None:
    """An unknown token, or two headers that each name somebody, is a coded 401 with a challenge."""
    async with serving() as client:
        answer = await client.post("/graphql", json={"query": "{ __typename }"}, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert answer.headers["www-authenticate"].startswith("Bearer ")


async def test_a_caller_we_know_is_let_in() -> None:
    """The bearer of a known token is answered."""
    async with serving() as client:
        headers = {"Authorization": "Bearer till"}
        assert (await client.post("/graphql", json={"query": "{ __typename }"}, headers=headers)).status_code == 200


async def test_readiness_follows_the_drain() -> None:
    """Once the process is going down, /readyz says 503 while /livez and queries are still answered."""
    drain = Drain()
    async with serving(drain) as client:
        assert (await client.get("/readyz")).status_code == 200
        drain.begin()
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/livez")).status_code == 200
        assert (await client.post("/graphql", json={"query": "{ __typename }"})).status_code == 200


async def test_figures_are_told_where_the_settings_say_so() -> None:
    """/metrics is nowhere by default; where it is open it has the lag of the loop and the memory of the process."""
    async with serving() as client:
        assert (await client.get("/metrics")).status_code == 404
    async with serving(metrics={"enabled": True}) as client:
        told = await client.get("/metrics")
    assert told.headers["content-type"].startswith("text/plain")
    for name in (
        "retailgraph_event_loop_lag_seconds",
        "retailgraph_worker_resident_bytes",
        "retailgraph_whole_answers",
    ):
        assert f"# HELP {name}" in told.text


async def test_people_find_the_explorer_and_the_schema() -> None:
    """By default / is the page and /schema.graphql the SDL, and introspection is answered."""
    async with serving() as client:
        assert (await client.get("/")).headers["content-type"].startswith("text/html")
        assert "type Query" in (await client.get("/schema.graphql")).text
        answer = await client.post("/graphql", json={"query": "{ __schema { queryType { name } } }"})
        assert answer.json() == {"data": {"__schema": {"queryType": {"name": "Query"}}}}


async def test_a_deployment_may_keep_its_schema_to_itself() -> None:
    """Switched off, the page and the schema are not there, introspection is refused, and queries still work."""
    async with serving(explorer={"enabled": False, "introspection": False}) as client:
        for address in ("/", "/explorer.json", "/explorer/explorer.js", "/schema.graphql"):
            assert (await client.get(address)).status_code == 404
        answer = await client.post("/graphql", json={"query": "{ __schema { queryType { name } } }"})
        assert answer.json()["errors"][0]["extensions"]["code"] == "INTROSPECTION_FORBIDDEN"
        answer = await client.post("/graphql", json={"query": "{ prodct(sku: 1) { name } }"})
        assert "Did you mean" not in answer.text


def test_a_token_becomes_its_caller() -> None:
    """Each field of a token in the settings reaches the caller."""
    token = {**TOKEN, "scopes": ["returns"], "customer": "cust-00001"}
    identity = build({"systems": SYSTEMS, "identity": {"tokens": [token]}}).identity
    caller = callers_of(identity).caller("Bearer till")
    assert (caller.subject, caller.audience, caller.scopes) == ("till-17", "associate", frozenset({"returns"}))
    assert (caller.customer_id, caller.store_id) == ("cust-00001", "store-017")


@pytest.mark.parametrize("enabled", [True, False])
def test_without_whole_answers_nothing_looks_for_them(enabled: bool) -> None:
    """Switched off, no request takes the short way, nor is it looked whether it might, also not by the server."""
    settings = build({"systems": SYSTEMS, "answers": {"enabled": enabled}})
    app = build_app(settings, open_retail=empty_house)
    assert (Kept in [cast("object", layer.cls) for layer in app.user_middleware]) is enabled
    assert (getattr(app, "at_once", None) is not None) is enabled
