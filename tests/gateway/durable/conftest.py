"""A house of its own for each test, over a database of each kind."""

from collections.abc import AsyncIterator

import pytest

from tests.gateway.durable.shop import House, open_house


@pytest.fixture
async def house(url: str) -> AsyncIterator[House]:
    async with open_house(url) as opened:
        yield opened


@pytest.fixture
async def sqlite_house(sqlite_url: str) -> AsyncIterator[House]:
    async with open_house(sqlite_url) as opened:
        yield opened
