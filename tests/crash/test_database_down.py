"""The database goes while orders come in, and comes back: nothing that was acknowledged is gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.crash.chaos import at_rate
from tests.crash.client import good_client
from tests.crash.journal import journal_rows, locked
from tests.crash.postgres import Postgres
from tests.crash.stage import Stage
from tests.outage.figures import Figures
from tests.running import until

pytestmark = [pytest.mark.crash, pytest.mark.timeout(240)]

ORDERS, RETURNS, PER_S = 40, 10, 5.0
AWAY_AT, BACK_AT = 12, 24
"""Which order is the first that finds no database, and the first that finds one again."""

DRAIN_S = 60.0


@asynccontextmanager
async def _away(url: str, request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Postgres is cut off; an SQLite file is locked by somebody for longer than anybody waits for it."""
    if url.startswith("sqlite"):
        with locked(url):
            yield
        return
    server: Postgres = request.getfixturevalue("postgres")
    await asyncio.to_thread(server.stop)
    try:
        yield
    finally:
        await asyncio.to_thread(server.start)


async def test_the_database_goes_and_comes_back(
    url: str, stage: Stage, figures: Figures, request: pytest.FixtureRequest
) -> None:
    """Meanwhile callers are told so by a code, and nothing is acknowledged; afterwards their repeats are taken, and
    workers finish what they had begun."""
    bought = stage.people.take(RETURNS)
    before = stage.look(bought)
    with stage.house(url, gateways=2, workers=1, works=True) as running:
        async with good_client(running.urls) as client, asyncio.TaskGroup() as group:
            done = stage.shopping(client)

            async def come(numbers: range) -> None:
                async for number in at_rate(PER_S, len(numbers)):
                    group.create_task(done.order(numbers[number]))
                    if numbers[number] % (ORDERS // RETURNS) == 0:
                        place = numbers[number] // (ORDERS // RETURNS)
                        group.create_task(done.bring_back(place, bought[place]))

            await come(range(AWAY_AT))
            async with _away(url, request):
                acknowledged = len(done.ordered)
                await come(range(AWAY_AT, BACK_AT))
                await asyncio.to_thread(until, lambda: client.repeated["JOURNAL_UNAVAILABLE"] or None, "the code")
                meanwhile = len(done.ordered) - acknowledged
                told = client.repeated.copy()
            await come(range(BACK_AT, ORDERS))
        with journal_rows(url) as journal:
            drained_s = await asyncio.to_thread(journal.drain, DRAIN_S)
            assert not journal.waits_for_people()
    figures.add(f"the database of {ORDERS} orders away: acknowledged meanwhile", f"{meanwhile}", "0")
    figures.add("... what callers were told", ", ".join(f"{why} {count}x" for why, count in told.items()))
    figures.add("... finished after the last order", f"{drained_s:.1f} s")
    assert meanwhile == 0
    assert told["JOURNAL_UNAVAILABLE"] > 0
    assert (len(done.ordered), len(done.returned), done.refused) == (ORDERS, RETURNS, [])
    assert not stage.mismatches(before, done)
