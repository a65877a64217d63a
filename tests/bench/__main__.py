"""`make bench`: CPU and latency of the gateway per page, caches off and on, beside a constant answer of its server.

Writes `build/bench.json`, `build/bench.md` and `build/bench.svg`. Ratios compare within one run on one machine;
absolute times do not travel.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from gateway.bench.pages import PAGES, Page
from tests.bench.picture import bars
from tests.running import ROOT, UNBOUNDED, Asked, gateway_running, sandbox_running

BUILD = ROOT / "build"
WARM_UP = 30
ROUNDS = 5
REQUESTS = 300
SETTLED_S = 1.0
KEPT_FOR_LONG = "".join(
    f'[cache.freshness."{read}"]\nfresh_s = 600\n'
    for read in ("inventory.stock", "customers.by_id", "loyalty.balances", "orders.of_customer")
)
ME = '[identity.anonymous]\naudience = "associate"\n[[identity.tokens]]\naudience = "associate"\nsubject = "bench"\n'
TOKEN = "bench"
TOKEN_SHA256 = hashlib.sha256(TOKEN.encode()).hexdigest()


@dataclass(frozen=True)
class Row:
    """One page in one state. `cpu_us` is CPU time of the gateway's process per request, of the best round."""

    page: str
    caches: str
    cpu_us: float
    floor_ratio: float
    p50_ms: float
    p99_ms: float
    calls: int


def measured(asked: Asked, process: psutil.Process, page: Page | None) -> tuple[float, list[float]]:
    """CPU seconds per request of the best round, and the latency of every request. Without a page: `/livez`."""
    best, latencies = float("inf"), []
    for _ in range(ROUNDS):
        before = sum(process.cpu_times()[:2])
        for _ in range(REQUESTS):
            began = time.perf_counter()
            answer = (
                asked.http.get("/livez")
                if page is None
                else asked.http.post(
                    "/graphql",
                    json={"query": page.query, "variables": page.variables},
                    headers={"Authorization": f"Bearer {TOKEN}"},
                )
            )
            latencies.append(time.perf_counter() - began)
            answer.raise_for_status()
        best = min(best, (sum(process.cpu_times()[:2]) - before) / REQUESTS)
    return best, sorted(latencies)


def rows(asked: Asked, caches: str) -> list[Row]:
    """Every page against a gateway whose caches are `caches`."""
    process = psutil.Process(_serving(asked))
    _settle(process)
    floor, _ = measured(asked, process, None)
    found = []
    for page in PAGES:
        for _ in range(WARM_UP):
            body = asked.ask(page.query, page.variables, token=TOKEN)
            if "errors" in body:
                raise SystemExit(f"{page.name} has errors: {json.dumps(body['errors'][:1])}")
        asked.reset()
        asked.ask(page.query, page.variables, token=TOKEN)
        calls = sum(count for endpoints in asked.calls().values() for count in endpoints.values())
        cpu_s, latencies = measured(asked, process, page)
        found.append(
            Row(
                page=page.name,
                caches=caches,
                cpu_us=round(cpu_s * 1e6, 1),
                floor_ratio=round(cpu_s / floor, 2),
                p50_ms=round(latencies[len(latencies) // 2] * 1000, 2),
                p99_ms=round(latencies[int(len(latencies) * 0.99)] * 1000, 2),
                calls=calls,
            )
        )
        sys.stdout.write(f"{found[-1]}\n")
    return found


def _settle(process: psutil.Process) -> None:
    """Wait until the process has nothing to do: after its start it reads the projection."""
    before = -1.0
    while (now := sum(process.cpu_times()[:2])) - before > 0.02 * SETTLED_S:
        before = now
        time.sleep(SETTLED_S)


def _serving(asked: Asked) -> int:
    port = asked.http.base_url.port
    for connection in psutil.net_connections("tcp"):
        if connection.status == "LISTEN" and connection.laddr and connection.laddr[1] == port and connection.pid:
            return connection.pid
    raise SystemExit(f"nobody listens on port {port}")


def write(found: list[Row]) -> None:
    """The three files."""
    BUILD.mkdir(exist_ok=True)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    report: dict[str, Any] = {"machine": machine, "rows": [asdict(row) for row in found]}
    (BUILD / "bench.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    head = "| page | caches | CPU per request, us | x constant answer | p50, ms | p99, ms | outside calls |"
    lines = [
        f"| {row.page} | {row.caches} | {row.cpu_us} | {row.floor_ratio} | {row.p50_ms} | {row.p99_ms} | {row.calls} |"
        for row in found
    ]
    table = "\n".join([head, "|---|---|---:|---:|---:|---:|---:|", *lines])
    (BUILD / "bench.md").write_text(f"# Cost of a page\n\n{machine}\n\n{table}\n", encoding="utf-8")
    labelled = [(f"{row.page}, caches {row.caches}", row.floor_ratio) for row in found]
    picture = bars("CPU per request, times a constant answer of the same server", labelled)
    (BUILD / "bench.svg").write_text(picture, encoding="utf-8")


def main() -> None:
    """Measure and write."""
    me = ME + f'sha256 = "{TOKEN_SHA256}"\n{UNBOUNDED}'
    off = "[cache]\nenabled = false\n"
    quota = {"quota_per_s": 100_000}
    found: list[Row] = []
    with sandbox_running() as sandbox, tempfile.TemporaryDirectory() as folder:
        httpx.post(f"{sandbox.urls['ERP']}/_sandbox/faults", json=quota, trust_env=False).raise_for_status()
        for name, extra in (("off", off), ("on", KEPT_FOR_LONG)):
            place = Path(folder) / name
            place.mkdir()
            with gateway_running(sandbox.urls, place, extra, anonymous=me) as asked:
                found += rows(asked, name)
    write(found)
    sys.stdout.write((BUILD / "bench.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
