"""The ERP is down from the first order to the last: nobody notices, and what it missed reaches it at its own pace."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.crash.client import good_client
from tests.crash.journal import journal_rows
from tests.crash.pace import Pace
from tests.crash.stage import Stage
from tests.outage.figures import Figures

pytestmark = [pytest.mark.crash, pytest.mark.timeout(240)]

ORDERS, RETURNS = 60, 15
PER_S = 6.0
ACK_WITHIN_S = 2.0
DRAIN_S = 60.0
DOWN_S = 6.0
AT_ONCE = 4
QUOTAS = f"[durable.quotas.erp]\nat_once = {AT_ONCE}\nper_s = {PER_S}\n"


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
async def test_checkout_and_returns_go_on_without_the_erp(url: str, stage: Stage, figures: Figures) -> None:
    """Every order and return is acknowledged at once and without a call to the ERP; back again, the ERP is written to
    no faster than its quota, until all of it is in its books."""
    bought = stage.people.take(RETURNS)
    before = stage.look(bought)
    stage.fail("ERP", reset=1)
    with stage.house(url, workers=1, more=QUOTAS) as running, journal_rows(url) as journal:
        (worker,) = running.workers
        worker.end()
        asked = sum(stage.calls("ERP").values())
        async with good_client(running.urls) as client:
            done = stage.shopping(client)
            for number in range(ORDERS):
                await done.order(number)
            for number, one in enumerate(bought):
                await done.bring_back(number, one)
        asked = sum(stage.calls("ERP").values()) - asked
        worker.start()
        async with Pace(stage.systems["ERP"], ("/v1/sales-orders", "/v1/credit-memos")) as pace:
            await pace.watch(DOWN_S)
            stage.fail("ERP")
            healed, healed_at = time.monotonic(), time.time()
            await asyncio.to_thread(journal.drain, DRAIN_S)
            drained_s = time.monotonic() - healed
        assert not journal.waits_for_people()
    slowest_s = max(client.slowest_s.values())
    figures.add(
        f"ERP down for {ORDERS} orders and {RETURNS} returns: calls to it before they are acknowledged", f"{asked}", "0"
    )
    figures.add("... slowest acknowledgement", f"{slowest_s * 1000:.0f} ms", f"{ACK_WITHIN_S * 1000:.0f} ms")
    figures.add(
        "... writes to it in any second, once it is back",
        f"{pace.most_in(1.0, healed_at)}",
        f"{2 * PER_S + AT_ONCE:.0f}",
    )
    figures.add("... until it has all of them", f"{drained_s:.1f} s", f"{DRAIN_S:.0f} s")
    assert (len(done.ordered), len(done.returned), done.refused, asked) == (ORDERS, RETURNS, [], 0)
    assert not client.repeated
    assert slowest_s <= ACK_WITHIN_S
    for window_s in (1.0, 3.0, 8.0):
        # A bucket holds a second's worth, so a window begins with that much more; and what is under way at once may
        # have been begun before the window, and arrive in it.
        assert pace.most_in(window_s, healed_at) <= PER_S * (window_s + 1) + AT_ONCE
    assert not stage.mismatches(before, done)
