"""An explanation as a tree for people."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from domains.vocabulary import ServingTier, SystemRole
from gateway.audiences import Audience
from gateway.explaining.explanation import Explanation, Step
from gateway.explaining.stages import Stage

_NEAR = {
    ServingTier.MEMORY: "from memory, no call",
    ServingTier.CACHE: "from the cache, no call",
    ServingTier.PROJECTION: "read ahead of time, no call",
}


def show(told: Explanation, audience: Audience | None, console: Console, *, source: bool = False) -> None:
    """Print the tree, what it comes to, and what speaks against it; with `source` the Python that runs it as well."""
    whose = f", as {told.audience} sees it" if told.audience else ""
    tree = Tree(f"[bold]{escape(told.operation)}[/bold] on {told.path.value}{whose}", guide_style="dim")
    branches: dict[tuple[str, ...], Tree] = {(): tree}
    lines = [(step.path, _said(step)) for step in told.steps]
    named = {step.path for step in told.steps}
    lines += [(one.path, _ran(one, named=one.path in named)) for one in told.run.stages]
    for path, line in lines:
        for depth in range(1, len(path) + 1):
            place = path[:depth]
            if place not in branches:
                items = told.lists.get(place)
                many = "" if items is None else f" [dim]{_number(items, 'item')}[/dim]"
                branches[place] = branches[place[:-1]].add(f"[bold]{escape(place[-1])}[/bold]{many}")
        branches[path].label = f"{branches[path].label}\n{line}"
    console.print(tree)
    console.print(f"in all: {_totals(told.calls, audience)}; {_items(told, audience)}.")
    if told.on_request:
        console.print(f"only for callers with the scope {escape(' and '.join(told.on_request))}.")
    if audience is not None and audience.trusted_only:
        console.print(f"{audience.name} runs trusted documents alone.")
    for one in told.objections:
        at = f"{one.field}: " if one.field else ""
        console.print(f"[bold red]refused[/bold red] {one.code}  {escape(at + one.message)}")
    if source:
        not_compiled = "# nothing is compiled of it: graphql-core executes it\n"
        console.print(told.run.source or not_compiled, markup=False, soft_wrap=True)


def _said(step: Step) -> str:
    systems = ", ".join(system.value for system in step.systems)
    if step.tier is not ServingTier.LIVE:
        return f"{systems} {step.tier.value}  {_NEAR[step.tier]}  [dim]{step.coordinate}[/dim]"
    calls = " or ".join(sorted({_number(one, "call") for one in step.calls.values()})) or "no call"
    each = " each" if len(step.systems) > 1 else ""
    together = f" for {step.parents:,} parents at once" if step.parents > 1 else ""
    keys = f", {step.keys:,} keys" if step.keys > 1 else ""
    colour = "red" if step.objection is not None else "green"
    return f"[{colour}]{systems} LIVE[/{colour}]  {calls}{each}{together}{keys}  [dim]{step.coordinate}[/dim]"


def _ran(stage: Stage, *, named: bool) -> str:
    """A stage; the field stands there already if it is `named`."""
    each = "one call" if stage.after is None else "a call for each parent"
    how = "one call for all parents" if stage.batch else each
    after = "" if stage.after is None else f" after {stage.after}"
    field = "" if named else f"  [dim]{stage.coordinate}[/dim]"
    return f"stage {stage.number}{after}: {how}{field}"


def _totals(calls: Mapping[SystemRole, int], audience: Audience | None) -> str:
    if not calls:
        return "no call"
    shown = []
    for system, count in sorted(calls.items(), key=lambda pair: pair[0].value):
        of = "" if audience is None else f" of {audience.limits.cost_max.of(system):,}"
        shown.append(f"{system.value} {count:,}{of}")
    return "at most " + ", ".join(shown) + " calls, when nothing is remembered"


def _items(told: Explanation, audience: Audience | None) -> str:
    of = "" if audience is None else f" of {audience.limits.items_max:,}"
    return f"{told.items:,}{of} items of lists"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
