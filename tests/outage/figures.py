"""What was measured, by claim: one table that the run leaves behind."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

HEAD = "# Measured while systems failed\n\nOn loopback, every process of the run on one machine.\n\n"


@dataclass
class Figures:
    """Rows of (claim, measured, limit)."""

    rows: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, claim: str, measured: str, limit: str = "") -> None:
        self.rows.append((claim, measured, limit))

    def lines(self) -> list[str]:
        """The table as Markdown."""
        return ["| claim | measured | limit |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in self.rows)]

    def write(self, path: Path) -> None:
        path.parent.mkdir(exist_ok=True)
        path.write_text(HEAD + "\n".join(self.lines()) + "\n", encoding="utf-8")


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest of `values` that `share` of them do not exceed. Raises ValueError when there are none."""
    if not values:
        raise ValueError("nothing was measured")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def spread(seconds: Sequence[float]) -> str:
    """p50, p99 and the largest, for people."""
    return f"p50 {ms(quantile(seconds, 0.5))}, p99 {ms(quantile(seconds, 0.99))}, max {ms(max(seconds))}"
