"""`retailgraph dead-letters`: what waits for a person, events that could not be taken included."""

from __future__ import annotations

from pathlib import Path

from rich.table import Table

from domains.durable import BusinessException, ExceptionQuery, ExceptionSource
from domains.vocabulary import Page
from gateway.ops.terminal import clock_time, errand, member, say, say_json, table_console
from gateway.wiring import Office


def dead_letters(config: Path | None, *, source: str | None, limit: int, as_json: bool) -> None:
    """Print the open exceptions, newest first. Raises CannotStart."""
    query = ExceptionQuery(first=limit, source=None if source is None else member(ExceptionSource, source, "--source"))

    async def work(office: Office) -> Page[BusinessException]:
        return (await office.journal.durable.exceptions(frozenset({query})))[query].value

    page = errand(config, work)
    if as_json:
        say_json({"items": page.items, "hasNext": page.has_next})
        return
    table = Table("exception", "severity", "source", "about", "since (UTC)", "what", box=None, pad_edge=False)
    for one in page.items:
        table.add_row(one.id, one.severity.value, one.source.value, one.about, clock_time(one.opened_at), one.title)
    table_console().print(table)
    say(f"{len(page.items)} open" + (", and more: ask for them with --limit." if page.has_next else "."))
