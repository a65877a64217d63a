"""What is in force: every number per outside system and per kind of answer, as tables for people."""

from __future__ import annotations

from dataclasses import fields

from rich.console import Console
from rich.table import Table

from domains.upstream import DEFAULTS, WirePolicy
from domains.vocabulary import SystemRole
from gateway.durable import QUOTAS, Quota
from gateway.limits import AudienceLimits, limits_of
from gateway.policies import KEPT, Freshness
from gateway.settings import Settings


def print_policies(settings: Settings, console: Console) -> None:
    """Print the tables. Beside a number that is not the default stands the default."""
    console.print(_systems(settings))
    console.print("Reasons: domains/upstream/policy.py\n")
    console.print(_steps(settings))
    console.print("Reasons: gateway/durable/policy.py. A quota that was set while workers run stands above these.\n")
    console.print(_audiences(settings))
    console.print(
        "Reasons: gateway/limits/policy.py. Costs are calls; an audience not named here has partner's numbers.\n"
    )
    console.print(_answers(settings))
    kept = "on" if settings.cache.enabled else "off: nothing is kept"
    console.print(f"Reasons: gateway/policies.py. Reads that are not listed are never kept. The cache is {kept}.")


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


def _audiences(settings: Settings) -> Table:
    table = Table(title="What a caller of each audience may ask", title_justify="left")
    table.add_column("number")
    audiences = settings.limits.audiences
    for name in audiences:
        table.add_column(name, justify="right")
    for field in fields(AudienceLimits):
        if field.name in {"cost_max", "budget_per_min"}:
            for role in SystemRole:
                row = (
                    _shown(getattr(numbers, field.name).of(role), getattr(limits_of(name), field.name).of(role))
                    for name, numbers in audiences.items()
                )
                table.add_row(f"{field.name} {role.value}", *row)
        else:
            row = (
                _said(getattr(numbers, field.name), getattr(limits_of(name), field.name))
                for name, numbers in audiences.items()
            )
            table.add_row(field.name, *row)
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
