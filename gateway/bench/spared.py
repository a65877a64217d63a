"""What the stall bench measured per system, and whether that is what it claims: table, verdicts, picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway.bench.figures import Spread, quantile, ratio, spread
from gateway.bench.load import Outcome, Sample
from gateway.bench.picture import Bar, bars
from gateway.bench.questions import Part
from gateway.bench.report import Claim, Report
from gateway.bench.shown import BUSY, WIDE, print_claims

TITLE = "One system stalls"
SLOWER_MAX, NOISE_MS = 1.2, 1.0
"""p99 of who does not need it, times the healthy one, and what cannot be told apart: medians of a few healthy windows
of one run differ by that much among themselves."""

GRACE_MS = 250.0
"""Beyond the deadline: an answer that was given up at the deadline still has to be written and read."""

IN_FORCE_MIN = 0.9
"""Of who needs the stalling system, so many could tell. The first of them may still know from a moment ago."""


@dataclass(frozen=True, slots=True)
class Window:
    """Samples of who needs the system and of who does not, over the same seconds."""

    needing: Sequence[Sample]
    spared: Sequence[Sample]


@dataclass(slots=True)
class Row:
    """One system: windows in which it was well and in which it stalled, in turn."""

    system: str
    deadline_s: float
    nothing_kept: bool = False
    """Whether no earlier answer was at hand to those who need it."""

    healthy: list[Window] = field(default_factory=list)
    stalled: list[Window] = field(default_factory=list)
    others: list[float | None] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.system}, nothing kept" if self.nothing_kept else self.system

    @property
    def healthy_p99_ms(self) -> float:
        return median(_p99_by_window(self.healthy))

    @property
    def p99_ms(self) -> float:
        """Of who does not need it, while it stalls: the median of the windows', which a burst of other work on the
        machine does not move."""
        return median(_p99_by_window(self.stalled))

    @property
    def is_spared(self) -> bool:
        return self.p99_ms <= SLOWER_MAX * self.healthy_p99_ms + NOISE_MS

    @property
    def told(self) -> Counter[str]:
        """What those who need it were told of it while it stalled."""
        return Counter(one.detail for one in _needing(self.stalled) if one.outcome is Outcome.DONE)

    @property
    def in_force(self) -> float:
        """The share of them that could tell."""
        told = self.told
        return ratio(told[Part.OLDER.value] + told[Part.MISSING.value], sum(1 for _ in _needing(self.stalled)))

    @property
    def slowest_ms(self) -> float:
        return max(one.elapsed_s for one in _needing(self.stalled)) * 1000

    @property
    def unanswered(self) -> Counter[str]:
        """By what was wrong with them, the answers that were not what they should be, in all windows."""
        windows = (*self.healthy, *self.stalled)
        return Counter(
            f"{one.kind}: {one.detail}"
            for window in windows
            for one in (*window.needing, *window.spared)
            if one.outcome is not Outcome.DONE
        ) + Counter(
            f"{one.kind}: {one.detail}, and nothing was wrong"
            for one in _fine(self.healthy, self.stalled)
            if one.outcome is Outcome.DONE and one.detail != Part.WHOLE.value
        )

    def as_json(self) -> dict[str, Any]:
        """For machines: stable keys."""
        needing = [one.elapsed_s for one in _needing(self.stalled)]
        return {
            "system": self.system,
            "nothing_kept": self.nothing_kept,
            "name": self.name,
            "windows": len(self.stalled),
            "spared": sum(len(window.spared) for window in self.stalled),
            "healthy": _figures(self.healthy),
            "stalled": _figures(self.stalled),
            "p99_ratio": round(ratio(self.p99_ms, self.healthy_p99_ms), 3),
            "p99_ms_by_window": [round(one, 3) for one in _p99_by_window(self.stalled)],
            "healthy_p99_ms_by_window": [round(one, 3) for one in _p99_by_window(self.healthy)],
            "needing": len(needing),
            "needing_p50_ms": round(quantile(needing, 0.5) * 1000, 3),
            "needing_max_ms": round(self.slowest_ms, 3),
            "needing_told": dict(self.told),
            "why": dict(self.unanswered),
            "others_cpu_share_by_window": list(self.others),
        }


def _needing(windows: Sequence[Window]) -> Iterator[Sample]:
    return (one for window in windows for one in window.needing)


def _fine(healthy: Sequence[Window], stalled: Sequence[Window]) -> Iterator[Sample]:
    """The answers that nothing was in the way of."""
    yield from (one for window in healthy for one in (*window.needing, *window.spared))
    yield from (one for window in stalled for one in window.spared)


def _p99_by_window(windows: Sequence[Window]) -> list[float]:
    return [quantile([one.elapsed_s for one in window.spared], 0.99) * 1000 for window in windows]


def _figures(windows: Sequence[Window]) -> dict[str, float]:
    seen: list[Spread] = [spread([one.elapsed_s for one in window.spared]) for window in windows]
    return {name: round(median(getattr(one, name) for one in seen), 3) for name in ("p50_ms", "p95_ms", "p99_ms")}


def claims(rows: Sequence[Row]) -> tuple[Claim, ...]:
    """The verdicts."""
    slowest = max(rows, key=lambda row: row.slowest_ms - row.deadline_s * 1000)
    wrong = [f"{count} x {why}" for row in rows for why, count in row.unanswered.items()]
    least = min(rows, key=lambda row: row.in_force)
    return (
        *(
            Claim(
                f"who does not need the {row.name} is as quick while it stalls",
                f"p99 {row.p99_ms:.1f} ms, {row.healthy_p99_ms:.1f} ms before: "
                f"x {ratio(row.p99_ms, row.healthy_p99_ms):.2f} in {len(row.stalled)} windows",
                f"x {SLOWER_MAX} + {NOISE_MS:.0f} ms",
                row.is_spared,
            )
            for row in rows
        ),
        Claim(
            "who needs it is answered within the deadline",
            f"{slowest.slowest_ms:.0f} ms where it is most ({slowest.name})",
            f"{slowest.deadline_s * 1000:.0f} + {GRACE_MS:.0f} ms",
            all(row.slowest_ms <= row.deadline_s * 1000 + GRACE_MS for row in rows),
        ),
        Claim(
            "with all that there is, and everybody else in full",
            "; ".join(wrong[:3]) if wrong else "every answer",
            "every answer",
            not wrong,
        ),
        Claim(
            "it stalled as it says here",
            f"{least.in_force:.1%} of who needs it could tell where it is lowest ({least.name})",
            f"{IN_FORCE_MIN:.0%}",
            least.in_force >= IN_FORCE_MIN,
        ),
    )


def print_report(report: Report, console: Console) -> None:
    """The table and the verdicts."""
    table = Table(title=f"\n{TITLE}", title_justify="left", title_style="bold", width=WIDE)
    table.add_column("stalls", no_wrap=True)
    for name in ("windows", "spared", "p99 before", "p99 ms", "p99 x", "need it", "p50", "most ms"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("and were told")
    for row in report.rows:
        table.add_row(
            row["name"],
            f"{row['windows']}",
            f"{row['spared']:,}",
            f"{row['healthy']['p99_ms']:.1f}",
            f"{row['stalled']['p99_ms']:.1f}",
            f"{row['p99_ratio']:.2f}",
            f"{row['needing']:,}",
            f"{row['needing_p50_ms']:.0f}",
            f"{row['needing_max_ms']:.0f}",
            escape(", ".join(f"{count} {told}" for told, count in row["needing_told"].items())),
        )
    console.print(table)
    setup = report.setup
    console.print(
        f"{setup['callers']} callers need the system, {setup['needing_per_s']:.0f} requests a second; "
        f"{setup['spared_per_s']:.0f} a second do not. Of each window's latencies the medians; "
        f"{report.elapsed_s:.0f} s.\n{escape(str(report.machine))}\n"
    )
    shares = [share for row in report.rows for share in row["others_cpu_share_by_window"] if share is not None]
    if shares and (busy := median(shares)) >= BUSY:
        console.print(f"[yellow]Other work took {busy:.0%} of this machine meanwhile.[/yellow]\n")
    print_claims(report, console)


def picture(report: Report) -> str:
    """The latencies of who does not need it as SVG."""
    drawn = [_bar(row, state) for row in report.rows for state in ("healthy", "stalled")]
    subtitle = "Latency of who does not need the system, while it is well and while it stalls and 150 wait for it."
    return bars(TITLE, subtitle, drawn, None, f"{report.machine} · {report.began_at:%Y-%m-%d}")


def _bar(row: Mapping[str, Any], state: str) -> Bar:
    seen = row[state]
    result = "before" if state == "healthy" else f"p99 x {row['p99_ratio']:.2f}"
    return Bar(row["name"], state, seen["p50_ms"], seen["p95_ms"], seen["p99_ms"], result)
