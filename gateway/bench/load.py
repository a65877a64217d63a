"""Load from one event loop: closed, as fast as so many workers are answered, or paced, so many operations a second."""

from __future__ import annotations

import asyncio
import enum
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeAlias


class Outcome(enum.Enum):
    """How an operation ended."""

    DONE = "DONE"
    REFUSED = "REFUSED"  # answered in full, and the answer is that the business says no
    FAILED = "FAILED"  # not answered, or not in full


@dataclass(frozen=True, slots=True)
class Ended:
    """What an operation says of itself. `detail` is for people. `undo` gives back what it took, off the clock."""

    kind: str
    outcome: Outcome
    detail: str = ""
    undo: Task | None = None


Task: TypeAlias = Callable[[], Awaitable[Ended]]
"""One operation, not begun. It raises nothing: what goes wrong is an outcome."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One operation that was measured. `undone` is how giving back ended; None where nothing was taken."""

    kind: str
    outcome: Outcome
    elapsed_s: float
    detail: str = ""
    undone: Ended | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """The samples in the order in which they ended, and how long all of it took, undoing included."""

    samples: tuple[Sample, ...]
    elapsed_s: float

    @property
    def per_s(self) -> float:
        return len(self.samples) / self.elapsed_s


OnSample = Callable[[Sample], None]
Clock = Callable[[], float]
"""Monotonic seconds."""


def quiet(_: Sample) -> None:
    """Nobody watches."""


async def closed(
    tasks: Iterable[Task], workers: int, on_sample: OnSample = quiet, clock: Clock = time.perf_counter
) -> Run:
    """Do `tasks` with `workers` who each begin the next one when theirs is answered: measures throughput.

    Latencies are from sending; a slow answer delays what follows, which is why a comparison of latencies is `paced`.
    """
    waiting, samples, began = iter(tasks), list[Sample](), clock()

    async def work() -> None:
        for task in waiting:
            samples.append(await _measured(task, clock(), clock))
            on_sample(samples[-1])

    async with asyncio.TaskGroup() as group:
        for _ in range(workers):
            group.create_task(work())
    return Run(tuple(samples), clock() - began)


async def paced(
    tasks: Sequence[Task],
    rate_per_s: float,
    in_flight_max: int,
    on_sample: OnSample = quiet,
    *,
    clock: Clock = time.perf_counter,
    luck: Random | None = None,
) -> Run:
    """Begin `rate_per_s` of `tasks` a second, however long answers take, with at most `in_flight_max` under way.

    Evenly, or, with a `luck`, each at any moment of its interval: two loads in step never meet while all is well, and
    do as soon as something is delayed.

    Latencies are from the moment an operation was due: whoever waits because others are late has waited.
    """
    samples, slots, began = list[Sample](), asyncio.Semaphore(in_flight_max), clock()

    async def one(task: Task, due: float) -> None:
        try:
            samples.append(await _measured(task, due, clock))
            on_sample(samples[-1])
        finally:
            slots.release()

    async with asyncio.TaskGroup() as group:
        for number, task in enumerate(tasks):
            due = began + (number + (0.0 if luck is None else luck.random())) / rate_per_s
            await asyncio.sleep(max(0.0, due - clock()))
            await slots.acquire()
            group.create_task(one(task, due))
    return Run(tuple(samples), clock() - began)


async def _measured(task: Task, began: float, clock: Clock) -> Sample:
    ended = await task()
    elapsed_s = clock() - began
    undone = None if ended.undo is None else await ended.undo()
    return Sample(ended.kind, ended.outcome, elapsed_s, ended.detail, undone)
