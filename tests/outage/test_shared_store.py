"""Several processes and the store they share: without it, and with it again; and how soon they hear of a change."""

import asyncio
import itertools
import time
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from statistics import median

import pytest

from domains.sandbox import Sandbox
from tests.cache.valkey import Valkey
from tests.outage.figures import Figures, ms, quantile, spread
from tests.outage.house import Announcer, Knobs, gateways
from tests.outage.load import POLL_S, Client, Load, open_client, pass_time, until
from tests.outage.questions import shelf, showcase, stock

pytestmark = pytest.mark.outage

RATE_PER_S, HEALTHY_S, OUTAGE_S = 200.0, 2.0, 3.0
BACK_LIMIT_S = 15.0  # the pause of a store grows to 4 s in 3 s of outage, that of the bus likewise
SHELVES = 480  # half of them are asked for by the load, so many that most are news to a process; the rest by the tests

CHANGES, VISIBLE_LIMIT_S, PROCESSES = 60, 0.1, 4
SERIES_MAX = 3  # more only while the limit is not met: other work on the machine comes in bursts
CENTRE = "dc-001"
HEARD_TRIES, LOOK_AGAIN_S = 20, 0.05


async def test_the_shared_store_is_killed_under_load_and_comes_back(
    figures: Figures, sandbox: Sandbox, valkey: Valkey, tmp_path: Path
) -> None:
    """No request fails when the Valkey is killed; once it is back it is shared again and invalidations arrive again."""
    with gateways(2, sandbox.urls, tmp_path, f'[cache]\nurl = "{valkey.url}"\n') as urls:
        async with open_client() as client, aclosing(Announcer(valkey.url)) as announcer:
            spare = itertools.count(SHELVES)
            await _until_shared(client, urls, spare)
            await _until_heard(client, urls, announcer, spare)
            async with Load(client, RATE_PER_S, lambda n: (urls[n % 2], stock(*shelf(n // 2 % SHELVES)))) as load:
                healthy = await pass_time(HEALTHY_S)
                await asyncio.to_thread(valkey.kill)
                outage = await pass_time(OUTAGE_S)
                await asyncio.to_thread(valkey.start)
                shared_again_s = await _until_shared(client, urls, spare)
                heard_again_s = await _until_heard(client, urls, announcer, spare)
                await pass_time(1.0)
    assert [answer for answer in load.answers if not answer.is_good] == []
    figures.add("Valkey killed under load: failed requests", f"0 of {len(load.answers)}", "0")
    for name, window in (("before", healthy), ("without the Valkey", outage)):
        answers = load.between(*window)
        assert len(answers) > RATE_PER_S * (window[1] - window[0]) * 0.8
        figures.add(f"answers {name}", spread([answer.elapsed_s for answer in answers]))
    figures.add("Valkey back: shared by the processes again", ms(shared_again_s), f"{BACK_LIMIT_S:.0f} s")
    figures.add("Valkey back: an invalidation is heard by all again", ms(heard_again_s), f"{BACK_LIMIT_S:.0f} s")


async def test_a_change_of_stock_is_seen_in_every_process_at_once(
    figures: Figures, sandbox: Sandbox, valkey: Valkey, tmp_path: Path
) -> None:
    """From the moment a drop in stock is announced, each of four processes answers the new figure within 100 ms, not
    counting what one call to the OMS takes, and none goes back to the old one."""
    net_s: list[float] = []
    with gateways(PROCESSES, sandbox.urls, tmp_path, f'[cache]\nurl = "{valkey.url}"\n') as urls:
        async with open_client() as client, aclosing(Announcer(valkey.url)) as announcer:
            knobs = Knobs(client.http, sandbox.urls)
            await _until_heard(client, urls, announcer, itertools.count())
            for series in range(1, SERIES_MAX + 1):
                seen, oms_s = [], []
                for number in range(series * CHANGES, (series + 1) * CHANGES):
                    seen += await _change(client, knobs, announcer, urls, number)
                    oms_s.append(await _call_of_oms(knobs, number))
                net_s = [each - median(oms_s) for each in seen]
                figures.add(
                    f"stock lowered at the OMS and announced, until a process answers the new figure ({CHANGES} times, "
                    f"{PROCESSES} processes; from announcing to the end of the answer, less an OMS call of "
                    f"{ms(median(oms_s))}); series {series}",
                    spread(net_s),
                    f"p99 {ms(VISIBLE_LIMIT_S)} in one of {SERIES_MAX} series",
                )
                if quantile(net_s, 0.99) <= VISIBLE_LIMIT_S:
                    break
    assert quantile(net_s, 0.99) <= VISIBLE_LIMIT_S


async def _change(client: Client, knobs: Knobs, announcer: Announcer, urls: list[str], number: int) -> list[float]:
    """Take one piece; for each process, the seconds from the announcement to the first answer without it."""
    question = stock(showcase(number), CENTRE)
    before = {_figure(await client.data(url, question)) for url in urls}
    assert len(before) == 1
    expected = before.pop() - 1
    line = {"sku": showcase(number), "locationId": CENTRE, "quantity": "1"}
    await knobs.send("OMS", "/v1/reservations", {"kind": "SOFT", "lines": [line]}, key=f"change-{number}")
    began = time.monotonic()

    async def seen_by(url: str) -> float:
        async def is_new() -> bool:
            return _figure(await client.data(url, question)) == expected

        await until(is_new, limit_s=2.0, what=f"{url} answers the new figure")
        return time.monotonic() - began

    watching = [asyncio.create_task(seen_by(url)) for url in urls]
    await announcer.stock_changed(showcase(number), CENTRE)
    times = await asyncio.gather(*watching)
    assert {_figure(await client.data(url, question)) for url in urls} == {expected}
    return times


async def _call_of_oms(knobs: Knobs, number: int) -> float:
    """How long the OMS itself takes for one figure; seconds."""
    began = time.monotonic()
    await knobs.send("OMS", "/v1/stock/lookup", {"keys": [{"sku": showcase(number), "locationId": CENTRE}]})
    return time.monotonic() - began


def _figure(data: dict[str, list[dict[str, dict[str, str]]]]) -> int:
    return int(data["availability"][0]["best"]["availableToPromise"])


async def _until_shared(client: Client, urls: list[str], spare: Iterator[int]) -> float:
    """Until each process finds what the other has loaded; seconds."""

    async def is_shared() -> bool:
        found = []
        for way in (urls, urls[::-1]):
            number = next(spare)
            loaded, found_there = [await _observed(client, url, number) for url in way]
            found.append(loaded == found_there)
        return all(found)

    return await until(is_shared, BACK_LIMIT_S, "each process finds what the other has loaded", LOOK_AGAIN_S)


async def _until_heard(client: Client, urls: list[str], announcer: Announcer, spare: Iterator[int]) -> float:
    """Until an announcement makes every process ask again for what it has just loaded and keeps for 5 s; seconds."""

    async def is_heard() -> bool:
        number = next(spare)
        before = {await _observed(client, url, number) for url in urls}
        await announcer.stock_changed(*shelf(number))
        for _ in range(HEARD_TRIES):
            if before.isdisjoint([await _observed(client, url, number) for url in urls]):
                return True
            await asyncio.sleep(POLL_S)
        return False

    return await until(is_heard, BACK_LIMIT_S, "every process hears of a change", LOOK_AGAIN_S)


async def _observed(client: Client, url: str, number: int) -> str:
    """When the OMS said what is known of a shelf: the same for all who were told at once."""
    data = await client.data(url, stock(*shelf(number)))
    observed: str = data["availability"][0]["best"]["freshness"]["observedAt"]
    return observed
