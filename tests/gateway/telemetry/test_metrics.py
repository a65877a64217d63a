"""The figures of a process as a scraper reads them."""

from __future__ import annotations

import asyncio

from prometheus_client.parser import text_string_to_metric_families

from gateway.telemetry import Metrics, Pulse


async def test_figures_are_those_of_now() -> None:
    """Lag, memory and uptime come from the pulse, counters from whoever counts, each time anew."""
    now, counts = [100.0], {"kept": 1, "runs": 2}
    over = asyncio.Event()

    async def sleep(seconds: float) -> None:
        now[0] += seconds + 0.25
        if now[0] > 102:
            over.set()
            await asyncio.Future()

    pulse = Pulse(clock=lambda: now[0], sleep=sleep)
    metrics = Metrics(pulse, lambda: counts)
    async with pulse.beating():
        await asyncio.wait_for(over.wait(), 5)
        counts["kept"] = 7
        body, media = metrics.exposed("text/plain")
    assert media.startswith("text/plain")
    said = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }
    assert said["retailgraph_event_loop_lag_seconds", "1"] == 0.25
    assert said["retailgraph_whole_answers_total", "kept"] == 7
    assert said["retailgraph_whole_answers_total", "runs"] == 2
    assert said["retailgraph_worker_uptime_seconds",] == round(now[0] - 100.0, 1)
    assert said["retailgraph_worker_resident_bytes",] > 1_000_000


def test_scrapers_choose_the_format() -> None:
    """Who asks for OpenMetrics gets it, with its end marked."""
    body, media = Metrics(Pulse(), dict).exposed("application/openmetrics-text; version=1.0.0")
    assert media.startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")
