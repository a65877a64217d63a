"""How a serving process is: how late its event loop turns, and how much memory it has."""

from __future__ import annotations

import asyncio
import math
import os
import resource
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

EVERY_S = 0.5
TOLD_EVERY_S = 60.0
LATE_S = 0.5
"""From here on somebody has noticed: every request in the process waited for so long."""

_STATM = Path("/proc/self/statm")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Vitals:
    """Of the last minute: how late a timer was that this process had set. `rss_bytes` is memory of this process now,
    what it shares with its siblings included; its peak where the system does not tell."""

    lag_p99_s: float
    lag_max_s: float
    rss_bytes: int
    uptime_s: float


def resident_bytes(statm: Path = _STATM) -> int:
    """Memory of this process (proc(5): the second number of statm, in pages)."""
    try:
        return int(statm.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024  # getrusage(2): bytes there, KiB elsewhere


class Pulse:
    """Sleeps, and sees by how much it overslept: that long, nobody was answered. `beat` is called each time."""

    def __init__(
        self,
        beat: Callable[[], None] | None = None,
        *,
        every_s: float = EVERY_S,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._beat = beat
        self._every_s = every_s
        self._clock = clock
        self._sleep = sleep
        self._late_s: deque[float] = deque([0.0], maxlen=max(1, round(TOLD_EVERY_S / every_s)))
        self._began_at = clock()

    def vitals(self) -> Vitals:
        """How it is now."""
        late = sorted(self._late_s)
        p99 = late[math.ceil(0.99 * len(late)) - 1]
        return Vitals(round(p99, 4), round(late[-1], 4), resident_bytes(), round(self._clock() - self._began_at, 1))

    @asynccontextmanager
    async def beating(self) -> AsyncIterator[None]:
        """Measure until the context ends."""
        task = asyncio.create_task(self.run(), name="pulse")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def run(self) -> None:
        """Measure without end, and tell the log once a minute: as a warning when everybody had to wait."""
        told_at = self._clock()
        while True:
            if self._beat is not None:
                self._beat()
            before = self._clock()
            await self._sleep(self._every_s)
            now = self._clock()
            self._late_s.append(max(0.0, now - before - self._every_s))
            if now - told_at >= TOLD_EVERY_S:
                told_at = now
                vitals = self.vitals()
                tell = _log.warning if vitals.lag_max_s >= LATE_S else _log.debug
                tell("vitals", **asdict(vitals))
