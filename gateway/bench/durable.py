"""`retailgraph bench durable`: how soon a slow write is acknowledged, at a steady rate, with workers beside it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from sqlalchemy import func, make_url, select

from domains.sandbox import Sandbox
from gateway.bench.acknowledgements import claims, picture, print_report, row
from gateway.bench.asking import Asking, client
from gateway.bench.baskets import ORDER, RETURN, Baskets, open_baskets, plain_calls
from gateway.bench.counted import CALLS
from gateway.bench.figures import machine
from gateway.bench.house import settings_for
from gateway.bench.load import Run, paced
from gateway.bench.neighbours import others_share, ticks
from gateway.bench.processes import gateway
from gateway.bench.report import Report
from gateway.bench.staged import staged
from gateway.database import open_database
from gateway.durable.tables import steps
from gateway.settings import build
from gateway.trouble import CannotStart
from gateway.wiring import refresh_projection

RATE_PER_S, OPERATIONS_MIN, OPERATIONS_MAX = 50.0, 200, 5_000
"""The sandbox has stock for so many orders."""

WARM_UP = 200
IN_FLIGHT_MAX = 64
PRODUCTS, SEED = 200, 1
CALLS_PER_S = 10.0
STOP_TIMEOUT_S = 10.0
_SLOWEST = {
    # An order asks the OMS and the loyalty engine at once; a return asks the OMS alone.
    ORDER: ("LOYALTY", "/v1/redemptions/lookup", {"redemptionIds": ["red-000001"]}),
    RETURN: ("OMS", "/v1/sales/lookup", {"orderIds": ["ord-000001"]}),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One run, the plain calls made meanwhile, how often who answers asked the ERP, and what others took."""

    run: Run
    alone: Mapping[str, list[float]]
    erp_calls: int
    others: float | None


def start(operations: int, database: str | None, json_file: Path | None, svg_file: Path | None) -> bool:
    """Measure, print the table and write the files; whether every claim holds. Raises CannotStart.

    `database` is the URL of an empty one; None is an SQLite file that is gone afterwards.
    """
    if not OPERATIONS_MIN <= operations <= OPERATIONS_MAX:
        raise CannotStart(f"--operations is {OPERATIONS_MIN} to {OPERATIONS_MAX}.")
    return staged(partial(_measured, operations, database), print_report, picture, json_file, svg_file)


def _measured(operations: int, database: str | None, folder: Path, console: Console) -> Report:
    began_at, began = datetime.now(UTC), time.monotonic()
    with console.status("Starting four outside systems ..."):
        sandbox = Sandbox.start(0, seed=SEED, products=PRODUCTS)
    with sandbox:
        settings = settings_for(sandbox.urls, folder) | {"durable": {"workers_in_serve": False}}
        url = database or settings["database"]["url"]
        settings["database"] = {"url": url}
        with console.status("Reading the ERP into the projection ..."):
            asyncio.run(refresh_projection(build(settings), full=True, on_progress=lambda _: None))
        with gateway(settings, folder) as (address, pid), _worker(sandbox, url, folder) as worker:
            before = _steps_done(url)
            ours = [os.getpid(), pid, worker, *sandbox.pids.values()]
            with console.status(f"{operations} requests, {RATE_PER_S:.0f} a second ..."):
                measured = asyncio.run(_tried(operations, address, sandbox, ours))
            done = _steps_done(url) - before
    samples = measured.run.samples
    rows = [
        row(name, [one for one in samples if one.kind == name], f"{system} {path}", measured.alone[name])
        for name, (system, path, _) in _SLOWEST.items()
    ]
    return Report(
        bench="durable",
        began_at=began_at,
        elapsed_s=time.monotonic() - began,
        machine=machine(),
        setup={
            "operations": operations,
            "rate_per_s": RATE_PER_S,
            "database": make_url(url).get_backend_name(),
            "warm_up_operations": WARM_UP,
            "steps": done,
            "others_cpu_share": measured.others,
            "seed": SEED,
        },
        rows=rows,
        claims=claims(rows, measured.erp_calls),
    )


async def _tried(operations: int, address: str, sandbox: Sandbox, ours: list[int]) -> Measured:
    async with client() as http:
        asking = Asking(http, address)
        baskets = await open_baskets(asking, sandbox.urls["OMS"])
        await baskets.prepare(WARM_UP)
        await paced(baskets.tasks(), RATE_PER_S, IN_FLIGHT_MAX)
        await baskets.prepare(operations)
        gc.collect()
        gc.freeze()  # what the load generator collects meanwhile must not look like a slow answer
        return await _paced(asking, baskets, sandbox, ours)


async def _paced(asking: Asking, baskets: Baskets, sandbox: Sandbox, ours: list[int]) -> Measured:
    alone: dict[str, list[float]] = {}
    erp, before = await _erp_calls(asking), ticks(ours)
    async with contextlib.AsyncExitStack() as stack:
        for name, (system, path, body) in _SLOWEST.items():
            alone[name] = await stack.enter_async_context(_alone(asking, sandbox.urls[system], path, body))
        run = await paced(baskets.tasks(), RATE_PER_S, IN_FLIGHT_MAX)
    return Measured(run, alone, await _erp_calls(asking) - erp, others_share(before, ticks(ours)))


@asynccontextmanager
async def _alone(asking: Asking, url: str, path: str, body: Any) -> AsyncIterator[list[float]]:
    """What a call takes that somebody makes beside the gateway, for as long as the context is open."""
    took: list[float] = []
    task = asyncio.create_task(plain_calls(asking.http, url, path, body, CALLS_PER_S))
    yield took
    task.cancel()
    took += await task


async def _erp_calls(asking: Asking) -> int:
    """How often the gateway has asked the ERP, for anybody: it does no steps and reads nothing ahead of time."""
    counted = (await asking.json_of(CALLS))["ERP"]["asked"]
    return sum(times for path, times in counted.items())


@contextmanager
def _worker(sandbox: Sandbox, url: str, folder: Path) -> Iterator[int]:
    """`retailgraph work` beside the gateway, as long as the context is open; its process id."""
    told = {f"RETAILGRAPH_SYSTEMS__{role}__URL": at for role, at in sandbox.urls.items()}
    environment = {**os.environ, **told, "RETAILGRAPH_DATABASE__URL": url}
    environment.pop("RETAILGRAPH_CONFIG", None)
    with (folder / "worker.log").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "work"],
            env=environment,
            stdout=said,
            stderr=subprocess.STDOUT,
            process_group=0,  # a Ctrl-C in the terminal reaches the bench alone, which then ends it
        )
    try:
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_TIMEOUT_S)


def _steps_done(url: str) -> int:
    """Steps that were tried, since the journal began."""
    database = open_database(url, 1)
    try:
        with database.reading.connect() as connection:
            return int(connection.execute(select(func.coalesce(func.sum(steps.c.attempts), 0))).scalar_one())
    finally:
        database.close()
