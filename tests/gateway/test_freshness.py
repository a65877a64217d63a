"""How old an answer is, as its readers and the caches on the way learn it over HTTP."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from domains.vocabulary import FreshnessTier, Reading, SystemRole, UpstreamTimeout
from gateway.app import build_app
from gateway.policies import KEPT
from gateway.settings import Settings, build
from resolvers.context import Retail
from resolvers.ownership import public_reads
from tests.resolvers.world import World

AGE_S = 2.5
TOKEN = {"sha256": hashlib.sha256(b"till").hexdigest(), "subject": "till-17", "audience": "associate"}
SYSTEMS = {role: {"url": "http://127.0.0.1:9"} for role in ("erp", "oms", "loyalty", "crm")}
PRODUCT = '{ product(sku: "SKU-1") { sku availability { status } } }'


def aged(fetch: Any, max_age_s: float) -> Any:
    """A read whose answers were observed AGE_S ago, whatever the hour."""

    async def read(keys: frozenset[Any], /) -> dict[Any, Reading[Any]]:
        at = datetime.now(UTC).timestamp() - AGE_S
        found = await fetch(keys)
        return {key: Reading(one.value, "oms:test", FreshnessTier.FRESH, at, max_age_s) for key, one in found.items()}

    return read


@asynccontextmanager
async def serving(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """The app over the world: stock is fresh for 5 s, products for 300."""
    retail = world.retail()
    retail = replace(
        retail,
        products=replace(retail.products, by_sku=aged(retail.products.by_sku, 300.0)),
        inventory=replace(retail.inventory, stock=aged(retail.inventory.stock, 5.0)),
    )

    @asynccontextmanager
    async def house(_: Settings) -> AsyncIterator[Retail]:
        yield retail

    app = build_app(build({"systems": SYSTEMS, "identity": {"tokens": [TOKEN]}}), open_retail=house)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client,
    ):
        yield client


async def ask(world: World, query: str, headers: dict[str, str] | None = None, *, get: bool = False) -> httpx.Response:
    async with serving(world) as client:
        if get:
            return await client.get("/graphql", params={"query": query}, headers=headers)
        return await client.post("/graphql", json={"query": query}, headers=headers)


@pytest.mark.parametrize("get", [True, False])
async def test_an_answer_says_how_old_it_is(get: bool) -> None:
    """The extension and the headers give the same numbers: the oldest part, and when the first part goes stale."""
    answer = await ask(World(), PRODUCT, get=get)
    assert answer.json()["extensions"]["freshness"] == {
        "tier": "FRESH",
        "ageSeconds": 2,
        "maxAgeSeconds": 5,
        "paths": {"product": "FRESH", "product.availability": "FRESH"},
    }
    assert answer.headers["cache-control"] == "public, max-age=5"
    assert answer.headers["age"] == "2"
    assert answer.headers["vary"] == "Accept, Authorization, Origin"


@pytest.mark.parametrize(
    ("query", "headers", "expected"),
    [
        (PRODUCT, {"Authorization": "Bearer till"}, "private, no-store"),
        ("{ __typename }", {}, "no-store"),
        ("{ me { id } }", {}, "no-store"),
        ('{ products(skus: ["SKU-1", "unknown"]) { sku } }', {}, "no-store"),
        ('{ product(sku: "SKU-1") { sku } order(id: "ord-000001") { id } }', {}, "no-store"),
        (
            '{ orderByNumber(orderNumber: "R000000001", email: "ada@example.test", postalCode: "60311") { id } }',
            {},
            "no-store",
        ),
        ('{ product(sku: "") { sku } }', {}, "no-store"),
        ("{ nope }", {}, "no-store"),
        (
            'mutation { loyaltyRedemptionVoid(input: {redemptionId: "red-1", idempotencyKey: "k"}) { __typename } }',
            {},
            "no-store",
        ),
    ],
    ids=["token", "unread", "nobody", "missing", "hidden", "proven", "wrong", "invalid", "mutation"],
)
async def test_what_no_cache_may_keep(query: str, headers: dict[str, str], expected: str) -> None:
    """Tokens, what belongs to somebody, what is missing, errors and writes are kept by no cache."""
    answer = await ask(World(), query, headers)
    assert answer.headers["cache-control"] == expected
    assert "age" not in answer.headers


async def test_a_failing_part_is_not_kept() -> None:
    """An answer with an error is not kept, and still says how old the rest of it is."""
    world = World()
    world.fail(UpstreamTimeout(SystemRole.OMS, "stock"), "inventory.stock")
    answer = await ask(world, PRODUCT)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["extensions"]["freshness"]["paths"] == {"product": "FRESH"}


async def test_nothing_read_says_nothing() -> None:
    """An answer that asked no system has no freshness."""
    assert "extensions" not in (await ask(World(), "{ __typename }")).json()


def test_public_is_what_the_pantry_keeps_for_everybody() -> None:
    """The reads that make an answer public are those that the pantry shares among all callers. What stands in for one
    of them behind its port is no read of its own."""
    shared = {name for name, row in KEPT.items() if not row.private and not name.startswith("projection.")}
    assert set(public_reads(World().retail())) == shared
