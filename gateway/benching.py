"""The commands of `retailgraph bench`, as they are called. What they do is in `gateway.bench`, loaded when one runs."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated, Any

import typer

Json = Annotated[Path | None, typer.Option("--json", help="Write what was measured.")]
Markdown = Annotated[Path | None, typer.Option("--markdown", help="Write the table.")]
Svg = Annotated[Path | None, typer.Option("--svg", help="Draw it.")]
Baseline = Annotated[Path | None, typer.Option(help="An earlier --json to compare with, or that of this release.")]
Fail = Annotated[bool, typer.Option("--fail", help="Exit with 1 when something is slower.")]

bench = typer.Typer(help="Measure the product on this machine.", no_args_is_help=True)


def _room(name: str) -> Any:
    return importlib.import_module(f"gateway.bench.{name}")


@bench.command()
def checkout(
    operations: Annotated[int, typer.Option(help="How many, over all five conditions of the ERP.")] = 10_000,
    json_file: Json = None,
    svg_file: Svg = None,
) -> None:
    """Prove that checkout does not need the ERP: healthy, slow, hanging, gone and garbling, in one run.

    Exits with 0 when every claim holds, 1 when one is missed.
    """
    if not _room("checkout").start(operations, json_file, svg_file):
        raise typer.Exit(1)


@bench.command()
def durable(
    operations: Annotated[int, typer.Option(help="How many orders and returns, 50 a second.")] = 3_000,
    database: Annotated[
        str | None, typer.Option(help="The URL of an empty one. By default an SQLite file that is gone afterwards.")
    ] = None,
    json_file: Json = None,
    svg_file: Svg = None,
) -> None:
    """Measure how soon orders and returns are acknowledged while workers carry the ones before them out.

    Exits with 0 when every claim holds, 1 when one is missed.
    """
    if not _room("durable").start(operations, database, json_file, svg_file):
        raise typer.Exit(1)


@bench.command()
def stall(
    rounds: Annotated[
        int, typer.Option(help="Of twice ten seconds for each system; twice as many where the first are not clear.")
    ] = 5,
    json_file: Json = None,
    svg_file: Svg = None,
) -> None:
    """Prove that a system that stalls is waited for by who needs it, within their deadline, and by nobody else.

    150 callers need the CRM, then the OMS, beside others who do not. Exits with 1 when a claim is missed.
    """
    if not _room("stall").start(rounds, json_file, svg_file):
        raise typer.Exit(1)


@bench.command()
def engine(
    *,
    rounds: Annotated[int, typer.Option(help="Of short batches of each piece of work, in turn; the best counts.")] = 60,
    baseline: Baseline = None,
    fail: Fail = False,
    json_file: Json = None,
    markdown_file: Markdown = None,
    svg_file: Svg = None,
) -> None:
    """Measure what a document costs: parsed, validated, prepared, executed, encoded, and as a whole request.

    As multiples of a constant answer in the same run; says what is slower than in an earlier one.
    """
    room = _room("engine")
    files = room.Files(json=json_file, markdown=markdown_file, svg=svg_file, baseline=baseline or room.COMMITTED)
    told = room.BENCH.start(rounds, files)
    if not told.holds or (fail and told.slower):
        raise typer.Exit(1)


@bench.command()
def requests(
    *,
    rounds: Annotated[int, typer.Option(help="Of a hundred requests of each operation, in turn.")] = 20,
    callers: Annotated[int, typer.Option(help="Who ask at the same time, each again once it is answered.")] = 1,
    baseline: Baseline = None,
    fail: Fail = False,
    json_file: Json = None,
    markdown_file: Markdown = None,
    svg_file: Svg = None,
) -> None:
    """Measure what a running gateway uses and takes for a product page, a list of 24, an account and a checkout.

    With whole answers kept, with every entity kept and with nothing kept, as multiples of a constant answer in the same
    run; says what is slower than in an earlier one. Exits with 1 when more outside calls are made than are claimed.
    """
    room = _room("requests")
    files = room.Files(
        json=json_file, markdown=markdown_file, svg=svg_file, baseline=baseline or room.COMMITTED_REQUESTS
    )
    told = room.start(rounds, callers, files)
    if not told.holds or (fail and told.slower):
        raise typer.Exit(1)


@bench.command()
def growth(
    *,
    rounds: Annotated[int, typer.Option(help="Of short batches of each size, in turn; the best counts.")] = 20,
    million: Annotated[bool, typer.Option("--million", help="A cache of a million keys too: some GiB.")] = False,
    baseline: Baseline = None,
    fail: Fail = False,
    json_file: Json = None,
    markdown_file: Markdown = None,
    svg_file: Svg = None,
) -> None:
    """Measure what size costs: lists of 1 to 250 products, answers of 480 to 20,000 leaves, 1 to 256 callers at once,
    a cache of 1,000 to 100,000 keys.

    As multiples of a constant answer in the same run; says what is slower than in an earlier one. Exits with 1 when a
    leaf of a large answer costs more than one of a small one.
    """
    room = _room("growth")
    files = room.Files(json=json_file, markdown=markdown_file, svg=svg_file, baseline=baseline or room.COMMITTED_GROWTH)
    told = room.bench(million=million).start(rounds, files)
    if not told.holds or (fail and told.slower):
        raise typer.Exit(1)
