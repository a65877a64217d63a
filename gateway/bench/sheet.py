"""How figures beside a floor are left behind: a table, claims, what changed since an earlier run, three files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from gateway.bench.baseline import compared, read
from gateway.bench.costs import as_markdown, picture, print_changes, print_costs
from gateway.bench.report import Report, write
from gateway.bench.shown import print_claims


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Where to leave what was measured, and what to compare it with; None where not."""

    json: Path | None = None
    markdown: Path | None = None
    svg: Path | None = None
    baseline: Path | None = None

    def earlier(self) -> Mapping[str, Any] | None:
        """The baseline's content. Raises CannotStart."""
        return None if self.baseline is None else read(self.baseline)


@dataclass(frozen=True, slots=True)
class Told:
    """Whether every claim holds, and whether a figure is slower than it was."""

    holds: bool
    slower: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """One bench's. `pictured` are the stages that are drawn."""

    title: str
    subtitle: str
    pictured: Sequence[str]

    def show(self, report: Report, before: Mapping[str, Any] | None, files: Files, console: Console) -> Told:
        """Print it, write the files. Raises CannotStart for a file that cannot be written, or of another bench."""
        changes = () if before is None else compared(before, report)
        print_costs(self.title, report, console)
        if before is not None:
            print_changes(changes, console)
        print_claims(report, console)
        if files.json is not None:
            report.write(files.json)
        if files.markdown is not None:
            write(files.markdown, as_markdown(self.title, report))
        if files.svg is not None:
            write(files.svg, picture(self.title, self.subtitle, report, self.pictured))
        return Told(report.holds, any(change.slower for change in changes))
