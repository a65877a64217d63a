"""An earlier run to compare with: ratios to the floor, which travel between machines as times do not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gateway.bench.report import FORMAT, Report
from gateway.trouble import CannotStart

SLOWER_MAX: Final = 0.15
"""By this share, and the noise of both runs, a ratio may be higher: another build of Python moves them by 10 %."""

COMMITTED: Final = Path(__file__).parent / "baseline.json"
"""Of `bench engine`."""

COMMITTED_REQUESTS: Final = Path(__file__).parent / "requests-baseline.json"
COMMITTED_GROWTH: Final = Path(__file__).parent / "growth-baseline.json"

_FIGURES: Final = (("floor_ratio", "noise", ""), ("p50_ratio", "p50_noise", " p50"))
"""The members of a row that are compared, where it has them, each with its noise and what it is called."""


@dataclass(frozen=True, slots=True)
class Change:
    """One figure then and now, and how much of the difference means nothing."""

    name: str
    before: float
    now: float
    allowed: float

    @property
    def slower(self) -> bool:
        return self.now > self.before * (1 + self.allowed)

    @property
    def faster(self) -> bool:
        return self.before > self.now * (1 + self.allowed)

    def __str__(self) -> str:
        by = f"x {self.before:g} of the floor then, x {self.now:g} now"
        return f"{self.name}: {by} ({self.now / self.before - 1:+.0%}, of which {self.allowed:.0%} is allowed)"


def read(file: Path) -> Mapping[str, Any]:
    """A report that was written before. Raises CannotStart."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise CannotStart(f"{file} is no report of an earlier run: {exc}") from exc
    if not isinstance(found, dict) or found.get("format") != FORMAT or "rows" not in found:
        raise CannotStart(f"{file} is no report that this version can read.")
    return found


def compared(before: Mapping[str, Any], now: Report) -> tuple[Change, ...]:
    """Every figure that both have. Raises CannotStart for a report of another bench."""
    if before.get("bench") != now.bench:
        raise CannotStart(f"the baseline is of the bench {before.get('bench')!r}, and this is {now.bench!r}.")
    old = {_name(row): row for row in before["rows"]}
    return tuple(_changes(old, now.rows))


def _changes(old: Mapping[str, Mapping[str, Any]], rows: Iterable[Mapping[str, Any]]) -> Iterable[Change]:
    for row in rows:
        then = old.get(_name(row), {})
        for figure, noise, called in _FIGURES:
            if then.get(figure, 0) > 0 and figure in row:
                allowed = SLOWER_MAX + float(then[noise]) + float(row[noise])
                yield Change(_name(row) + called, float(then[figure]), float(row[figure]), allowed)


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['page']}, {row['stage']}"
