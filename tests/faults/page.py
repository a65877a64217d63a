"""The matrix as a page for people, in HTML that needs nothing else, and in Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path

from domains.vocabulary import SystemRole
from resolvers.directives import Degradation
from tests.faults.axes import BREAKER_OPEN, FAULTS, REQUEST_TIMEOUT_S, CacheState, Fault
from tests.faults.documents import Asking, askings_of
from tests.faults.verdicts import Judged, Outcome

CSS = Path(__file__).with_name("page.css")

_CLASSES = {
    Outcome.AS_EVER: "ever",
    Outcome.LAST_KNOWN: "known",
    Outcome.CONSERVATIVE: "careful",
    Outcome.NULL: "null",
    Outcome.BROKEN: "broken",
}
_SHORT = {Outcome.NULL: "null"}
_LEGEND = {
    Outcome.AS_EVER: "Nobody notices. The answer is still fresh, so the failing system is not asked for it at all.",
    Outcome.LAST_KNOWN: "The last answer stands in, or what was read ahead of time from another system's books, with "
    "its age and the mark STALE_OK or STALE_DEGRADED beside it.",
    Outcome.CONSERVATIVE: "Stock only: the last figure, or what the ERP's books leave over, less a buffer for what may "
    "have been sold since, and never called plentiful.",
    Outcome.NULL: "The field is empty. An error beside it names the system, what was wanted of it, and whether trying "
    "again helps. The rest of the answer stands.",
    Outcome.BROKEN: "The field did not do what the schema declares. There should be none of these.",
}
_ROLES_SAY = {
    SystemRole.ERP: "products, accounts and the books",
    SystemRole.OMS: "stock, orders and returns",
    SystemRole.LOYALTY: "points, members and promotions",
    SystemRole.CRM: "customer profiles",
}
_PROMISES = {
    Degradation.LAST_KNOWN: Outcome.LAST_KNOWN,
    Degradation.CONSERVATIVE: Outcome.CONSERVATIVE,
    Degradation.NULL: Outcome.NULL,
}

Cells = Mapping[tuple[str, str, CacheState], Judged]


@dataclass(frozen=True, slots=True)
class Report:
    """What was seen. `cells` are keyed by system, fault and state; those that did not run are missing."""

    cells: Cells
    declared: Mapping[str, Degradation]
    made_at: datetime
    seconds: float

    @property
    def contradictions(self) -> list[str]:
        return [
            f"{system}, {fault}, {state.value}: {complaint}"
            for (system, fault, state), cell in self.cells.items()
            for complaint in (*cell.complaints, *(cell.beside.complaints if cell.beside else ()))
        ]

    @property
    def slowest_s(self) -> float:
        return max((cell.seconds for cell in self.cells.values()), default=0.0)


def html_page(report: Report) -> str:
    """The whole page."""
    links = "".join(f'<a href="#{role.value.lower()}">{role.value}</a>' for role in SystemRole)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>When a system fails · retailgraph</title>
<link rel="icon" href="data:,">
<style>
{CSS.read_text()}</style>
</head>
<body>
<h1>What a query answers when a system fails</h1>
<p class="lead">Each of the four systems behind the gateway is made to fail in {len(FAULTS)} ways, with five states of
the cache. Every field of the schema that asks it must then show what its <code>@degrades</code> line declares, in time,
and leave the fields of the others alone.</p>
{_figures(report)}
<dl class="legend">{"".join(_legend())}</dl>
<p class="how">A cell is one request to a running gateway that asks for every field of the failing system, and for one
thing of each other system. The coloured word is what most of those fields did, and the bar shows all of them; point
at a cell to read which. Below it stand how long the caller waited, of {REQUEST_TIMEOUT_S:.1f} s that a request may take
here, and how many calls reached the failing system on its account; a stopped process counts none. What is never
kept, such as the discounts of a basket, is asked for by a second request, so that the first shows how long everything
else takes.</p>
<nav>{links}</nav>
{_complaints(report)}
{"".join(_section(report, role) for role in SystemRole)}
<footer>Made by <code>make faults</code> on {report.made_at:%d %B %Y at %H:%M} UTC, in {report.seconds:.0f} s. Latencies
are of this run, with sandbox systems on the same machine.</footer>
</body>
</html>
"""


def markdown_page(report: Report) -> str:
    """The same as tables of text."""
    lines = ["# What a query answers when a system fails", ""]
    lines += [f"- **{outcome.value}**: {says}" for outcome, says in _LEGEND.items()]
    lines += ["", "Each cell: what the fields did, how long the caller waited, and the calls that the system got.", ""]
    for role in SystemRole:
        heads = [state.value for state in CacheState]
        lines += [f"## {role.value}: {_ROLES_SAY[role]}", "", f"| fault | {' | '.join(heads)} |"]
        lines.append("|---" * (1 + len(heads)) + "|")
        for fault in (*FAULTS, BREAKER_OPEN):
            told = [_told(report.cells.get((role.value, fault.name, state))) for state in CacheState]
            lines.append(f"| {fault.name} | {' | '.join(told)} |")
        lines.append("")
    if report.contradictions:
        lines += ["## Not as declared", "", *(f"- {one}" for one in report.contradictions), ""]
    lines.append(f"{len(report.cells)} cells, {len(report.contradictions)} contradictions, {report.seconds:.0f} s.")
    return "\n".join(lines) + "\n"


def _figures(report: Report) -> str:
    wrong = len(report.contradictions)
    figures = [
        (f"{len(report.cells)}", "cells: a system, a fault, a cache state", ""),
        (f"{len(report.declared)}", "fields with a declared answer to failure", ""),
        (f"{wrong}" if wrong else "none", "contradict what is declared", "wrong" if wrong else ""),
        (f"{report.slowest_s:.2f} s", f"longest wait, of {REQUEST_TIMEOUT_S:.1f} s allowed", ""),
    ]
    items = (f'<li class="{kind}"><b>{number}</b><span>{what}</span></li>' for number, what, kind in figures)
    return f'<ul class="figures">{"".join(items)}</ul>'


def _complaints(report: Report) -> str:
    if not report.contradictions:
        return ""
    items = "".join(f"<li>{escape(one)}</li>" for one in report.contradictions)
    return f'<section><header><h2>Not as declared</h2></header><ul class="complaints">{items}</ul></section>'


def _legend() -> Iterable[str]:
    for outcome, says in _LEGEND.items():
        yield f'<dt><span class="tag {_CLASSES[outcome]}">{outcome.value}</span></dt><dd>{says}</dd>'


def _section(report: Report, role: SystemRole) -> str:
    heads = "".join(f'<th scope="col">{state.value}<small>{state.says}</small></th>' for state in CacheState)
    rows = "".join(_row(report.cells, role, fault) for fault in (*FAULTS, BREAKER_OPEN))
    fields = sorted({asking.field for asking in askings_of(role)})
    promises = "".join(f"<li><code>{field}</code>{_promise(report.declared[field])}</li>" for field in fields)
    return f"""<section id="{role.value.lower()}">
<header><h2>{role.value}</h2><p>{_ROLES_SAY[role]}</p></header>
<div class="frame"><table><thead><tr><th scope="col">How it fails</th>{heads}</tr></thead>
<tbody>{rows}</tbody></table></div>
<details><summary>The {len(fields)} fields that ask it, and what each declares</summary>
<ul class="fields">{promises}</ul></details>
</section>
"""


def _promise(declared: Degradation) -> str:
    return f'<span class="tag {_CLASSES[_PROMISES[declared]]}">{declared.value}</span>'


def _row(cells: Cells, role: SystemRole, fault: Fault) -> str:
    columns = "".join(_cell(cells.get((role.value, fault.name, state))) for state in CacheState)
    return f'<tr><th scope="row">{escape(fault.name)}<small>{escape(fault.says)}</small></th>{columns}</tr>'


def _cell(cell: Judged | None) -> str:
    if cell is None:
        return '<td class="empty" title="Not asked in this state">·</td>'
    counted = _counted(cell)
    (prevails, _), *others = counted.most_common()
    if counted[Outcome.BROKEN] or cell.complaints:
        prevails, others = Outcome.BROKEN, [(one, n) for one, n in counted.items() if one is not Outcome.BROKEN]
    also = ", ".join(f"{count} {_SHORT.get(outcome, outcome.value)}" for outcome, count in others)
    bar = "".join(
        f'<i class="{_CLASSES[outcome]}" style="flex:{counted[outcome]}"></i>'
        for outcome in Outcome
        if counted[outcome]
    )
    calls = "&ndash;" if cell.calls is None else f"{cell.calls} call{'' if cell.calls == 1 else 's'}"
    return (
        f'<td class="{_CLASSES[prevails]}" title="{escape(_listed(cell), quote=True)}"><b>{prevails.value}</b>'
        f'<span class="also">{also}</span><span class="bar">{bar}</span>'
        f'<span class="cost"><span>{_milliseconds(cell.seconds)}</span><span>{calls}</span></span></td>'
    )


def _told(cell: Judged | None) -> str:
    if cell is None:
        return ""
    did = ", ".join(f"{count} {outcome.value}" for outcome, count in _counted(cell).most_common())
    calls = "no process" if cell.calls is None else f"{cell.calls} call{'' if cell.calls == 1 else 's'}"
    return f"{did}; {_milliseconds(cell.seconds)}; {calls}" + (" **(not as declared)**" if cell.complaints else "")


def _counted(cell: Judged) -> Counter[Outcome]:
    return Counter(outcome for _, outcome in _fields(cell))


def _fields(cell: Judged) -> tuple[tuple[Asking, Outcome], ...]:
    return cell.outcomes + (cell.beside.outcomes if cell.beside else ())


def _listed(cell: Judged) -> str:
    fields: dict[Outcome, list[str]] = {}
    for asking, outcome in _fields(cell):
        fields.setdefault(outcome, []).append(asking.field)
    told = [f"{outcome.value}: {', '.join(fields[outcome])}" for outcome in Outcome if outcome in fields]
    if cell.beside:
        never = ", ".join(asking.field for asking, _ in cell.beside.outcomes)
        told.append(f"never kept, asked by itself: {never} ({_milliseconds(cell.beside.seconds)})")
    return "\n".join([*told, *cell.complaints])


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"
