"""A real Valkey on a port of its own, without persistence."""

from collections.abc import AsyncIterator, Callable, Iterator
from uuid import uuid4

import pytest

from cache.memory import MemoryStore
from cache.redis import RedisLimits, RedisStore
from cache.store import Store
from cache.tiers import TwoTiers
from tests.cache.kitchen import Clock, Source
from tests.cache.valkey import Valkey


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    """One server for all tests; each test uses a prefix of its own."""
    server = Valkey()
    yield server
    server.kill()


@pytest.fixture
def mortal_valkey() -> Iterator[Valkey]:
    """A server of one's own, to be killed."""
    server = Valkey()
    yield server
    server.kill()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source(clock: Clock) -> Source:
    return Source(clock)


@pytest.fixture
async def shared(valkey: Valkey) -> AsyncIterator[Callable[[], RedisStore]]:
    """Makes stores of several processes that share one place of this test's own."""
    prefix = f"test-{uuid4().hex}"
    made: list[RedisStore] = []

    def make() -> RedisStore:
        made.append(RedisStore(valkey.url, clock=lambda: 0.0, prefix=prefix, limits=RedisLimits(timeout_s=5)))
        return made[-1]

    yield make
    for store in made:
        await store.aclose()


@pytest.fixture(params=["memory", "redis", "tiers"])
def store(request: pytest.FixtureRequest, clock: Clock, shared: Callable[[], RedisStore]) -> Store:
    """Each store that there is."""
    memory = MemoryStore(1_000_000, clock)
    if request.param == "memory":
        return memory
    return shared() if request.param == "redis" else TwoTiers(memory, shared())
