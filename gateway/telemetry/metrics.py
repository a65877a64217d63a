"""`/metrics`: the figures of one process, as Prometheus and OpenMetrics have them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.telemetry.pulse import Pulse, Vitals

Counted = Callable[[], Mapping[str, int]]
"""What has happened since the start of the process, by its kind."""


class Metrics:
    """How a process is, and how often whole answers were handed out. One per process.

    Each worker answers for itself: a scrape reaches one of them, `retailgraph_worker_uptime_seconds` tells which.
    """

    def __init__(self, pulse: Pulse, answers: Counted) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Figures(pulse, answers))
        ProcessCollector(registry=self._registry)  # process_*: memory, processor time, open files; of Linux alone

    def exposed(self, accept: str) -> tuple[bytes, str]:
        """The figures of now and their media type, which is one that `accept`, a header's value, asks for."""
        encode, media = choose_encoder(accept)
        return encode(self._registry), media


class _Figures(Collector):
    def __init__(self, pulse: Pulse, answers: Counted) -> None:
        self._pulse = pulse
        self._answers = answers

    def collect(self) -> Iterable[Metric]:
        """Read when somebody asks: nothing is counted twice, and a figure that nobody reads costs nothing."""
        yield from _of_vitals(self._pulse.vitals())
        handed = CounterMetricFamily(
            "retailgraph_whole_answers",
            "Public answers of trusted documents: kept and given again, shared by who asked at once, made by a run, "
            "dropped by news.",
            labels=["kind"],
        )
        for kind, number in self._answers().items():
            handed.add_metric([kind], number)
        yield handed


def _of_vitals(vitals: Vitals) -> Iterable[Metric]:
    lag = GaugeMetricFamily(
        "retailgraph_event_loop_lag_seconds",
        "How late the timers of this process were in the last minute.",
        labels=["quantile"],
    )
    lag.add_metric(["0.99"], vitals.lag_p99_s)
    lag.add_metric(["1"], vitals.lag_max_s)
    yield lag
    yield GaugeMetricFamily(
        "retailgraph_worker_resident_bytes",
        "Memory of this process, what it shares with its siblings included.",
        vitals.rss_bytes,
    )
    yield GaugeMetricFamily("retailgraph_worker_uptime_seconds", "Since this process began to serve.", vitals.uptime_s)
