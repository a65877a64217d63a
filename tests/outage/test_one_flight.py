"""One question, however many ask it and in however many processes."""

import asyncio
from pathlib import Path

import pytest

from domains.sandbox import Sandbox
from tests.cache.valkey import Valkey
from tests.outage.figures import Figures, ms, quantile
from tests.outage.house import Knobs, gateways
from tests.outage.load import Client, open_client
from tests.outage.questions import showcase, stock

pytestmark = pytest.mark.outage

STORE = "store-001"
PROCESSES, REQUESTS, ROUNDS, WARM_UP = 4, 1000, 4, 10
OMS_LATENCY_MS = 150


async def test_a_thousand_questions_in_four_processes_are_one_call(
    figures: Figures, sandbox: Sandbox, valkey: Valkey, tmp_path: Path
) -> None:
    """1,000 requests at once, over four processes, for stock that nobody knows yet: the OMS is asked exactly once."""
    with gateways(PROCESSES, sandbox.urls, tmp_path, f'[cache]\nurl = "{valkey.url}"\n') as urls:
        async with open_client() as client:
            knobs = Knobs(client.http, sandbox.urls)
            for url in urls * WARM_UP:  # a process prepares a document when it first sees it
                await client.data(url, stock(showcase(ROUNDS), STORE))
            await knobs.set("OMS", latency_ms=OMS_LATENCY_MS)
            calls, slowest = [], []
            for number in range(ROUNDS):
                await knobs.reset("OMS")
                slowest.append(await _burst(client, urls, showcase(number)))
                calls.append(await knobs.calls("OMS"))
    assert calls == [{"POST /v1/stock/lookup": 1}] * ROUNDS
    figures.add(
        f"{REQUESTS} requests at once in {PROCESSES} processes for one cold stock figure ({ROUNDS} times, OMS "
        f"{OMS_LATENCY_MS} ms): OMS calls; slowest answer",
        f"{', '.join(str(sum(each.values())) for each in calls)}; {ms(quantile(slowest, 1.0))}",
        "1 each",
    )


async def _burst(client: Client, urls: list[str], sku: str) -> float:
    """Ask everywhere at once; how long the slowest answer took."""
    answers = await asyncio.gather(*(client.ask(urls[n % len(urls)], stock(sku, STORE)) for n in range(REQUESTS)))
    assert all(answer.is_good for answer in answers)
    assert len({answer.data["availability"][0]["best"]["availableToPromise"] for answer in answers}) == 1
    return max(answer.elapsed_s for answer in answers)
