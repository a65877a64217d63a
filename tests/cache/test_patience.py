"""A time limit that is not fooled by a loop that was held up."""

import asyncio
import time

import pytest

from cache.patience import STEPS, patience

LIMIT_S = 0.05


def hold_up(seconds: float) -> None:
    """Keep the loop busy, as a burst of requests does."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


async def test_who_does_not_answer_in_time_is_given_up() -> None:
    """A wait without an end ends in TimeoutError, not before its time and not long after."""
    began = time.perf_counter()
    with pytest.raises(TimeoutError):
        async with patience(LIMIT_S):
            await asyncio.get_running_loop().create_future()
    assert time.perf_counter() - began >= LIMIT_S * 0.9


async def test_time_in_which_the_loop_was_held_up_counts_as_one_step() -> None:
    """An answer that needs a few turns of the loop is heard, although each of them takes longer than a step."""
    async with patience(LIMIT_S):
        for _ in range(STEPS - 1):
            hold_up(LIMIT_S / 2)
            await asyncio.sleep(0)


async def test_a_loop_that_is_held_up_again_and_again_gives_up_all_the_same() -> None:
    """The limit holds whatever the loop is busy with: after so many turns as there are steps."""
    turns = 0

    async def never_answered() -> None:
        nonlocal turns
        async with patience(LIMIT_S):
            while True:
                turns += 1
                hold_up(LIMIT_S / STEPS)
                await asyncio.sleep(0)

    with pytest.raises(TimeoutError):
        await never_answered()
    assert STEPS <= turns <= 3 * STEPS


async def test_a_cancellation_from_outside_stays_one() -> None:
    """Who is cancelled while waiting is cancelled, and not told that the time was up."""

    async def wait() -> None:
        async with patience(60):
            await asyncio.get_running_loop().create_future()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
