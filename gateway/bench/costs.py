"""What documents and sizes cost, for people: a table, the same as Markdown, a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway.bench.baseline import Change
from gateway.bench.picture import Length, lengths
from gateway.bench.report import Report

WIDE = 140  # columns of the table, whatever the terminal: it is also piped into files


def print_costs(title: str, report: Report, console: Console) -> None:
    """A row for each page, a column for each stage: microseconds of CPU, and how many times the floor."""
    stages, pages = _axes(report.rows)
    table = Table(title=f"\n{title}", title_justify="left", title_style="bold", width=WIDE)
    table.add_column(_heading(report.rows), no_wrap=True)
    for stage in stages:
        table.add_column(stage, justify="right")
    for page in pages:
        table.add_row(page, *(_cell(_row(report.rows, page, stage)) for stage in stages))
    console.print(table)
    console.print(_floor(report.setup))
    console.print(f"{report.elapsed_s:.0f} s.\n{escape(str(report.machine))}\n")


def print_changes(changes: Sequence[Change], console: Console) -> None:
    """What is slower or faster than it was by more than means nothing."""
    for change in changes:
        if change.slower:
            console.print(f"[bold red]slower[/bold red]  {escape(str(change))}")
        elif change.faster:
            console.print(f"[green]faster[/green]  {escape(str(change))}")
    alike = sum(not change.slower and not change.faster for change in changes)
    console.print(f"{len(changes)} figures compared with the baseline: {alike} as they were.")


def as_markdown(title: str, report: Report) -> str:
    """The table as Markdown."""
    stages, pages = _axes(report.rows)
    head = [f"| {_heading(report.rows)} | " + " | ".join(stages) + " |", "|---|" + "---:|" * len(stages)]
    lines = [
        f"| {page} | " + " | ".join(_cell(_row(report.rows, page, stage)) for stage in stages) + " |" for page in pages
    ]
    return "\n".join(
        [
            f"# {title}",
            "",
            *head,
            *lines,
            "",
            f"{_floor(report.setup)} {report.machine}, {report.began_at:%Y-%m-%d}.",
            "",
        ]
    )


def picture(title: str, subtitle: str, report: Report, stages: Sequence[str]) -> str:
    """These stages of every page as SVG, in times of the floor."""
    rows = [
        Length(
            row["page"],
            row["stage"],
            row["floor_ratio"],
            f"x{_figure(row['floor_ratio'])}, {_figure(row['cpu_us'])} us",
        )
        for row in report.rows
        if row["stage"] in stages
    ]
    return lengths(title, subtitle, rows, "x", f"{report.machine} · {report.began_at:%Y-%m-%d}")


def _floor(setup: Mapping[str, Any]) -> str:
    waited = f", {setup['floor_p50_ms']:.2f}/{setup['floor_p99_ms']:.2f} ms" if "floor_p50_ms" in setup else ""
    return f"The floor, a constant answer of uvicorn, is {setup['floor_us']:.1f} us{waited}."


def _axes(rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[str]]:
    return list(dict.fromkeys(row["stage"] for row in rows)), list(dict.fromkeys(row["page"] for row in rows))


def _row(rows: Sequence[Mapping[str, Any]], page: str, stage: str) -> Mapping[str, Any] | None:
    return next((row for row in rows if (row["page"], row["stage"]) == (page, stage)), None)


def _heading(rows: Sequence[Mapping[str, Any]]) -> str:
    return "us, x floor; p50/p99; calls" if any("p50_ms" in row for row in rows) else "us, and times the floor"


def _cell(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return ""
    cost = f"{_figure(row['cpu_us'])} x{_figure(row['floor_ratio'])}"
    if "p50_ms" not in row:
        return cost
    return f"{cost}; {_figure(row['p50_ms'])}/{_figure(row['p99_ms'])} ms; {row['calls']:g}"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
