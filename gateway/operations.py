"""The commands `flows`, `events`, `dead-letters` and `reconcile`, as they are called. What they do is in `gateway.ops`,
loaded when one of them runs."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated, Any

import typer

Config = Annotated[Path | None, typer.Option(help="The settings, as TOML. By default what RETAILGRAPH_CONFIG names.")]
AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the newest.")]
FlowId = Annotated[
    str,
    typer.Argument(
        parser=lambda given: given.removeprefix("Flow:"), metavar="FLOW", help="As `flows list` or GraphQL shows it."
    ),
]

flows = typer.Typer(help="Slow writes: what is under way, and what is stuck.", no_args_is_help=True)
events = typer.Typer(help="What outside systems told.", no_args_is_help=True)


def _ops() -> Any:
    return importlib.import_module("gateway.ops")


def _end(done: bool) -> None:
    """With exit code 1 when it was not done, or does not agree."""
    if not done:
        raise typer.Exit(1)


@flows.command("list")
def list_flows(
    *,
    state: Annotated[str | None, typer.Option(help="Only those, such as WAITING or NEEDS_PERSON.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only those, such as order.submit.")] = None,
    subject: Annotated[str | None, typer.Option(help="About this: its public id, such as Order:web-17.")] = None,
    correlation_id: Annotated[
        str | None, typer.Option("--correlation-id", help="Begun by the requests of this X-Correlation-Id.")
    ] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Show flows, newest first."""
    _ops().listed(
        config,
        state=state,
        kind=kind,
        subject=subject,
        correlation_id=correlation_id,
        limit=limit,
        as_json=as_json,
    )


@flows.command()
def show(flow_id: FlowId, as_json: AsJson = False, config: Config = None) -> None:
    """Show one flow with its steps. Exits with 1 when there is none."""
    _end(_ops().show(config, flow_id, as_json=as_json))


@flows.command()
def retry(
    flow_id: FlowId,
    from_step: Annotated[
        str | None, typer.Option("--from-step", help="Do everything again from there; what was done is found again.")
    ] = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Try a flow again that waits or needs a person. Running workers hear of it. Exits with 1 when that is refused."""
    _end(_ops().retry(config, flow_id, from_step, as_json=as_json))


@flows.command()
def cancel(flow_id: FlowId, as_json: AsJson = False, config: Config = None) -> None:
    """Cancel a flow that has not begun or needs a person; what was done is undone. Exits with 1 when it is refused."""
    _end(_ops().cancel(config, flow_id, as_json=as_json))


@flows.command()
def quota(
    system: Annotated[str, typer.Argument(help="ERP, OMS, LOYALTY or CRM.")],
    *,
    at_once: Annotated[
        int | None, typer.Option(min=0, help="Steps at once, of all workers; 0 lets none begin.")
    ] = None,
    per_s: Annotated[float | None, typer.Option(min=0, help="Steps per second; 0 lets none begin.")] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Back to what the settings say.")] = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Show or change how much of a system the workers may use, from now on and in all processes."""
    _ops().quota(config, system, at_once=at_once, per_s=per_s, reset=reset, as_json=as_json)


@events.command()
def replay(
    *,
    since: Annotated[
        str | None, typer.Option(help="Heard since 2026-03-02T10:00 (UTC), or within 90m, 2h, 3d.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Heard before then.")] = None,
    entity: Annotated[str | None, typer.Option(help="About this: source/subject, such as oms/ord-000001.")] = None,
    event_id: Annotated[str | None, typer.Option("--id", help="Those of this id, whichever source gave it.")] = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait until they are taken.")] = 0.0,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Have events taken once more, rejected ones too. What is newer by now is not changed.

    With --wait it exits with 1 when some are not taken by then.
    """
    _end(
        _ops().replay(config, since=since, until=until, entity=entity, event_id=event_id, wait_s=wait, as_json=as_json)
    )


def dead_letters(
    source: Annotated[str | None, typer.Option(help="Only those: FLOW, EVENT or RECONCILIATION.")] = None,
    limit: Limit = 100,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Show what waits for a person: flows that stand still, events that were rejected, books that do not agree."""
    _ops().dead_letters(config, source=source, limit=limit, as_json=as_json)


def reconcile(
    subject: Annotated[
        list[str] | None, typer.Option(help="orders, returns, redemptions or cached; several times for several.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="What was over since 2026-03-02T10:00 (UTC), or within 2h, 3d.")
    ] = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Compare what was done with what the systems have, and these with each other. A stopped run is taken up again.

    Exits with 1 when something does not agree.
    """
    _end(_ops().reconcile(config, subjects=subject or (), since=since, as_json=as_json))
