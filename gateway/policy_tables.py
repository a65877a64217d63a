"""What is in force: every number per outside system and per kind of answer, as tables for people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

from rich.console import Console
from rich.table import Table

from domains.upstream import DEFAULTS, WirePolicy
from domains.vocabulary import SystemRole
from gateway.audiences import Audience, Audiences, read_audiences
from gateway.durable import QUOTAS, Quota
from gateway.limits import AudienceLimits
from gateway.policies import KEPT, Freshness
from gateway.settings import Settings


def print_policies(settings: Settings, console: Console) -> None:
    """Print the tables. Beside a number that is not the default stands the default."""
    console.print(_systems(settings))
    console.print("Reasons: domains/upstream/policy.py\n")
    console.print(_steps(settings))
    console.print("Reasons: gateway/durable/policy.py. A quota that was set while workers run stands above these.\n")
    audiences = settings.audiences.read()
    console.print(_views(audiences))
    console.print("What each tag holds: resolvers/marks.py. Who is of no audience named here is of its kind's.\n")
    console.print(_limits(audiences, read_audiences(settings.audiences.directory)))
    console.print("Reasons: gateway/limits/policy.py. Costs are calls.\n")
    console.print(_answers(settings))
    kept = "on" if settings.cache.enabled else "off: nothing is kept"
    console.print(f"Reasons: gateway/policies.py. Reads that are not listed are never kept. The cache is {kept}.")
    console.print(f"\n{_per_process(settings)}")


def _per_process(settings: Settings) -> str:
    """What is counted by each process for itself."""
    alone = "" if settings.cache.url is not None else ", and without cache.url the rates and budgets of callers"
    megabytes = settings.cache.memory_max_bytes // 2**20
    return (
        f"server.workers is {settings.server.workers}. Each has of its own: {megabytes} MiB of cache in memory, slots, "
        f"breakers and retry budgets of outside systems, streams, concurrent_max{alone}. So with several workers, or "
        "several machines, the deployment has as many times these numbers."
    )


def _systems(settings: Settings) -> Table:
    table = Table(title="How each outside system is treated", title_justify="left")
    table.add_column("number")
    for role in SystemRole:
        table.add_column(f"{role.value} ({settings.systems.of(role).vendor})", justify="right")
    for field in fields(WirePolicy):
        row = (
            _shown(getattr(settings.systems.of(role).wire, field.name), getattr(DEFAULTS[role], field.name))
            for role in SystemRole
        )
        table.add_row(field.name, *row)
    return table


def _views(audiences: Audiences) -> Table:
    table = Table(title="What a caller of each audience sees", title_justify="left")
    table.add_column("term")
    for audience in audiences:
        table.add_column(audience.name, overflow="fold")
    terms: dict[str, Callable[[Audience], str]] = {
        "tags": lambda one: " ".join(sorted(one.tags)),
        "scopes": lambda one: " ".join(sorted(one.scopes)),
        "on request": lambda one: " ".join(sorted(one.scopes_on_request)),
        "path": lambda one: one.path.value,
        "max_stale_s": lambda one: "" if one.max_stale_s is None else str(one.max_stale_s),
        "masks": lambda one: " ".join(sorted(kind.value for kind in one.masks)),
        "introspection": lambda one: "yes" if one.introspection else "no",
        "origins": lambda one: " ".join(one.cors_origins),
    }
    for term, of in terms.items():
        table.add_row(term, *(of(audience) for audience in audiences))
    return table


def _limits(audiences: Audiences, files: Audiences) -> Table:
    """Those in force. The default of a number is what stands in the audience's file."""
    table = Table(title="What a caller of each audience may ask", title_justify="left")
    table.add_column("number")
    pairs = [(audience.limits, files.of(audience.name).limits) for audience in audiences]
    for audience in audiences:
        table.add_column(audience.name, justify="right")
    for field in fields(AudienceLimits):
        values = [(getattr(own, field.name), getattr(default, field.name)) for own, default in pairs]
        if field.name in {"cost_max", "budget_per_min"}:
            for role in SystemRole:
                table.add_row(f"{field.name} {role.value}", *(_shown(a.of(role), b.of(role)) for a, b in values))
        else:
            table.add_row(field.name, *(_said(a, b) for a, b in values))
    return table


def _said(value: float | str, default: float | str) -> str:
    if isinstance(value, str) or isinstance(default, str):
        return str(value) if value == default else f"{value} (default {default})"
    return _shown(value, default)


def _steps(settings: Settings) -> Table:
    table = Table(
        title="How many steps of slow writes each outside system takes, over all workers", title_justify="left"
    )
    table.add_column("system")
    for field in fields(Quota):
        table.add_column(field.name, justify="right")
    for role, default in QUOTAS.items():
        quota = settings.durable.policy.quotas[role]
        row = (_shown(getattr(quota, field.name), getattr(default, field.name)) for field in fields(Quota))
        table.add_row(role.value, *row)
    return table


def _answers(settings: Settings) -> Table:
    table = Table(title="How long each kind of answer is good for", title_justify="left")
    for name in ("read", "system", "belongs to"):
        table.add_column(name, no_wrap=True)
    for field in fields(Freshness):
        table.add_column(field.name, justify="right")
    for name, kept in KEPT.items():
        numbers = settings.cache.freshness[name]
        row = (_shown(getattr(numbers, field.name), getattr(kept.freshness, field.name)) for field in fields(Freshness))
        table.add_row(name, kept.system.value, "who asked" if kept.private else "everybody", *row)
    return table


def _shown(number: float, default: float) -> str:
    text = f"{number:_.10g}"
    return text if number == default else f"{text} (default {default:_.10g})"
