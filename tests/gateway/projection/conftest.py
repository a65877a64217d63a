"""The projection's tables in real databases."""

from collections.abc import AsyncIterator

import pytest

from gateway.projection.store import Store, open_store
from tests.gateway.projection.erp import Clock


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    async with open_store(url) as opened:
        yield opened


@pytest.fixture
async def sqlite_store(sqlite_url: str) -> AsyncIterator[Store]:
    async with open_store(sqlite_url) as opened:
        yield opened


@pytest.fixture
def clock() -> Clock:
    return Clock()
