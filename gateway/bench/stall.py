"""`retailgraph bench stall`: a system takes calls and does not answer; who needs it waits, and nobody else does."""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console

from domains.sandbox import Sandbox
from gateway.bench.asking import Asking, client
from gateway.bench.figures import machine
from gateway.bench.house import unbounded
from gateway.bench.load import Task, paced
from gateway.bench.neighbours import others_share, ticks
from gateway.bench.processes import serving
from gateway.bench.questions import QUESTIONS, Part, Question, needing, sparing
from gateway.bench.report import Report
from gateway.bench.spared import Row, Window, claims, picture, print_report
from gateway.bench.staged import staged
from gateway.settings import build
from gateway.trouble import CannotStart
from gateway.wiring import refresh_projection

SYSTEMS = ("CRM", "OMS")
STALL_S = 5.0
DEADLINE_S = 2.0
CALLERS = 150
NEEDING_PER_S = CALLERS / DEADLINE_S
"""So many a second that all of the callers wait at once where each is answered only at the deadline."""

SPARED_PER_S = 60.0
IN_FLIGHT_MAX = 400
ROUNDS_MIN, ROUNDS_MAX = 1, 100
WELL_TIMEOUT_S, LOOK_AGAIN_S = 20.0, 0.1
SEED, PRODUCTS = 1, 200
# Everything is kept for a moment, so that the system is asked each time and last answers stand in for it.
_KEPT_SHORTLY = {
    read: {"fresh_s": 0.1, "stale_while_revalidate_s": 0}
    for read in ("inventory.stock", "customers.by_id", "loyalty.by_id", "loyalty.balances")
}

Become = Callable[[str, float], Awaitable[None]]
"""Have this system stall every call for so many seconds; 0 makes it well."""


class Trial:
    """For each system windows in which it is well and in which it stalls, in turn, under one load."""

    def __init__(
        self,
        asking: Asking,
        become: Become,
        ours: list[int],
        *,
        window_s: float = STALL_S,
        well_timeout_s: float = WELL_TIMEOUT_S,
    ) -> None:
        self._asking = asking
        self._become = become
        self._ours = ours
        self._window_s = window_s
        self._well_timeout_s = well_timeout_s
        self._numbers = itertools.count()
        self._luck = Random(1)  # noqa: S311 - when somebody asks, not a secret

    async def run(self, rounds: int) -> list[Row]:
        """A row for each system. Raises CannotStart when one does not recover."""
        rows = [Row(system, DEADLINE_S) for system in SYSTEMS]
        await self._until_well()
        for row in rows:
            await self._window(row.system)  # to be forgotten: what is compiled and kept at first is compiled and kept
        for _ in range(rounds):
            for row in rows:
                before = ticks(self._ours)
                row.healthy.append(await self._window(row.system))
                await self._become(row.system, STALL_S)
                try:
                    row.stalled.append(await self._window(row.system))
                finally:
                    await self._become(row.system, 0)
                row.others.append(others_share(before, ticks(self._ours)))
                await self._until_well()
        return rows

    async def _window(self, system: str) -> Window:
        """The seconds of a stall: both kinds of callers beside each other, each at a moment of its own."""
        need, spared = await asyncio.gather(
            paced(self._tasks(needing(system), NEEDING_PER_S), NEEDING_PER_S, CALLERS, luck=self._luck),
            paced(self._tasks(sparing(system), SPARED_PER_S), SPARED_PER_S, IN_FLIGHT_MAX, luck=self._luck),
        )
        return Window(need.samples, spared.samples)

    def _tasks(self, questions: list[Question], per_s: float) -> list[Task]:
        count = max(1, round(per_s * self._window_s))
        numbers: Iterator[int] = itertools.islice(self._numbers, count)
        return [questions[number % len(questions)].task(self._asking, number // len(questions)) for number in numbers]

    async def _until_well(self) -> None:
        until = time.monotonic() + self._well_timeout_s
        told = ["nothing"]
        while time.monotonic() < until:
            ended = await asyncio.gather(*(one.task(self._asking, next(self._numbers))() for one in QUESTIONS))
            told = [f"{one.kind}: {one.detail}" for one in ended if one.detail != Part.WHOLE.value]
            if not told:
                return
            await asyncio.sleep(LOOK_AGAIN_S)
        raise CannotStart(f"a stall is over for {self._well_timeout_s:g} s, and not all is well: {', '.join(told)}")


def start(rounds: int, json_file: Path | None, svg_file: Path | None, window_s: float = STALL_S) -> bool:
    """Measure, print the table and write the files; whether every claim holds. Raises CannotStart.

    A window of less than a stall's length is too short to judge latencies by.
    """
    if not ROUNDS_MIN <= rounds <= ROUNDS_MAX:
        raise CannotStart(f"--rounds is {ROUNDS_MIN} to {ROUNDS_MAX}.")
    return staged(partial(_measured, rounds, window_s), print_report, picture, json_file, svg_file)


def settings_of(systems: dict[str, str], folder: Path) -> dict[str, Any]:
    """The settings of the gateway: as they come, but that answers are kept for a moment and the deadline is nearer."""
    given = unbounded(systems, folder)
    return given | {"cache": {"freshness": _KEPT_SHORTLY}, "http": {"request_timeout_s": DEADLINE_S}}


def _measured(rounds: int, window_s: float, folder: Path, console: Console) -> Report:
    began_at, began = datetime.now(UTC), time.monotonic()
    with ExitStack() as stack:
        with console.status("Starting four outside systems ..."):
            sandbox = stack.enter_context(Sandbox.start(0, seed=SEED, products=PRODUCTS, latency_scale=0))
        settings = settings_of(sandbox.urls, folder)
        with console.status("Reading the ERP into the projection ..."):
            asyncio.run(refresh_projection(build(settings), full=True, on_progress=lambda _: None))
        url, pid = stack.enter_context(serving(settings, folder / "gateway.log"))
        ours = [os.getpid(), pid, *sandbox.pids.values()]
        with console.status(f"{' and '.join(SYSTEMS)} stall in turn, {rounds} rounds ..."):
            rows = asyncio.run(_tried(rounds, window_s, url, ours, sandbox.urls))
    return Report(
        bench="stall",
        began_at=began_at,
        elapsed_s=time.monotonic() - began,
        machine=machine(),
        setup={
            "rounds": rounds,
            "stall_s": STALL_S,
            "window_s": window_s,
            "deadline_s": DEADLINE_S,
            "callers": CALLERS,
            "needing_per_s": NEEDING_PER_S,
            "spared_per_s": SPARED_PER_S,
            "products": PRODUCTS,
            "seed": SEED,
        },
        rows=[row.as_json() for row in rows],
        claims=claims(rows),
    )


async def _tried(rounds: int, window_s: float, url: str, ours: list[int], systems: dict[str, str]) -> list[Row]:
    async with client() as http:

        async def become(system: str, stall_s: float) -> None:
            async with http.post(f"{systems[system]}/_sandbox/faults", json={"stall_s": stall_s}) as answer:
                answer.raise_for_status()

        gc.collect()
        gc.freeze()  # what the load generator collects meanwhile must not look like a slow answer
        return await Trial(Asking(http, url), become, ours, window_s=window_s).run(rounds)
