"""One full-size world for every claim about it."""

from datetime import UTC, datetime

import pytest

from domains.sandbox.world import World, build_world

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def world() -> World:
    return build_world(1, NOW)
