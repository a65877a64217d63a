"""What a process knows of how it is."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.telemetry import Pulse, resident_bytes


class Late:
    """A clock, and a sleep that comes back later than it should by what is next in the list; then never."""

    def __init__(self, *late_s: float) -> None:
        self.now = 0.0
        self._late_s = list(late_s)

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        if not self._late_s:
            raise asyncio.CancelledError
        self.now += seconds + self._late_s.pop(0)


async def measured(late: Late, every_s: float = 0.5, beats: list[float] | None = None) -> Pulse:
    beat = None if beats is None else lambda: beats.append(late.now)
    pulse = Pulse(beat, every_s=every_s, clock=late.clock, sleep=late.sleep)
    with pytest.raises(asyncio.CancelledError):
        await pulse.run()
    return pulse


async def test_lag_is_what_a_timer_is_late() -> None:
    """The longest and the 99th percentile of the last minute, and how long the process has been there."""
    vitals = (await measured(Late(0.001, 0.25, 0.002))).vitals()
    assert (vitals.lag_max_s, vitals.lag_p99_s) == (0.25, 0.25)
    assert vitals.uptime_s == pytest.approx(1.8, abs=0.05)
    assert vitals.rss_bytes > 1_000_000


async def test_only_the_last_minute_counts() -> None:
    """A start that was slow is forgotten after a minute."""
    vitals = (await measured(Late(3.0, *[0.0] * 120))).vitals()
    assert vitals.lag_max_s == 0.0


async def test_it_beats_each_time() -> None:
    """Whoever watches the process hears of it before each sleep."""
    beats: list[float] = []
    await measured(Late(0.0, 0.0, 0.0), every_s=1.0, beats=beats)
    assert beats == [0.0, 1.0, 2.0, 3.0]


@pytest.mark.parametrize(("late_s", "level"), [(0.01, "debug"), (0.7, "warning")])
async def test_the_log_is_told_once_a_minute(late_s: float, level: str) -> None:
    """A line for those who look closely; a warning when everybody had to wait."""
    with capture_logs() as lines:
        await measured(Late(late_s, *[0.0] * 150))
    assert [(line["event"], line["log_level"], line["lag_max_s"]) for line in lines] == [("vitals", level, late_s)]


def test_memory_is_told_where_the_system_does_not(tmp_path: Path) -> None:
    """Without /proc the peak stands for it."""
    assert resident_bytes(tmp_path / "none") > 1_000_000
