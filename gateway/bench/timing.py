"""What a piece of work costs: many short batches of each, in turn, of which the best one counts.

Whatever else a machine does only ever adds to a batch, and a short one is often spared; candidates that take turns are
disturbed alike. CPU time of this process is counted, so that what others use is not.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

N = TypeVar("N")
Work = Callable[[], Awaitable[object]]
Clock = Callable[[], float]

TIMES_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Timed:
    """CPU seconds of one execution. `noise` is by how much the best batches of the two halves of the run differ, as a
    share of the best: what of a difference to another run means nothing."""

    best_s: float
    typical_s: float
    noise: float


async def timed(
    work: Mapping[N, Work], *, rounds: int, batch_s: float, clock: Clock = time.process_time
) -> dict[N, Timed]:
    """Time each piece of work by its name, in so many rounds of batches that take some `batch_s` each."""
    times = {name: await _times(one, batch_s, clock) for name, one in work.items()}
    seen: dict[N, list[float]] = {name: [] for name in work}
    for _ in range(max(2, rounds)):
        for name, one in work.items():
            seen[name].append(await _batch(one, times[name], clock))
    return {name: judged(batches) for name, batches in seen.items()}


def judged(batches: Sequence[float]) -> Timed:
    """Two batches or more in the order in which they were measured."""
    halves = min(batches[::2]), min(batches[1::2])
    best = min(halves)
    return Timed(best, median(batches), round((max(halves) - best) / best, 4) if best else 0.0)


async def _times(work: Work, batch_s: float, clock: Clock) -> int:
    """How often it is done in `batch_s`; once at least. By the best of three: what is done for the first time is
    compiled, and a batch of one would be measured with cold caches each time."""
    times = 1
    while times < TIMES_MAX:
        took = min([await _batch(work, times, clock) for _ in range(3)]) * times
        if took >= batch_s / 2:
            return max(1, round(times * batch_s / took))
        times *= 4
    return TIMES_MAX


async def _batch(work: Work, times: int, clock: Clock) -> float:
    began = clock()
    for _ in range(times):
        await work()
    return (clock() - began) / times
