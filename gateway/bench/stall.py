"""`retailgraph bench stall`: a system takes calls and does not answer; who needs it waits, and nobody else does.

Twice: with the last answers at hand, which spare most of the waiting, and with nothing kept, where all have to wait.
"""

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
from gateway.bench.questions import EACH, QUESTIONS, Part, Question, needing, sparing
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
ROUNDS_MIN, ROUNDS_MAX, ROUNDS_MORE = 1, 100, 2
WELL_TIMEOUT_S, LOOK_AGAIN_S = 20.0, 0.1
SEED, PRODUCTS = 1, 200
_READS = ("inventory.stock", "customers.by_id", "loyalty.by_id", "loyalty.balances")
# Everything is kept for a moment, so that the system is asked each time.
_KEPT_SHORTLY = {"fresh_s": 0.1, "stale_while_revalidate_s": 0}

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
        nothing_kept: bool = False,
        window_s: float = STALL_S,
        well_timeout_s: float = WELL_TIMEOUT_S,
    ) -> None:
        self._asking = asking
        self._become = become
        self._ours = ours
        self._nothing_kept = nothing_kept
        self._window_s = window_s
        self._well_timeout_s = well_timeout_s
        self._numbers = itertools.count()
        self._luck = Random(1)  # noqa: S311 - when somebody asks, not a secret

    async def run(self, rounds: int) -> list[Row]:
        """A row for each system, from `rounds`, or twice as many while the medians do not agree: other work on the
        machine comes in bursts. Raises CannotStart when a system does not recover."""
        rows = [Row(system, DEADLINE_S, self._nothing_kept) for system in SYSTEMS]
        await self._until_well()
        for row in rows:
            await self._window(row.system)  # to be forgotten: what is compiled and kept at first is compiled and kept
        for number in range(ROUNDS_MORE * rounds):
            if number == rounds and all(row.is_spared for row in rows):
                break
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
        """Everything that is asked for is answered again: a call that stalled may be under way for its whole time."""
        until = time.monotonic() + self._well_timeout_s
        told = {"nothing"}
        while time.monotonic() < until:
            tasks = [one.task(self._asking, number)() for one in QUESTIONS for number in range(EACH)]
            ended = await asyncio.gather(*tasks)
            told = {f"{one.kind}: {one.detail}" for one in ended if one.detail != Part.WHOLE.value}
            if not told:
                return
            await asyncio.sleep(LOOK_AGAIN_S)
        many = ", ".join(sorted(told))
        raise CannotStart(f"a stall is over for {self._well_timeout_s:g} s, and not all is well: {many}")


def start(rounds: int, json_file: Path | None, svg_file: Path | None, window_s: float = STALL_S) -> bool:
    """Measure, print the table and write the files; whether every claim holds. Raises CannotStart.

    A window of less than a stall's length is too short to judge latencies by.
    """
    if not ROUNDS_MIN <= rounds <= ROUNDS_MAX:
        raise CannotStart(f"--rounds is {ROUNDS_MIN} to {ROUNDS_MAX}.")
    return staged(partial(_measured, rounds, window_s), print_report, picture, json_file, svg_file)


def settings_of(systems: dict[str, str], folder: Path, *, nothing_kept: bool = False) -> dict[str, Any]:
    """The settings of the gateway: as they come, but that answers are kept for a moment and the deadline is nearer."""
    kept = _KEPT_SHORTLY | ({"stale_if_error_s": 0} if nothing_kept else {})
    given = unbounded(systems, folder)
    return given | {
        "cache": {"freshness": dict.fromkeys(_READS, kept)},
        "http": {"request_timeout_s": DEADLINE_S},
    }


def _measured(rounds: int, window_s: float, folder: Path, console: Console) -> Report:
    began_at, began = datetime.now(UTC), time.monotonic()
    rows: list[Row] = []
    with ExitStack() as stack:
        with console.status("Starting four outside systems ..."):
            sandbox = stack.enter_context(Sandbox.start(0, seed=SEED, products=PRODUCTS, latency_scale=0))
        for nothing_kept in (False, True):
            settings = settings_of(sandbox.urls, folder, nothing_kept=nothing_kept)
            with console.status("Reading the ERP into the projection ..."):
                asyncio.run(refresh_projection(build(settings), full=True, on_progress=lambda _: None))
            with serving(settings, folder / "gateway.log") as (url, pid):
                ours = [os.getpid(), pid, *sandbox.pids.values()]
                what = "with nothing kept" if nothing_kept else "with last answers at hand"
                with console.status(f"{' and '.join(SYSTEMS)} stall in turn, {what}, {rounds} rounds ..."):
                    trial = partial(Trial, ours=ours, nothing_kept=nothing_kept, window_s=window_s)
                    rows += asyncio.run(_tried(trial, rounds, url, sandbox.urls))
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


async def _tried(trial: Callable[..., Trial], rounds: int, url: str, systems: dict[str, str]) -> list[Row]:
    async with client() as http:

        async def become(system: str, stall_s: float) -> None:
            async with http.post(f"{systems[system]}/_sandbox/faults", json={"stall_s": stall_s}) as answer:
                answer.raise_for_status()

        gc.collect()
        gc.freeze()  # what the load generator collects meanwhile must not look like a slow answer
        return await trial(Asking(http, url), become).run(rounds)
