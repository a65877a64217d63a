"""The world is made from its seed and its day, and from nothing else."""

import time
from datetime import UTC, datetime, timedelta, timezone

from domains.sandbox.world import SMALL, World, WorldSize, build_world

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def test_same_seed_same_world() -> None:
    """Two builds of one seed are equal to the byte at any time of the day, in any time zone."""
    digest = build_world(7, NOW, SMALL).digest()
    assert build_world(7, NOW + timedelta(hours=13), SMALL).digest() == digest
    assert build_world(7, NOW.astimezone(timezone(timedelta(hours=9))), SMALL).digest() == digest


def test_other_seed_or_day_other_world() -> None:
    """Another seed makes other facts; another day moves them."""
    digest = build_world(7, NOW, SMALL).digest()
    assert build_world(8, NOW, SMALL).digest() != digest
    assert build_world(7, NOW + timedelta(days=1), SMALL).digest() != digest


def test_sizes_are_as_asked(world: World) -> None:
    """A full world has what its size says of everything."""
    size = WorldSize()
    assert len(world.products) == len(world.return_policies) == size.products
    assert len(world.locations) == size.stores + size.centres
    assert len(world.customers) == size.customers
    assert len(world.memberships) == len(world.ledger) == size.members
    assert len(world.orders) == size.orders
    assert len(world.returns) == size.returns


def test_building_is_quick() -> None:
    """A full world takes some 0.5 s of processor time, and not 3 s on a machine that does much beside."""
    start = time.process_time()
    build_world(3, NOW)
    assert time.process_time() - start < 3


def test_the_smallest_world_stands() -> None:
    """A world of one customer and no orders can be built, for tests that want little."""
    tiny = build_world(1, NOW, WorldSize(products=3, stores=1, centres=1, customers=1, members=1, orders=0, returns=0))
    assert tiny.orders == {}
    assert set(tiny.ledger) == {"mem-00001"}
