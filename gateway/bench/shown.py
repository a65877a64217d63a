"""The checkout bench for people: a bar while it runs, then a table, its verdicts and a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from statistics import mean
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from gateway.bench.conditions import Condition
from gateway.bench.load import Outcome, Sample
from gateway.bench.picture import Bar, bars
from gateway.bench.report import Report
from gateway.bench.verdicts import SLOWER_MAX

TITLE = "Checkout, whatever the ERP does"
BUSY = 0.1
"""From here on it is worth saying. The kernel's own work for our connections, which it counts for nobody, is below."""

WIDE = 132  # columns of the table, whatever the terminal: it is also piped into files


@contextmanager
def progress(console: Console, operations: int) -> Iterator[Callable[[Condition, int, Sample], None]]:
    """A bar over all operations, with what the ERP is like just now."""
    columns = (
        TextColumn("ERP {task.fields[condition]:<9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("round {task.fields[number]}, {task.fields[failed]} failed"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as shown:
        task, failed = shown.add_task("", total=operations, condition="", number=1, failed=0), 0

        def on_sample(condition: Condition, number: int, sample: Sample) -> None:
            nonlocal failed
            failed += sample.outcome is Outcome.FAILED
            shown.update(task, advance=1, condition=condition.name, number=number + 1, failed=failed)

        yield on_sample


def print_report(report: Report, console: Console) -> None:
    """The table and the verdicts."""
    table = Table(title=f"\n{TITLE}", title_justify="left", title_style="bold", width=WIDE)
    table.add_column("ERP", no_wrap=True)
    for name in ("operations", "success", "refused", "p50", "p95", "p99 ms", "p95 x", "ERP calls"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("an associate who asked it was told")
    for row in report.rows:
        table.add_row(
            row["condition"],
            f"{row['operations']:,}",
            f"{row['success_ratio']:.2%}",
            f"{row['refused']}",
            *(f"{row[name]:.1f}" for name in ("p50_ms", "p95_ms", "p99_ms")),
            f"{row['p95_ratio']:.2f}",
            f"{row['erp_calls']}",
            escape(row["associate_was_told"][-1]),
        )
    console.print(table)
    setup = report.setup
    console.print(
        f"{setup['rate_per_s']:.0f} operations a second, half of the {setup['capacity_per_s']:.0f} that a closed loop "
        f"reached; {setup['rounds']} rounds, each with all five, of whose latencies these are the medians; "
        f"{report.elapsed_s:.0f} s.\n"
        f"{escape(str(report.machine))}\n",
    )
    if (busy := others(report)) is not None and busy >= BUSY:
        console.print(
            f"[yellow]Other work took {busy:.0%} of this machine meanwhile: latencies are partly its own.[/yellow]\n"
        )
    for row in report.rows:
        for why, count in row["why"].items():
            console.print(f"[yellow]{row['condition']}[/yellow]  {count} x {escape(why)}")
    print_claims(report, console)


def print_claims(report: Report, console: Console) -> None:
    """A line for each verdict."""
    for claim in report.claims:
        verdict = "[green]holds [/green]" if claim.holds else "[bold red]missed[/bold red]"
        console.print(f"{verdict}  {claim.claim}: {escape(claim.measured)}; limit {claim.limit}")


def others(report: Report) -> float | None:
    """The share of the machine that others took, over all windows; None where it does not say."""
    shares = [share for row in report.rows for share in row["others_cpu_share_by_round"] if share is not None]
    return mean(shares) if shares else None


def picture(report: Report) -> str:
    """The latencies as SVG."""
    rows = [_bar(row) for row in report.rows]
    most = SLOWER_MAX * rows[0].p95_ms
    total = sum(row["operations"] for row in report.rows)
    calls = sum(row["erp_calls"] for row in report.rows)
    subtitle = (
        f"{total:,} checkout operations in one run, {calls} of them called the ERP. Latency by condition of the ERP."
    )
    limit = (most, f"limit for p95: {SLOWER_MAX} x healthy")
    return bars(TITLE, subtitle, rows, limit, f"{report.machine} · {report.began_at:%Y-%m-%d}")


def _bar(row: Mapping[str, Any]) -> Bar:
    result = f"{row['success_ratio']:.2%} answered, {row['erp_calls']} ERP calls"
    return Bar(f"ERP {row['condition']}", row["done_to_erp"], row["p50_ms"], row["p95_ms"], row["p99_ms"], result)
