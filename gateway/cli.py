"""The `retailgraph` command. Says what is wrong in a sentence, with exit code 2; tracebacks are for bugs."""

from __future__ import annotations

import difflib
import gc
import importlib
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway import __version__, auditing, benching, credentials, operations, viewing
from gateway.trouble import CannotStart

ROOT = Path(__file__).parents[1]
CONTRACTS = "domains/connectors/open"

app = typer.Typer(
    name="retailgraph",
    help="A GraphQL federation gateway over retail and ERP domains.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _room(name: str) -> Any:
    """The module of that name, loaded when a command needs it: `--version` and `--help` need none, and all of them
    together take a second."""
    gc.disable()  # nothing of what a module makes is garbage: looking for some takes 100 ms and finds none
    try:
        return importlib.import_module(name)
    finally:
        gc.enable()


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Every command knows --help."""


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="Of the gateway; the outside systems take the four after it.")] = 8000,
    seed: Annotated[
        int, typer.Option(help="Names the world: the same seed makes the same products and customers.")
    ] = 1,
    latency_scale: Annotated[
        float, typer.Option(min=0, help="Multiplies the latency of the outside systems; 0 turns it off.")
    ] = 1.0,
) -> None:
    """Start four made-up outside systems and the gateway, and print a first query."""
    _room("gateway.demo").start(port, seed, latency_scale)


@app.command()
def serve(
    *,
    config: Annotated[
        Path | None, typer.Option(help="The settings, as TOML. By default what RETAILGRAPH_CONFIG names.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Instead of the one in the settings.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Instead of the one in the settings.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes on the one port, instead of those in the settings.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only say whether the settings can be used.")] = False,
    print_policies: Annotated[
        bool, typer.Option("--print-policies", help="Only show the numbers in force, per system and kind of answer.")
    ] = False,
) -> None:
    """Serve the outside systems of the settings."""
    deployment = _room("gateway.deployment")
    if print_policies:
        deployment.show(config)
    else:
        deployment.start(config, host, port, workers, check)


@app.command()
def work(
    config: Annotated[
        Path | None, typer.Option(help="The settings, as TOML. By default what RETAILGRAPH_CONFIG names.")
    ] = None,
) -> None:
    """Do the steps of slow writes, beside the processes that serve. As many as there are to be."""
    _room("gateway.work").start(config)


projection = typer.Typer(help="What is read from the ERP ahead of time.", no_args_is_help=True)
app.add_typer(projection, name="projection")


@projection.command()
def refresh(
    config: Annotated[
        Path | None, typer.Option(help="The settings, as TOML. By default what RETAILGRAPH_CONFIG names.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Everything, not only what changed.")] = False,
) -> None:
    """Read products, positions and places from the ERP into the projection now. A stopped reading is taken up again."""
    _room("gateway.deployment").refresh(config, full)


app.add_typer(operations.flows, name="flows")
app.add_typer(operations.events, name="events")
app.command("dead-letters")(operations.dead_letters)
app.command()(operations.reconcile)
app.add_typer(auditing.audit, name="audit")
app.add_typer(viewing.audiences, name="audiences")
app.add_typer(credentials.keys, name="keys")
app.command()(credentials.token)
app.add_typer(benching.bench, name="bench")


@app.command()
def check(
    documents: Annotated[list[Path] | None, typer.Argument(help="Files or folders of GraphQL documents.")] = None,
    path: Annotated[
        str, typer.Option(help="CHECKOUT, BROWSE, SERVICE or BACKOFFICE, for files without a line `# path: BROWSE`.")
    ] = "CHECKOUT",
    audiences: Annotated[
        Path | None, typer.Option(help="A folder of audience files. By default those that come with the product.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Prove that no document lets its path wait for a system it must not, and that no audience sees more than its
    contract says; or name the field that would.

    Exits with 0 when all is proven, 1 with a counter-example, 2 when something cannot be read.
    """
    if not _room("gateway.checking").check(documents or [], path, audiences, as_json):
        raise typer.Exit(1)


@app.command()
def explain(
    document: Annotated[str, typer.Argument(help="A file with a GraphQL document, or - for standard input.")],
    *,
    audience: Annotated[str | None, typer.Option(help="As its callers: their view, path and limits.")] = None,
    path: Annotated[
        str, typer.Option(help="Without an audience: CHECKOUT, BROWSE, SERVICE or BACKOFFICE.")
    ] = "CHECKOUT",
    variables: Annotated[str, typer.Option(help="A JSON object: how long its lists are decides what is asked.")] = "{}",
    audiences: Annotated[
        Path | None, typer.Option(help="A folder of audience files. By default those that come with the product.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    source: Annotated[bool, typer.Option("--source", help="The Python too that runs it when it comes again.")] = False,
) -> None:
    """Show what an operation would ask of which system, in which stages, and what that would cost, without running it.

    Exits with 0 when it would run, 1 when it would be refused, 2 when something cannot be read.
    """
    explaining = _room("gateway.explaining")
    if not explaining.explain(
        document,
        audience=audience,
        path=path,
        variables=variables,
        as_json=as_json,
        audiences=audiences,
        source=source,
    ):
        raise typer.Exit(1)


@app.command()
def schema(
    write: Annotated[bool, typer.Option("--write", help="Write schema.graphql and the open role contracts.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Exit with 1 and a diff when a written file is stale.")
    ] = False,
) -> None:
    """Print the schema, or keep the written one true to the code."""
    if (write or check) and not (ROOT / "pyproject.toml").is_file():
        raise CannotStart("--write and --check keep the files of a checkout; this is an installed package.")
    if write:
        for name, text in printed().items():
            (ROOT / name).write_text(text, encoding="utf-8")
            typer.echo(f"wrote {name}")
    elif check:
        if stale := differences(ROOT):
            typer.echo("".join(stale), nl=False)
            typer.echo("The written files are out of date: run `retailgraph schema --write`.", err=True)
            raise typer.Exit(1)
    else:
        typer.echo(_room("gateway.schema").print_sdl(), nl=False)


def printed() -> dict[str, str]:
    """What the code says each written file should hold, by its path from the root of a checkout."""
    contract = _room("domains.connectors.open.contract")
    documents = {
        f"{CONTRACTS}/{role.value.lower()}.openapi.json": json.dumps(contract.document(role), indent=2) + "\n"
        for role in contract.ENDPOINTS
    }
    return {"schema.graphql": _room("gateway.schema").print_sdl(), **documents}


def differences(root: Path) -> list[str]:
    """The lines of a unified diff from what is written under `root` to what the code prints; none when they agree."""
    lines: list[str] = []
    for name, text in printed().items():
        path = root / name
        written = path.read_text(encoding="utf-8") if path.is_file() else ""
        before, after = written.splitlines(keepends=True), text.splitlines(keepends=True)
        lines += difflib.unified_diff(before, after, f"{name} (written)", f"{name} (code)")
    return lines


def main() -> None:
    """The entry point of the `retailgraph` script."""
    try:
        app()
    except CannotStart as exc:
        typer.echo(f"retailgraph: {exc}", err=True)
        sys.exit(2)
