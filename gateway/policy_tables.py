"""What is in force: every number per outside system and per kind of answer, as two tables for people."""

from __future__ import annotations

from dataclasses import fields

from rich.console import Console
from rich.table import Table

from domains.upstream import DEFAULTS, WirePolicy
from domains.vocabulary import SystemRole
from gateway.policies import KEPT, Freshness
from gateway.settings import Settings


def print_policies(settings: Settings, console: Console) -> None:
    """Print both tables. Beside a number that is not the default stands the default."""
    console.print(_systems(settings))
    console.print("Reasons: domains/upstream/policy.py\n")
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
