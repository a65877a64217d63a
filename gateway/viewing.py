"""The commands of `retailgraph audiences`, as they are called. What they do is in `gateway.contracts`, loaded when one
runs."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated, Any

import typer

Folder = Annotated[
    Path | None, typer.Argument(help="A folder of audience files. By default those that come with the product.")
]

audiences = typer.Typer(help="Who is served what: audiences, their views and their contracts.", no_args_is_help=True)


def _contracts() -> Any:
    return importlib.import_module("gateway.contracts")


@audiences.command("list")
def list_audiences(folder: Folder = None) -> None:
    """Show every audience with what it sees."""
    _contracts().show(folder)


@audiences.command()
def diff(
    old: Annotated[Path, typer.Argument(help="An audience file, a contract, or a folder of them.")],
    new: Annotated[Path, typer.Argument(help="Likewise. Audience files are read with the schema of this release.")],
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Show what a change opens and closes: types, fields, arguments, values, and what callers may.

    Exits with 0 when it opens nothing, 1 when it does.
    """
    if not _contracts().diff(old, new, as_json):
        raise typer.Exit(1)


@audiences.command()
def accept(folder: Folder = None) -> None:
    """Write the contract of every audience as its view is now, beside its file. Have the diff reviewed."""
    _contracts().accept(folder)
