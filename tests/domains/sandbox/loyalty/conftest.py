"""A loyalty engine of its own for each test, with a clock the test can move."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from domains.sandbox import loyalty
from domains.sandbox.chassis import STILL, build_app
from domains.sandbox.world import SMALL, World, build_world

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


class MovableClock:
    """Stands still until moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture(scope="session")
def world() -> World:
    return build_world(1, NOW, SMALL)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def client(world: World, clock: MovableClock) -> httpx.AsyncClient:
    app = build_app("LOYALTY", loyalty.routes(world, clock), STILL, clock)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://loyalty")
