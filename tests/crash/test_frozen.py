"""A worker that stands still for longer than its lease, and then goes on as if nothing had been."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.crash.client import good_client
from tests.crash.journal import journal_rows
from tests.crash.shopping import POINTS_EVERY
from tests.crash.stage import Stage
from tests.running import until

pytestmark = [pytest.mark.crash, pytest.mark.timeout(120)]

SALE = "/v1/sales-orders"
LEASE_S, STALL_S, WITHIN_S = 2.0, 6.0, 20.0
"""The ERP takes three leases for the call of the frozen worker, and does it all the same in the end."""


async def test_a_frozen_worker_wakes_when_its_order_is_done(url: str, stage: Stage) -> None:
    """Another worker posts the order meanwhile; the late call of the first changes nothing more, what it writes down is
    refused, and it goes on with other orders."""
    before = stage.look([])
    with stage.house(url, workers=2, lease_s=LEASE_S) as running, journal_rows(url) as journal:
        first, second = running.workers
        second.end()
        async with good_client(running.urls) as client:
            done = stage.shopping(client)
            stage.fail("ERP", stall_s=STALL_S, endpoints=[SALE])
            asked = stage.asked("ERP", SALE)
            await done.order(POINTS_EVERY)
            await stage.until_asked("ERP", SALE, asked)
            late_at = time.monotonic() + STALL_S
            first.freeze()
            stage.fail("ERP")
            second.start()
            await asyncio.to_thread(journal.drain, WITHIN_S)
            epoch = journal.standing("order.submit")[2]
            await asyncio.to_thread(until, lambda: time.monotonic() > late_at or None, "the late call", WITHIN_S)
            first.wake()
            second.end()
            await done.order(2 * POINTS_EVERY)
            await asyncio.to_thread(journal.drain, WITHIN_S)
            assert first.is_running
    assert epoch > 1  # somebody took it over
    assert not stage.mismatches(before, done)
