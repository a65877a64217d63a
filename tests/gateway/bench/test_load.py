"""The two drivers: how many at once, from when latency counts, and what is off the clock."""

import asyncio

from gateway.bench import Ended, Outcome, Sample, Task, closed, paced

PER_S = 10_000.0


class Clock:
    """Seconds that pass only when somebody says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Busy:
    """Tasks that note how many of them run at once."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0
        self.begun: list[int] = []

    def task(self, number: int) -> Task:
        async def run() -> Ended:
            self.begun.append(number)
            self.now += 1
            self.most = max(self.most, self.now)
            for _ in range(3):
                await asyncio.sleep(0)
            self.now -= 1
            return Ended("any", Outcome.DONE)

        return run


async def test_a_closed_loop_has_as_many_under_way_as_it_has_workers() -> None:
    """Every task is done once, never more than `workers` at a time, and all of them are used."""
    busy = Busy()
    run = await closed([busy.task(number) for number in range(40)], 4)
    assert sorted(busy.begun) == list(range(40))
    assert busy.most == 4
    assert len(run.samples) == 40
    assert run.per_s == 40 / run.elapsed_s


async def test_a_paced_run_is_bounded_and_whole() -> None:
    """Faster than answers come, no more than `in_flight_max` are under way, and none is left out."""
    busy, seen = Busy(), list[Sample]()
    run = await paced([busy.task(number) for number in range(40)], PER_S, 3, seen.append)
    assert busy.begun == list(range(40))
    assert busy.most <= 3
    assert tuple(seen) == run.samples


async def test_who_waits_because_others_are_late_has_waited() -> None:
    """Where one at a time is let in, latency counts from when it was due: the second has waited for the first."""
    clock = Clock()

    async def first() -> Ended:
        clock.now += 3.0
        return Ended("first", Outcome.DONE)

    async def second() -> Ended:
        clock.now += 1.0
        return Ended("second", Outcome.DONE)

    run = await paced([first, second], PER_S, 1, clock=clock)
    assert [sample.kind for sample in run.samples] == ["first", "second"]
    assert run.samples[0].elapsed_s == 3.0
    assert 3.9 < run.samples[1].elapsed_s <= 4.0


async def test_giving_back_is_off_the_clock_and_told() -> None:
    """What an operation took is given back after it was measured, and how that ended stands beside it."""
    clock = Clock()

    async def undo() -> Ended:
        clock.now += 5.0
        return Ended("undo", Outcome.REFUSED, "GONE")

    async def task() -> Ended:
        clock.now += 2.0
        return Ended("take", Outcome.DONE, undo=undo)

    run = await closed([task], 1, clock=clock)
    (sample,) = run.samples
    assert sample.elapsed_s == 2.0
    assert sample.undone == Ended("undo", Outcome.REFUSED, "GONE")
    assert run.elapsed_s == 7.0
