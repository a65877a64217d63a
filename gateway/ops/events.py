"""`retailgraph events replay`: have events from outside taken once more."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TypedDict

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from gateway.durable import inbox
from gateway.ops.terminal import errand, instant, say, say_json
from gateway.trouble import CannotStart
from gateway.wiring import Office

LOOK_EVERY_S = 0.25


class _Chosen(TypedDict):
    since: float | None
    until: float | None
    entity: str | None
    event_id: str | None


def replay(
    config: Path | None,
    *,
    since: str | None,
    until: str | None,
    entity: str | None,
    event_id: str | None,
    wait_s: float,
    as_json: bool,
) -> bool:
    """Lay events before the running processes once more, and wait so long until they are taken; False when some are
    not by then. Raises CannotStart."""
    chosen = _Chosen(since=instant(since, "--since"), until=instant(until, "--until"), entity=entity, event_id=event_id)
    if all(value is None for value in chosen.values()):
        raise CannotStart("Name the events: by --since and --until, --entity, or --id.")

    async def work(office: Office) -> tuple[int, int]:
        journal = office.journal
        queued = await journal.write(lambda connection: inbox.again(connection, now=journal.clock(), **chosen))
        return queued, await _until_taken(office, chosen, queued, wait_s)

    queued, left = errand(config, work)
    if as_json:
        say_json({"replayed": queued, "waiting": left})
    else:
        say(f"{queued} events are taken once more; {left} of them wait for a process that takes them.")
    return left == 0 or wait_s == 0


async def _until_taken(office: Office, chosen: _Chosen, queued: int, wait_s: float) -> int:
    """How many still wait, at the end."""
    until = time.monotonic() + wait_s
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=Console(stderr=True), disable=wait_s == 0) as bars:
        bar = bars.add_task("taken", total=queued)
        while True:
            left = await office.journal.read(lambda connection: inbox.waiting(connection, **chosen))
            bars.update(bar, completed=max(0, queued - left))
            if left == 0 or time.monotonic() >= until:
                return left
            await asyncio.sleep(LOOK_EVERY_S)
