"""kill -9 of the gateway while it carries a write out: whoever asked asks again, and there is one of everything."""

from __future__ import annotations

import asyncio

import pytest

from tests.crash.client import good_client
from tests.crash.journal import journal_rows
from tests.crash.shopping import GUEST_EVERY, POINTS_EVERY
from tests.crash.stage import Stage

pytestmark = [pytest.mark.crash, pytest.mark.timeout(240)]

DRAIN_S = 30.0
PLAIN, WITH_POINTS, GUEST = 1, 2 * POINTS_EVERY, GUEST_EVERY
"""Numbers of orders: a customer's, one that is paid with points as well, and a guest's."""

# Where the gateway waits for a system on behalf of a caller: reading before it accepts, or with the write done there
# and the answer under way.
MOMENTS: tuple[tuple[str, str, dict[str, float]], ...] = (
    ("OMS", "/v1/reservations/lookup", {"stall_s": 600}),
    ("LOYALTY", "/v1/redemptions/lookup", {"stall_s": 600}),
    ("OMS", "/v1/reservations", {"drip_ms_per_byte": 10_000}),
    ("OMS", "/v1/returns", {"drip_ms_per_byte": 10_000}),
)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_the_gateway_is_killed_while_it_accepts(url: str, stage: Stage) -> None:
    """An order of which the OMS, and one of which the loyalty engine is asked, a reservation that is made and not heard
    of, and a return likewise: their callers repeat them, and each is there once."""
    bought = stage.people.take(1)
    before = stage.look(bought)
    with stage.house(url, works=True) as running, journal_rows(url) as journal:
        (gateway,) = running.gateways
        async with good_client(running.urls) as client:
            done = stage.shopping(client)
            work = (done.order(PLAIN), done.order(WITH_POINTS), done.order(GUEST), done.bring_back(1, bought[0]))
            async with asyncio.TaskGroup() as group:
                for (system, path, fault), one in zip(MOMENTS, work, strict=True):
                    stage.fail(system, endpoints=[path], **fault)
                    asked = stage.asked(system, path)
                    group.create_task(one)
                    await stage.until_asked(system, path, asked)
                gateway.kill()
                for system in stage.systems:
                    stage.fail(system)
                gateway.start()
            await asyncio.to_thread(journal.drain, DRAIN_S)
        assert not journal.waits_for_people()
    assert client.repeated
    assert (len(done.ordered), len(done.returned), done.refused) == (3, 1, [])
    assert not stage.mismatches(before, done)
