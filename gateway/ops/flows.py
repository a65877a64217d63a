"""`retailgraph flows`: what is under way, and what a person does about it."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from pathlib import Path

from rich.table import Table
from sqlalchemy import Connection, select

from domains.durable import Flow, FlowNotFound, FlowQuery, FlowState
from domains.vocabulary import Page, Refusal, SystemRole
from gateway.durable import QUOTAS
from gateway.durable.tables import quotas
from gateway.ops.terminal import clock_time, errand, member, refused, say, say_json, table_console
from gateway.trouble import CannotStart
from gateway.wiring import Office


def listed(
    config: Path | None,
    *,
    state: str | None,
    kind: str | None,
    subject: str | None,
    correlation_id: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Print the newest flows that fit. Raises CannotStart."""
    query = FlowQuery(
        first=limit,
        subject=subject,
        correlation_id=correlation_id,
        kind=kind,
        state=None if state is None else member(FlowState, state, "--state"),
    )

    async def work(office: Office) -> Page[Flow]:
        return (await office.journal.durable.flows_about(frozenset({query})))[query].value

    page = errand(config, work)
    if as_json:
        say_json({"items": page.items, "hasNext": page.has_next})
        return
    table = Table("flow", "kind", "state", "what", "accepted (UTC)", "stands at", "why", box=None, pad_edge=False)
    for flow in page.items:
        why = flow.why or ""
        accepted, at = clock_time(flow.accepted_at), flow.step or "-"
        table.add_row(flow.id, flow.kind, flow.state.value, flow.title, accepted, at, why)
    table_console().print(table)
    say(f"{len(page.items)} flows" + (", and more: ask for them with --limit." if page.has_next else "."))


def show(config: Path | None, flow_id: str, *, as_json: bool) -> bool:
    """Print one flow with its steps; False when there is none. Raises CannotStart."""

    async def work(office: Office) -> Flow | None:
        found = (await office.journal.durable.flows(frozenset({flow_id}))).get(flow_id)
        return None if found is None else found.value

    flow = errand(config, work)
    if flow is None:
        return refused(FlowNotFound(message=f"There is no flow {flow_id}."), as_json=as_json)
    _print(flow, as_json=as_json)
    return True


def retry(config: Path | None, flow_id: str, step: str | None, *, as_json: bool) -> bool:
    """Try a flow again, from a step if one is named; False when that is refused. Raises CannotStart."""
    return _ordered(config, lambda office: office.journal.durable.retry(flow_id, step), as_json=as_json)


def cancel(config: Path | None, flow_id: str, *, as_json: bool) -> bool:
    """Cancel a flow; False when that is refused. Raises CannotStart."""
    return _ordered(config, lambda office: office.journal.durable.cancel(flow_id), as_json=as_json)


def quota(
    config: Path | None, system: str, *, at_once: int | None, per_s: float | None, reset: bool, as_json: bool
) -> None:
    """Change what all workers grant a system, or only show it. Raises CannotStart."""
    role = member(SystemRole, system, "SYSTEM")
    if per_s is not None and not math.isfinite(per_s):
        raise CannotStart(f"--per-s is {per_s}; allowed: a number, such as {QUOTAS[role].per_s}.")

    async def work(office: Office) -> dict[str, object]:
        said = (None, None) if reset else await office.journal.read(lambda connection: _said(connection, role))
        in_force = await office.journal.set_quota(
            role, said[0] if at_once is None else at_once, said[1] if per_s is None else per_s
        )
        return {"system": role.value, "atOnce": in_force.at_once, "perS": in_force.per_s}

    done = errand(config, work)
    if as_json:
        say_json(done)
    else:
        say(f"{done['system']}: {done['atOnce']} steps at once, {done['perS']} per second.")


def _said(connection: Connection, role: SystemRole) -> tuple[int | None, float | None]:
    """What a person said before; None where nobody did."""
    row = connection.execute(select(quotas.c.at_once, quotas.c.per_s).where(quotas.c.system == role.value)).one()
    return row.at_once, row.per_s


def _ordered(config: Path | None, order: Callable[[Office], Awaitable[Flow | Refusal]], *, as_json: bool) -> bool:
    done = errand(config, order)
    if isinstance(done, Refusal):
        return refused(done, as_json=as_json)
    _print(done, as_json=as_json)
    return True


def _print(flow: Flow, *, as_json: bool) -> None:
    if as_json:
        say_json(flow)
        return
    say(f"{flow.id}  {flow.kind}  {flow.state.value}  {flow.title}")
    say(f"about {flow.subject}, by {flow.caller}, correlation id {flow.correlation_id}")
    say(
        f"accepted {clock_time(flow.accepted_at)}, over {clock_time(flow.finished_at)}, next {clock_time(flow.next_at)}"
    )
    if flow.why:
        say(flow.why)
    table = Table("step", "system", "state", "tries", "finished (UTC)", "reference", "why", box=None, pad_edge=False)
    for step in flow.steps:
        finished, number, why = clock_time(step.finished_at), step.reference or "-", step.why or ""
        table.add_row(step.name, step.system.value, step.state.value, str(step.attempts), finished, number, why)
    table_console().print(table)
