"""`retailgraph projection refresh`: read the systems of record into the projection now, and show how far it is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from domains.vocabulary import UpstreamError
from gateway.database import TROUBLE
from gateway.projection.kinds import KINDS
from gateway.projection.lease import LEASE_S, Lease, LeaseLost
from gateway.projection.pace import RefreshPolicy
from gateway.projection.refresh import Feeds, Progress, Refresh, Refreshed
from gateway.projection.store import Store, open_store
from gateway.trouble import CannotStart

_ASK_EVERY_S = 0.25


class RefreshStopped(CannotStart):
    """The refresh did not come to its end. What was read is kept, and the command goes on from there."""


async def run_refresh(
    database_url: str,
    feeds: Feeds,
    *,
    full: bool,
    policy: RefreshPolicy | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
    lease_s: float = LEASE_S,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> list[Refreshed]:
    """Read every kind once: what changed, or everything when `full` or never done. A stopped reading is taken up again.

    Waits for another reader for as long as one that was killed would block the way. Raises RefreshStopped, and
    DatabaseUnusable.
    """
    lease = Lease.new(lease_s)
    try:
        async with open_store(database_url) as store:
            refresh = Refresh(
                store, feeds, policy or RefreshPolicy(), clock=clock, sleep=sleep, on_progress=on_progress
            )
            await _take(store, lease, clock, sleep)
            try:
                return [await refresh.run(kind, lease, full=full) for kind in KINDS]
            finally:
                await store.release(lease)
    except UpstreamError as error:
        raise RefreshStopped(f"{error.public_message} Run it again to go on from there.") from error
    except LeaseLost as lost:
        raise RefreshStopped("Another process has taken over the refresh.") from lost
    except TROUBLE as exc:
        raise RefreshStopped(f"The database failed: {exc.__cause__ or exc}") from exc


async def _take(
    store: Store, lease: Lease, clock: Callable[[], float], sleep: Callable[[float], Awaitable[None]]
) -> None:
    until = clock() + lease.lease_s + 1
    while (other := await store.take(lease, clock())) is not None:
        if clock() > until:
            raise RefreshStopped(f"Another process is reading already: {other}.")
        await sleep(_ASK_EVERY_S)


def progress_bars() -> Bars:
    """The bars of a terminal, one per kind."""
    return Bars(
        TextColumn("{task.description:<10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[per_s]:>8,.0f}/s"),
        TimeRemainingColumn(),
    )


def shown_on(bars: Bars) -> Callable[[Progress], None]:
    """Tells `bars` of each page."""
    tasks: dict[str, TaskID] = {}

    def show(progress: Progress) -> None:
        if progress.kind not in tasks:
            tasks[progress.kind] = bars.add_task(progress.kind, total=None, per_s=0.0)
        total = progress.done if progress.is_over else progress.total
        bars.update(tasks[progress.kind], completed=progress.done, total=total, per_s=progress.per_s)

    return show
