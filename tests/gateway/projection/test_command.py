"""The command that fills the projection: what it shows, and what it says when it cannot."""

import io

import httpx
import pytest
from rich.console import Console

from gateway.database import DatabaseUnusable
from gateway.projection import Progress, Store, progress_bars, run_refresh, shown_on
from gateway.projection.command import RefreshStopped
from gateway.projection.lease import Lease
from tests.gateway.projection.erp import POSITIONS_OF_TINY, QUICK, Clock, Erp


async def test_it_reads_every_kind(url: str, clock: Clock) -> None:
    """The first run reads everything, the next what changed, and with `full` everything again."""
    erp = Erp(clock)
    for full, items in ((False, [10, 30, POSITIONS_OF_TINY]), (False, [0, 0, 0]), (True, [10, 30, POSITIONS_OF_TINY])):
        done = await run_refresh(url, erp.feeds, full=full, policy=QUICK, clock=clock, sleep=clock.sleep)
        assert [one.items for one in done] == items
        clock.now += 1


async def test_it_waits_for_a_dead_reader_and_not_for_a_live_one(sqlite_store: Store, sqlite_url: str) -> None:
    """A lease that is not renewed is sat out; one that is, ends the command with a sentence that names its holder."""
    clock = Clock()
    erp = Erp(clock)
    await sqlite_store.take(Lease("dead", 20), clock())
    assert await run_refresh(sqlite_url, erp.feeds, full=False, policy=QUICK, clock=clock, sleep=clock.sleep)
    live = Lease("live", 20)
    await sqlite_store.take(live, clock())

    async def sleep(seconds: float) -> None:
        await sqlite_store.renew(live, clock())
        await clock.sleep(seconds)

    with pytest.raises(RefreshStopped, match="already: live"):
        await run_refresh(sqlite_url, erp.feeds, full=False, policy=QUICK, clock=clock, sleep=sleep)


async def test_a_failing_erp_is_a_sentence(sqlite_url: str) -> None:
    """When the ERP fails the command says so and how to go on, and the next run finishes what was begun."""
    clock = Clock()
    erp = Erp(clock)
    erp.mishaps = [httpx.Response(503, text="http://erp.internal") for _ in range(QUICK.tries_max)]
    with pytest.raises(RefreshStopped, match=r"^ERP \(location-feed\) answered with a fault.*Run it again") as caught:
        await run_refresh(sqlite_url, erp.feeds, full=False, policy=QUICK, clock=clock, sleep=clock.sleep)
    assert "internal" not in str(caught.value)
    done = await run_refresh(sqlite_url, erp.feeds, full=False, policy=QUICK, clock=clock, sleep=clock.sleep)
    assert [one.items for one in done] == [10, 30, POSITIONS_OF_TINY]


async def test_a_wrong_address_is_a_sentence(clock: Clock) -> None:
    """A database that cannot be used is refused before anybody is asked."""
    erp = Erp(clock)
    with pytest.raises(DatabaseUnusable):
        await run_refresh("redis://127.0.0.1", erp.feeds, full=False)
    assert not erp.calls


def test_the_bars_show_how_far_it_is() -> None:
    """A bar per kind, with what is done, of how many, and how fast; complete when the walk is over."""
    bars = progress_bars()
    show = shown_on(bars)
    show(Progress("positions", True, 1000, 220_000, 12_345.6, is_over=False))
    console = Console(file=io.StringIO(), width=100, record=True)
    console.print(bars.get_renderable())
    shown = console.export_text()
    assert "positions" in shown
    assert "1000/220000" in shown
    assert "12,346/s" in shown
    show(Progress("positions", True, 219_990, None, 12_345.6, is_over=True))
    assert [(task.completed, task.total) for task in bars.tasks] == [(219_990, 219_990)]
