"""An OMS with a world of its own for each test, and a clock the test can move."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from domains.sandbox import oms
from domains.sandbox.chassis import STILL, build_app
from domains.sandbox.world import SMALL, World, build_world
from tests.domains.sandbox.contracts import Contract

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
CONTRACT = Contract.of("OMS")


class MovableClock:
    """Stands still until moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Oms:
    """Speaks to the service as a caller would, and holds every answer against the contract."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._keys = itertools.count(1)

    async def ask(self, path: str, body: dict[str, Any]) -> Any:
        """The answer of a read."""
        response = await self._client.post(path, json=body)
        answer = CONTRACT.judge(path, response)
        assert response.status_code == 200, answer
        return answer

    async def refused(self, path: str, body: dict[str, Any], id_: str = "") -> tuple[int, str, dict[str, Any]]:
        """Status, code and members of a refusal."""
        response = await self._send(path, body, id_, None)
        answer = CONTRACT.judge(path, response)
        assert response.status_code >= 400, answer
        return response.status_code, answer["code"], answer

    async def write(self, path: str, body: dict[str, Any], id_: str = "", *, key: str | None = None) -> Any:
        """The answer of a write, under a key of its own unless one is given."""
        response = await self._send(path, body, id_, key)
        answer = CONTRACT.judge(path, response)
        assert response.status_code == 200, answer
        return answer

    async def stock(self, sku: str, location_id: str | None) -> Any:
        """The one position asked for."""
        asked = {"keys": [{"sku": sku, "locationId": location_id}]}
        return (await self.ask("/v1/stock/lookup", asked))["items"][0]

    async def _send(self, path: str, body: dict[str, Any], id_: str, key: str | None) -> httpx.Response:
        headers = {"Idempotency-Key": key or f"key-{next(self._keys)}"}
        return await self._client.post(path.replace("{id}", id_), json=body, headers=headers)


@pytest.fixture
def world() -> World:
    return build_world(1, NOW, SMALL)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def client(world: World, clock: MovableClock) -> httpx.AsyncClient:
    app = build_app("OMS", oms.routes(world, clock), STILL, clock)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://oms")


@pytest.fixture
def service(client: httpx.AsyncClient) -> Oms:
    return Oms(client)
