"""A time limit that knows its own loop's faults from those of whom it waits for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

STEPS = 10
"""Into so many steps the time is cut. A call takes some four turns of the loop, and as many to open a connection; each
turn hears what has arrived, so that what was answered in time is heard."""


@asynccontextmanager
async def patience(seconds: float) -> AsyncIterator[None]:
    """As `asyncio.timeout`, but a loop that was held up for long has waited for one step of the time at most.

    A burst of requests may keep a loop from looking at its sockets for a second; that is no fault of whoever answered
    meanwhile. Raises TimeoutError.
    """
    loop = asyncio.get_running_loop()

    limit = asyncio.timeout(None)
    timers: list[asyncio.TimerHandle] = []

    def step(left: int) -> None:
        if left:
            timers[:] = [loop.call_later(seconds / STEPS, step, left - 1)]
        else:
            limit.reschedule(loop.time())

    step(STEPS)
    try:
        async with limit:
            yield
    finally:
        for timer in timers:
            timer.cancel()
