"""What every bench leaves behind: one JSON file of the same shape."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from gateway import __version__
from gateway.bench.figures import Machine
from gateway.trouble import CannotStart

FORMAT = 1
"""Goes up when a member changes its meaning; new members do not count."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Something the bench is to prove: `measured` and `limit` are sentences for people."""

    claim: str
    measured: str
    limit: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one run. `setup` is what one would need to repeat it, `rows` what was measured, plain values."""

    bench: str
    began_at: datetime
    elapsed_s: float
    machine: Machine
    setup: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]
    claims: Sequence[Claim] = ()

    @property
    def holds(self) -> bool:
        return all(claim.holds for claim in self.claims)

    def as_json(self) -> dict[str, Any]:
        """For machines: stable keys, times in the unit of their name."""
        return {
            "format": FORMAT,
            "bench": self.bench,
            "version": __version__,
            "began_at": self.began_at.isoformat(timespec="seconds"),
            "elapsed_s": round(self.elapsed_s, 1),
            "machine": asdict(self.machine),
            "setup": dict(self.setup),
            "rows": [dict(row) for row in self.rows],
            "claims": [asdict(claim) for claim in self.claims],
            "holds": self.holds,
        }

    def write(self, path: Path) -> None:
        """Write it as JSON. Raises CannotStart where that cannot be done."""
        write(path, json.dumps(self.as_json(), indent=2) + "\n")


def write(path: Path, text: str) -> None:
    """Write `text`, and the folder it stands in. Raises CannotStart where that cannot be done."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise CannotStart(f"{path} cannot be written: {exc.strerror}.") from exc
