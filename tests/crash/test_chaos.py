"""Orders and returns while processes are killed at random and systems fail in turn: nothing is lost, nothing is done
twice, and nothing is stuck."""

from __future__ import annotations

import asyncio
import os
import time

import pytest
from sqlalchemy import make_url

from tests.crash.chaos import Chaos, at_rate
from tests.crash.client import good_client
from tests.crash.delivery import bring_back_own
from tests.crash.journal import journal_rows
from tests.crash.people import Bought
from tests.crash.shopping import Shopping
from tests.crash.stage import Stage
from tests.outage.figures import Figures
from tests.running import Json

pytestmark = [pytest.mark.crash, pytest.mark.timeout(3_600)]

ORDERS = int(os.environ.get("CRASH_ORDERS", "150"))
RETURNS = int(os.environ.get("CRASH_RETURNS", "40"))
SEED = int(os.environ.get("CRASH_SEED", "1"))
RATE_PER_S = float(os.environ.get("CRASH_RATE_PER_S", "6"))
DRAIN_S = 60 + (ORDERS + RETURNS) / 10
QUOTAS = "".join(
    f"[durable.quotas.{system}]\nat_once = {at_once}\nper_s = {per_s}\n"
    for system, at_once, per_s in (("erp", 8, 30), ("oms", 16, 80), ("loyalty", 16, 80), ("crm", 8, 80))
)
FROM_BEFORE = min(RETURNS // 2, 80)
"""Returns of orders from before the run, of which there are so many; the others are of orders that are made in it."""


async def test_the_books_agree_whatever_was_killed(url: str, stage: Stage, figures: Figures) -> None:
    """Everything that was acknowledged is in all systems once, to the cent and the point, and nothing else is."""
    bought = stage.people.take(FROM_BEFORE)
    before = stage.look(bought)
    began = time.monotonic()
    with stage.house(url, gateways=2, workers=2, works=True, more=QUOTAS) as running:
        async with good_client(running.urls) as client:
            done, chaos = stage.shopping(client), Chaos(running, stage.systems, SEED)
            async with asyncio.TaskGroup() as group, chaos.raging():
                await _shop(group, done, bought, stage.systems["OMS"])
                await chaos.once_round()
        raged_s = time.monotonic() - began
        with journal_rows(url) as journal:
            drained_s = await asyncio.to_thread(journal.drain, DRAIN_S)
            tried, people_wait = journal.attempts(), journal.waits_for_people()
        compared = running.reconcile()
    wrong = stage.mismatches(before, done)
    claim = f"{len(done.ordered)} orders and {len(done.returned)} returns on {make_url(url).drivername}"
    figures.add(f"{claim}: mismatches in the books", f"{len(wrong)}", "0")
    told = ", ".join(f"{one['checked'] - one['matched']} of {one['checked']} {one['subject']}" for one in compared)
    figures.add("... what `retailgraph reconcile` says does not agree", told, "0 of each")
    figures.add("... what was done meanwhile", ", ".join(f"{name} {n}x" for name, n in sorted(chaos.done.items())))
    figures.add("... why clients asked again", ", ".join(f"{why} {n}x" for why, n in client.repeated.most_common()))
    figures.add("... chaos; the rest was finished after it", f"{raged_s:.0f} s; {drained_s:.1f} s")
    figures.add("... steps tried", f"{tried}")
    assert not wrong, "\n".join(wrong[:20])
    assert not people_wait
    assert not [one for one in compared if one["mismatches"]]
    assert _checked(compared)["orders"] >= ORDERS
    assert _checked(compared)["returns"] >= RETURNS
    assert not done.refused
    assert (len(done.ordered), len(done.returned)) == (ORDERS, RETURNS)


def _checked(compared: list[Json]) -> dict[str, int]:
    return {one["subject"]: one["checked"] for one in compared}


async def _shop(group: asyncio.TaskGroup, done: Shopping, bought: list[Bought], oms: str) -> None:
    """Begin everything at its time; it ends with the group."""
    back = iter(range(RETURNS))
    async for number in at_rate(RATE_PER_S, ORDERS):
        group.create_task(done.order(number))
        if number * RETURNS // ORDERS != (number + 1) * RETURNS // ORDERS:
            place = next(back)
            returned = (
                done.bring_back(place, bought[place]) if place < len(bought) else bring_back_own(done, place, oms)
            )
            group.create_task(returned)
