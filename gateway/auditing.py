"""The commands of `retailgraph audit`, as they are called. What they do is in `gateway.audit.errands`, loaded when one
runs."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated, Any

import typer

Config = Annotated[Path | None, typer.Option(help="The settings, as TOML. By default what RETAILGRAPH_CONFIG names.")]
Subject = Annotated[str | None, typer.Option(help="Only what this caller asked, such as login:ada.")]
Coordinate = Annotated[str | None, typer.Option(help="Only these, such as Mutation.orderCancel.")]

audit = typer.Typer(help="Who changed what, when, from where, and what came of it.", no_args_is_help=True)


def _errands() -> Any:
    return importlib.import_module("gateway.audit.errands")


@audit.command()
def export(
    *,
    since: Annotated[
        str | None, typer.Option(help="Written since 2026-03-02T10:00 (UTC), or within 90m, 2h, 3d.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Written before then.")] = None,
    subject: Subject = None,
    coordinate: Coordinate = None,
    as_json: Annotated[bool, typer.Option("--json", help="One record a line; the default.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="A table, with names in the first line.")] = False,
    config: Config = None,
) -> None:
    """Write every record to standard output, oldest first, however many there are."""
    if as_json and as_csv:
        raise typer.BadParameter("either --json or --csv")
    _errands().export(config, since=since, until=until, subject=subject, coordinate=coordinate, as_csv=as_csv)


@audit.command("list")
def list_records(
    *,
    subject: Subject = None,
    coordinate: Coordinate = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the newest.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    config: Config = None,
) -> None:
    """Show the last records, newest first."""
    _errands().listed(config, subject=subject, coordinate=coordinate, limit=limit, as_json=as_json)
