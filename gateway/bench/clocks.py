"""How much of the processor another process has used: what a server costs, seen from outside of it."""

from __future__ import annotations

import subprocess
import sys
import time

_PS_TIMEOUT_S = 5.0
# clock_getcpuclockid(3): on Linux a process's clock is its id, inverted, above three bits, which are 2 for the
# scheduler's own account of all its threads: nanoseconds, where /proc/<pid>/stat counts hundredths of a second.
_BITS, _SCHEDULED = 3, 2


def cpu_s(pid: int) -> float:
    """Seconds of the processor that `pid` has used until now, user and system, all threads.

    Exact on Linux; elsewhere what `ps` says, which may be whole seconds. Raises ProcessLookupError when it has ended.
    """
    if sys.platform == "linux":
        try:
            return time.clock_gettime((~pid << _BITS) | _SCHEDULED)
        except OSError as exc:
            raise ProcessLookupError(f"process {pid} has ended") from exc
    return told_by_ps(pid)


def told_by_ps(pid: int) -> float:
    """The same as POSIX has it, in the words of `ps`. Raises ProcessLookupError when it has ended."""
    asked = ["ps", "-o", "time=", "-p", str(pid)]
    done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=_PS_TIMEOUT_S)  # noqa: S603 - a number, and whichever ps this system has
    if not done.stdout.strip():
        raise ProcessLookupError(f"process {pid} has ended")
    return seconds_of(done.stdout.strip())


def seconds_of(said: str) -> float:
    """`[dd-]hh:mm:ss`, as POSIX has it, or `mm:ss.cc`, as BSD says, in seconds. Raises ValueError."""
    days, _, clock = said.rpartition("-")
    seconds = 0.0
    for part in clock.split(":"):
        seconds = seconds * 60 + float(part)
    return (int(days) if days else 0) * 86_400 + seconds
