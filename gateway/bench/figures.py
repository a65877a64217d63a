"""Numbers about measurements: quantiles, ratios, and the machine they are from."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest of `values` that `share` of them do not exceed. Raises ValueError when there are none."""
    if not values:
        raise ValueError("nothing was measured")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def ratio(part: float, whole: float) -> float:
    """`part` of `whole`; 0 where there is nothing to be part of, which no limit takes for a success."""
    return part / whole if whole else 0.0


@dataclass(frozen=True, slots=True)
class Spread:
    """How latencies are spread, in milliseconds."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


def spread(seconds: Sequence[float]) -> Spread:
    """The spread of latencies given in seconds. Raises ValueError when there are none."""
    p50, p95, p99, most = (round(quantile(seconds, share) * 1000, 3) for share in (0.5, 0.95, 0.99, 1.0))
    return Spread(p50, p95, p99, most)


@dataclass(frozen=True, slots=True)
class Machine:
    """What the numbers are from; times of another one do not compare."""

    cpu: str
    cores: int
    python: str
    system: str

    def __str__(self) -> str:
        return f"{self.cpu}, {self.cores} cores, Python {self.python}, {self.system}"


def machine(cpuinfo: Path = _CPUINFO) -> Machine:
    """This machine. Where Linux does not name the processor, the architecture stands for it."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name") and ":" in line)
    cpu = next(named, "") or platform.processor() or platform.machine()
    return Machine(cpu, os.cpu_count() or 1, platform.python_version(), f"{platform.system()} {platform.machine()}")
