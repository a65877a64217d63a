"""Buckets: what may be drawn over any stretch of time, and how long one waits."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.limits import Counted, Draw

SIZES = st.integers(1, 100)
RATES = st.floats(0.1, 50)
PAUSES = st.floats(0, 20)


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def one(size: float, rate: float, amount: float, name: str = "requests") -> tuple[Draw, ...]:
    return (Draw(name, size, rate, amount),)


@given(SIZES, RATES, st.lists(st.tuples(PAUSES, st.integers(1, 10)), max_size=30))
@settings(max_examples=60)
async def test_no_stretch_of_time_gives_more_than_the_bucket_and_what_flows_in(
    size: int, rate: float, asks: list[tuple[float, int]]
) -> None:
    """Between any two draws, what was granted is at most what the bucket holds plus the refill of that time."""
    clock = Clock()
    counted = Counted(clock)
    granted: list[tuple[float, int]] = []
    for pause, amount in asks:
        clock.now += pause
        if await counted.draw("ada", one(size, rate, amount)) == (0.0,):
            granted.append((clock.now, amount))
    for first in range(len(granted)):
        total = 0.0
        for last in range(first, len(granted)):
            total += granted[last][1]
            assert total <= size + rate * (granted[last][0] - granted[first][0]) + 1e-6


@given(SIZES, RATES, st.integers(0, 100), st.integers(1, 100))
@settings(max_examples=60)
async def test_the_wait_is_long_enough_and_not_longer(size: int, rate: float, before: int, amount: int) -> None:
    """After the wait the draw is granted; shortly before it is not. What the bucket cannot hold waits for ever."""
    clock = Clock()
    counted = Counted(clock)
    counted.settle("ada", one(size, rate, before))
    (wait,) = await counted.draw("ada", one(size, rate, amount))
    if amount > size:
        assert math.isinf(wait)
        return
    if not wait:
        return
    clock.now += wait * 0.99 - 1e-6
    assert (await counted.draw("ada", one(size, rate, amount)))[0] > 0
    clock.now = wait + 1e-6
    assert await counted.draw("ada", one(size, rate, amount)) == (0.0,)


@given(SIZES, RATES, st.lists(st.integers(-50, 50), max_size=20))
@settings(max_examples=60)
async def test_giving_back_never_makes_more_than_there_is(size: int, rate: float, amounts: list[int]) -> None:
    """However much is spent and given back, a bucket holds at most its size, and a debt ends in the time of two."""
    clock = Clock()
    counted = Counted(clock)
    for amount in amounts:
        counted.settle("ada", one(size, rate, amount))
    (wait,) = await counted.draw("ada", one(size, rate, size))
    assert wait <= 2 * size / rate + 1e-6
    if not wait:
        assert (await counted.draw("ada", one(size, rate, 1)))[0] > 0


async def test_all_or_nothing_is_drawn() -> None:
    """When one of several buckets is empty the others keep what they have."""
    counted = Counted(Clock())
    both = (Draw("ERP", 10, 1, 5), Draw("OMS", 3, 1, 4))
    erp, oms = await counted.draw("ada", both)
    assert (erp, oms) == (0.0, float("inf"))
    assert await counted.draw("ada", one(10, 1, 10, "ERP")) == (0.0,)


async def test_callers_do_not_touch_each_other() -> None:
    """One caller's empty bucket is another's full one."""
    counted = Counted(Clock())
    assert await counted.draw("ada", one(5, 1, 5)) == (0.0,)
    (wait,) = await counted.draw("ada", one(5, 1, 5))
    assert wait == pytest.approx(5)
    assert await counted.draw("bob", one(5, 1, 5)) == (0.0,)


async def test_buckets_are_bounded_and_the_longest_silent_goes_first() -> None:
    """With room for two, the third caller makes the house forget who has not asked for longest."""
    counted = Counted(Clock(), buckets_max=2)
    for who in ("ada", "bob", "ada", "eve"):
        await counted.draw(who, one(5, 1, 1))
    assert len(counted) == 2
    assert (await counted.draw("ada", one(5, 1, 4)))[0] > 0
