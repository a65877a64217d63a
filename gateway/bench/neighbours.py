"""How much of the machine others use meanwhile, which tells a slow product from a busy machine. Only Linux says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
# proc(5), /proc/stat: user nice system idle iowait irq softirq steal; guest times are in user and nice already.
_IDLE, _IOWAIT, _TIMES = 3, 4, 8
# proc(5), /proc/<pid>/stat: utime and stime are fields 14 and 15; the name, in parentheses, may hold anything.
_UTIME, _STIME = 11, 12


@dataclass(frozen=True, slots=True)
class Ticks:
    """CPU time of all cores since the machine started: all there was, all that was used, and what was ours of it."""

    total: int
    busy: int
    ours: int


def ticks(pids: Iterable[int], proc: Path = _PROC) -> Ticks | None:
    """What has been used until now; `pids` are ours. None where the machine does not say."""
    try:
        times = [int(one) for one in (proc / "stat").read_text().splitlines()[0].split()[1 : 1 + _TIMES]]
        return Ticks(sum(times), sum(times) - times[_IDLE] - times[_IOWAIT], sum(_used(proc, pid) for pid in pids))
    except (OSError, ValueError, IndexError):
        return None


def others_share(before: Ticks | None, after: Ticks | None) -> float | None:
    """The share of the machine's CPU time between the two that was neither idle nor ours, 0 to 1."""
    if before is None or after is None or after.total <= before.total:
        return None
    foreign = (after.busy - before.busy) - (after.ours - before.ours)
    return round(max(0.0, foreign / (after.total - before.total)), 3)


def _used(proc: Path, pid: int) -> int:
    fields = (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return int(fields[_UTIME]) + int(fields[_STIME])
