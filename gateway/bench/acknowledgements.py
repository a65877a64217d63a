"""What the durable bench measured, and whether that is what it claims: table, verdicts, picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway.bench.figures import ratio, spread
from gateway.bench.load import Outcome, Sample
from gateway.bench.picture import Bar, bars
from gateway.bench.report import Claim, Report
from gateway.bench.shown import BUSY, WIDE, print_claims

ABOVE_MS_MAX = 50.0
SUCCESS_MIN = 0.999
TITLE = "Slow writes, acknowledged"


def row(operation: str, samples: Sequence[Sample], call: str, call_s: Sequence[float]) -> dict[str, Any]:
    """One operation, beside the slowest call that is waited for on its behalf, made alone in the same seconds."""
    acked = spread([sample.elapsed_s for sample in samples])
    alone = spread(call_s)
    done = sum(sample.outcome is Outcome.DONE for sample in samples)
    details = sorted({sample.detail for sample in samples if sample.detail})
    return {
        "operation": operation,
        "operations": len(samples),
        "success_ratio": round(ratio(done, len(samples)), 6),
        "why": details[:5],
        "p50_ms": acked.p50_ms,
        "p95_ms": acked.p95_ms,
        "p99_ms": acked.p99_ms,
        "max_ms": acked.max_ms,
        "slowest_call": call,
        "call_p50_ms": alone.p50_ms,
        "call_p99_ms": alone.p99_ms,
        "above_p50_ms": round(acked.p50_ms - alone.p50_ms, 3),
        "above_p99_ms": round(acked.p99_ms - alone.p99_ms, 3),
    }


def claims(rows: Sequence[Mapping[str, Any]], erp_calls: int) -> tuple[Claim, ...]:
    """The verdicts."""
    most = max(rows, key=lambda one: float(one["above_p99_ms"]))
    worst = min(rows, key=lambda one: float(one["success_ratio"]))
    return (
        Claim(
            "a slow write is acknowledged soon after the slowest system that is asked first",
            f"p99 {most['above_p99_ms']:.1f} ms above that call's where it is most ({most['operation']})",
            f"{ABOVE_MS_MAX:.0f} ms",
            most["above_p99_ms"] <= ABOVE_MS_MAX,
        ),
        Claim(
            "every one is",
            f"{worst['success_ratio']:.2%} where it is lowest ({worst['operation']})",
            f"{SUCCESS_MIN:.1%}",
            worst["success_ratio"] >= SUCCESS_MIN,
        ),
        Claim("nobody waited for the ERP", f"{erp_calls} calls by those who answer", "0 calls", erp_calls == 0),
    )


def print_report(report: Report, console: Console) -> None:
    """The table and the verdicts."""
    table = Table(title=f"\n{TITLE}", title_justify="left", title_style="bold", width=WIDE)
    for name in (
        "operation",
        "requests",
        "success",
        "p50",
        "p95",
        "p99 ms",
        "slowest call",
        "p50",
        "p99 ms",
        "above",
    ):
        table.add_column(name, justify="left" if name in ("operation", "slowest call") else "right", no_wrap=True)
    for one in report.rows:
        figures = [f"{one[name]:.1f}" for name in ("p50_ms", "p95_ms", "p99_ms")]
        alone = [f"{one[name]:.1f}" for name in ("call_p50_ms", "call_p99_ms", "above_p99_ms")]
        requests, success = f"{one['operations']:,}", f"{one['success_ratio']:.2%}"
        table.add_row(one["operation"], requests, success, *figures, one["slowest_call"], *alone)
    console.print(table)
    setup = report.setup
    console.print(
        f"{setup['rate_per_s']:.0f} requests a second on {setup['database']}, {setup['steps']} steps done meanwhile; "
        f"{report.elapsed_s:.0f} s.\n{escape(str(report.machine))}\n"
    )
    if (busy := setup["others_cpu_share"]) is not None and busy >= BUSY:
        console.print(f"[yellow]Other work took {busy:.0%} of this machine meanwhile.[/yellow]\n")
    for one in report.rows:
        for why in one["why"]:
            console.print(f"[yellow]{one['operation']}[/yellow]  {escape(why)}")
    print_claims(report, console)


def picture(report: Report) -> str:
    """The latencies as SVG."""
    rows = [
        Bar(
            one["operation"],
            f"{one['operations']:,} requests",
            one["p50_ms"],
            one["p95_ms"],
            one["p99_ms"],
            f"p99 {one['above_p99_ms']:.0f} ms above its slowest call",
        )
        for one in report.rows
    ]
    setup = report.setup
    subtitle = f"{setup['rate_per_s']:.0f} a second on {setup['database']}, while workers do their steps."
    limit = ABOVE_MS_MAX + min(one["call_p99_ms"] for one in report.rows)
    return bars(TITLE, subtitle, rows, (limit, "limit for p99"), f"{report.machine} · {report.began_at:%Y-%m-%d}")
