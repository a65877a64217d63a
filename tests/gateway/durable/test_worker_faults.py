"""Faults of our own in a worker, and answers that nobody would think of."""

import asyncio

import pytest

from domains.durable import Done, NeedsPerson, Outcome, Refused, RetryAfter, Task
from tests.gateway.durable.shop import Clock, House, Sale, open_house, soon


class Stumbling(Clock):
    """Fails so many times before it tells the time."""

    stumbles = 0

    def __call__(self) -> float:
        if self.stumbles:
            self.stumbles -= 1
            raise ZeroDivisionError
        return super().__call__()


async def test_a_bug_between_two_steps_does_not_end_the_worker(sqlite_url: str) -> None:
    """What is accepted after a look that failed for a fault of our own is done all the same."""
    clock, done = Stumbling(), asyncio.Event()

    async def last(task: Task[Sale]) -> Outcome:
        done.set()
        return Done()

    async with open_house(sqlite_url, clock) as house:
        house.shop.will("thank", last)
        clock.stumbles = 1
        async with house.worker.running():
            await asyncio.sleep(0)
            assert not clock.stumbles
            await house.accept()
            await soon(done)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (NeedsPerson("locked by K\0CH"), "locked by K\ufffdCH"),
        (RetryAfter("locked by K\0CH"), "locked by K\ufffdCH"),
        (Refused("K\0", "locked by K\0CH"), "locked by K\ufffdCH"),
        (Done(reference="K\0CH"), None),
    ],
    ids=lambda given: type(given).__name__,
)
async def test_what_no_database_keeps_is_written_down_all_the_same(
    house: House, answer: Outcome, why: str | None
) -> None:
    """Postgres has no null character in a text; a system that sends one is not asked again and again for it."""
    house.shop.will("take", answer)
    await house.accept()
    await house.work()
    assert house.shop.calls.count("take") == 1
    step = (await house.flow()).steps[0]
    assert (step.why, step.reference) == (why, "K\ufffdCH" if why is None else None)
