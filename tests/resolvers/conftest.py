import pytest

from tests.resolvers.world import World


@pytest.fixture
def world() -> World:
    return World()
