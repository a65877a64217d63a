"""Keys from the door to the ledger: the whole app before a retailer that is a fake."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from gateway.app import build_app
from gateway.settings import Settings, build
from resolvers.context import Retail
from tests.resolvers.test_mutations import HOLD, hold
from tests.resolvers.world import World

SYSTEMS = {role: {"url": "http://127.0.0.1:9"} for role in ("erp", "oms", "loyalty", "crm")}


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def gateway(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """The app, whose visitors are associates."""

    @asynccontextmanager
    async def house(_: Settings) -> AsyncIterator[Retail]:
        yield world.retail()

    app = build_app(
        build({"systems": SYSTEMS, "identity": {"anonymous": {"audience": "associate"}}}), open_retail=house
    )
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client,
    ):
        yield client


async def ask(gateway: httpx.AsyncClient, header: str | None, **given: Any) -> httpx.Response:
    headers = {} if header is None else {"Idempotency-Key": header}
    body = {"query": HOLD, "variables": {"input": hold(**given)}}
    return await gateway.post("/graphql", json=body, headers=headers)


async def test_a_header_is_as_good_as_an_argument(world: World, gateway: httpx.AsyncClient) -> None:
    """A repeat by header, quoted or bare, and one by argument are repeats of the same request, and marked."""
    first = await ask(gateway, '"k1"', idempotencyKey=None)
    assert "idempotent-replayed" not in first.headers
    assert "replayed" not in first.json().get("extensions", {})
    for again in (await ask(gateway, "k1", idempotencyKey=None), await ask(gateway, None, idempotencyKey="k1")):
        assert again.headers["idempotent-replayed"] == "true"
        assert again.json()["extensions"]["replayed"] == ["loyaltyRedemptionHold"]
        assert again.json()["data"] == first.json()["data"]
    assert len(world.written) == 1


async def test_a_header_is_of_its_own_request_alone(world: World, gateway: httpx.AsyncClient) -> None:
    """Of many requests at once each is carried out under its own header, and one without a header has no key."""
    names = [f"k{number}" for number in range(20)]
    answers = await asyncio.gather(*(ask(gateway, name, idempotencyKey=None) for name in [*names, None]))
    assert len({key for _, key in world.written}) == len(world.written) == 20
    *kept, without = (answer.json() for answer in answers)
    assert {one["data"]["loyaltyRedemptionHold"]["__typename"] for one in kept} == {"LoyaltyRedemption"}
    assert without["errors"][0]["extensions"]["inputPath"] == ["input", "idempotencyKey"]


async def test_a_broken_header_is_told_before_anything_runs(world: World, gateway: httpx.AsyncClient) -> None:
    """Whoever sends a key that cannot be one is told so at once."""
    answer = await ask(gateway, '"k1')
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert world.written == []


async def test_a_journal_that_is_away_is_a_coded_error(world: World, gateway: httpx.AsyncClient) -> None:
    """Nothing is accepted without the journal, and the client reads why without any of its insides."""
    world.journal.failing = {"begin"}
    (error,) = (await ask(gateway, None)).json()["errors"]
    assert error["extensions"] == {"code": "JOURNAL_UNAVAILABLE", "retryable": True}
    assert "Nothing was accepted" in error["message"]
