"""How small pieces of work are timed."""

from __future__ import annotations

import pytest

from gateway.bench.timing import TIMES_MAX, timed


class Clock:
    """A clock that work moves: each piece by what it takes, and by what a neighbour adds now and then."""

    def __init__(self) -> None:
        self.now = 0.0

    def read(self) -> float:
        return self.now


async def test_the_best_batch_counts_and_the_noise_is_told() -> None:
    """What a neighbour adds to some batches is in the typical one, and not in the best."""
    clock, batches = Clock(), 0

    async def work() -> None:
        nonlocal batches
        batches += 1
        clock.now += 0.5 if batches % 3 == 0 else 0.1

    found = (await timed({"one": work}, rounds=12, batch_s=0.1, clock=clock.read))["one"]
    assert found.best_s == pytest.approx(0.1)
    assert found.typical_s >= found.best_s
    assert found.noise == pytest.approx(0.0, abs=0.01)


async def test_noise_is_what_the_two_halves_differ_by() -> None:
    """A piece of work whose every second batch is dearer by a third says so."""
    clock, calls = Clock(), 0

    async def work() -> None:
        nonlocal calls
        calls += 1
        clock.now += 0.3 if calls % 2 else 0.4

    found = (await timed({"one": work}, rounds=10, batch_s=0.3, clock=clock.read))["one"]
    assert found.best_s == pytest.approx(0.3)
    assert found.noise == pytest.approx(1 / 3, abs=0.01)


async def test_pieces_take_turns() -> None:
    """Candidates are disturbed alike: no piece has two batches in a row while others wait."""
    clock, order = Clock(), []

    def piece(name: str, takes_s: float):  # type: ignore[no-untyped-def]  # a test's own closure
        async def work() -> None:
            order.append(name)
            clock.now += takes_s

        return work

    await timed({"a": piece("a", 1.0), "b": piece("b", 1.0)}, rounds=3, batch_s=1.0, clock=clock.read)
    assert order[-6:] == ["a", "b", "a", "b", "a", "b"]


async def test_work_without_weight_ends_too() -> None:
    """What takes no time that the clock sees is repeated a bounded number of times."""
    calls = 0

    async def work() -> None:
        nonlocal calls
        calls += 1

    await timed({"nothing": work}, rounds=2, batch_s=1.0, clock=lambda: 0.0)
    assert calls <= 10 * TIMES_MAX
