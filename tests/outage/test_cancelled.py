"""Clients that leave before they are answered."""

import asyncio
import random
from pathlib import Path

import aiohttp
import pytest

from domains.sandbox import Sandbox
from tests.outage.figures import Figures, ms, spread
from tests.outage.house import Knobs, gateways
from tests.outage.load import Client, open_client, until
from tests.outage.questions import stock, unheard_of

pytestmark = pytest.mark.outage

STORE = "store-001"
LEAVING, ASKED_MAX, AT_ONCE, PATIENCE_MAX_S = 2000, 8000, 100, 0.4
OMS_LATENCY_MS, SLOTS, AFTER = 300, 16, 200
ATTEMPTS_MAX = 3  # a slot that is lost stays lost, while other work on the machine comes in bursts
QUIET_S, QUIET_LIMIT_S = 1.0, 20.0
WIRE = f"[systems.oms.wire]\nslots_max = {SLOTS}\nqueue_max = {2 * AT_ONCE}\n"


@pytest.mark.parametrize("kept", [False, True], ids=["without a cache", "with a cache"])
async def test_those_who_leave_take_nothing_with_them(
    kept: bool, figures: Figures, sandbox: Sandbox, tmp_path: Path
) -> None:
    """After 2,000 clients hung up at random moments every later call is answered, and every slot of the OMS is free:
    as many slow calls as there are slots take the time of one."""
    cache = f"[cache]\nenabled = {str(kept).lower()}\n"
    with gateways(1, sandbox.urls, tmp_path, WIRE + cache) as (url,):
        async with open_client() as client:
            knobs = Knobs(client.http, sandbox.urls)
            await client.data(url, stock(unheard_of(0), STORE))
            await knobs.set("OMS", latency_ms=OMS_LATENCY_MS)
            asked = await _all_leave(client, url)
            at_once = []
            for attempt in range(1, ATTEMPTS_MAX + 1):
                await _until_quiet(knobs)
                at_once = await _together(client, url, first=ASKED_MAX + attempt * SLOTS, count=SLOTS)
                if max(at_once) < 2 * OMS_LATENCY_MS / 1000:
                    break
            assert max(at_once) < 2 * OMS_LATENCY_MS / 1000
            await knobs.set("OMS")
            later = []
            for start in range(0, AFTER, SLOTS):
                later += await _together(client, url, first=2 * ASKED_MAX + start, count=min(SLOTS, AFTER - start))
    assert len(later) == AFTER
    figures.add(
        f"{LEAVING} of {asked} clients hung up on a slow OMS, {'with' if kept else 'without'} a cache: then {SLOTS} "
        f"calls at once on {SLOTS} slots, OMS {OMS_LATENCY_MS} ms; {AFTER} more calls",
        f"max {ms(max(at_once))}; all answered, {spread(later)}",
        f"{ms(2 * OMS_LATENCY_MS / 1000)}; {AFTER}",
    )


async def _all_leave(client: Client, url: str) -> int:
    """Ask and hang up after a random while, AT_ONCE at a time, until LEAVING have left; how many asked for that."""
    dice = random.Random(4)
    asked = left = 0

    async def one_after_another() -> None:
        nonlocal asked, left
        while left < LEAVING and asked < ASKED_MAX:
            asked += 1
            try:
                async with asyncio.timeout(dice.random() * PATIENCE_MAX_S):
                    await client.ask_or_raise(url, stock(unheard_of(asked), STORE))
            except (TimeoutError, aiohttp.ClientError):
                left += 1

    await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))
    assert left >= LEAVING
    return asked


async def _until_quiet(knobs: Knobs) -> None:
    """Until the OMS has not been asked for a while: what a cache goes on loading, for whoever asks next, has ended."""
    calls: dict[str, int] = {}

    async def is_quiet() -> bool:
        nonlocal calls
        before, calls = calls, await knobs.calls("OMS")
        return before == calls

    await until(is_quiet, QUIET_LIMIT_S, "nobody asks the OMS any more", poll_s=QUIET_S)


async def _together(client: Client, url: str, first: int, count: int) -> list[float]:
    """Ask `count` questions at once that only the OMS can answer; the seconds each took."""
    answers = await asyncio.gather(*(client.ask(url, stock(unheard_of(first + n), STORE)) for n in range(count)))
    assert all(answer.is_good for answer in answers), [answer for answer in answers if not answer.is_good][:3]
    return [answer.elapsed_s for answer in answers]
