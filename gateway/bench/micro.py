"""A bench of many small pieces of work in one process: set up, timed in turn beside a floor, told, compared."""

from __future__ import annotations

import asyncio
import gc
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from domains.sandbox import Sandbox, SandboxFailed
from gateway.bench.bare import Bare, constant, request_of
from gateway.bench.figures import machine
from gateway.bench.inside import settings_inside
from gateway.bench.neighbours import others_share, ticks
from gateway.bench.report import Claim, Report
from gateway.bench.sheet import Files, Sheet, Told
from gateway.bench.timing import Timed, Work, timed
from gateway.serving import COLLECT_AFTER
from gateway.telemetry import configure_logs
from gateway.trouble import CannotStart
from gateway.wiring import refresh_projection

ROUNDS_MIN, ROUNDS_MAX = 2, 10_000
BATCH_S = 0.004  # short enough to be spared by a busy neighbour, long enough for the clock
SEED, PRODUCTS = 1, 300
_FLOOR = ("", "constant answer")


@dataclass(frozen=True, slots=True)
class Piece:
    """One figure: what is asked, which stage of that, and the work, which counts for `share` of them."""

    page: str
    stage: str
    work: Work
    share: float = 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where pieces are prepared: the outside systems, a folder, and what is closed when all is measured."""

    systems: Mapping[str, str]
    folder: Path
    stack: AsyncExitStack


Prepare = Callable[[Place], Awaitable[tuple[list[Piece], dict[str, Any]]]]
"""The pieces, and what else is to be said of how they were measured."""


Judge = Callable[[Sequence[Mapping[str, Any]]], tuple[Claim, ...]]
"""What is claimed of the rows."""


def nothing_claimed(_: Sequence[Mapping[str, Any]]) -> tuple[Claim, ...]:
    """Figures alone."""
    return ()


@dataclass(frozen=True, slots=True)
class Bench:
    """One of them."""

    name: str
    sheet: Sheet
    prepare: Prepare
    judge: Judge = nothing_claimed

    def start(self, rounds: int, files: Files) -> Told:
        """Measure, print the table, write the files. Raises CannotStart."""
        if not ROUNDS_MIN <= rounds <= ROUNDS_MAX:
            raise CannotStart(f"--rounds is {ROUNDS_MIN} to {ROUNDS_MAX}.")
        before = files.earlier()
        configure_logs("error", "console")
        console = Console(highlight=False, soft_wrap=True)
        return self.sheet.show(self.measured(rounds, console), before, files, console)

    def measured(self, rounds: int, console: Console) -> Report:
        """The report of one run. Raises CannotStart."""
        began_at, began = datetime.now(UTC), time.monotonic()
        try:
            with console.status("Starting four outside systems ..."):
                sandbox = Sandbox.start(0, seed=SEED, products=PRODUCTS, latency_scale=0)
            with sandbox, tempfile.TemporaryDirectory(prefix="retailgraph-") as folder:
                before = ticks([os.getpid()])
                with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                    rows, setup = runner.run(self._rows(sandbox.urls, Path(folder), rounds, console))
                others = others_share(before, ticks([os.getpid()]))
        except SandboxFailed as exc:
            raise CannotStart(f"the outside systems did not start: {exc}") from exc
        setup |= {"rounds": rounds, "batch_ms": BATCH_S * 1000, "others_cpu_share": others, "seed": SEED}
        return Report(self.name, began_at, time.monotonic() - began, machine(), setup, rows, self.judge(rows))

    async def _rows(
        self, systems: Mapping[str, str], folder: Path, rounds: int, console: Console
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        with console.status("Reading the ERP into the projection ..."):
            keeping = settings_inside(systems, folder, kept=True)
            await refresh_projection(keeping, full=True, on_progress=lambda _: None)
        async with AsyncExitStack() as stack:
            pieces, setup = await self.prepare(Place(systems, folder, stack))
            floor = Bare(constant, HttpToolsProtocol)
            stack.callback(floor.close)
            work: dict[tuple[str, str], Work] = {(one.page, one.stage): one.work for one in pieces}
            work[_FLOOR] = partial(floor.ask, request_of("{ __typename }", {}, "nobody"))
            gc.collect()
            gc.freeze()  # as `serve` does: the schema is walked by no collection
            gc.set_threshold(*COLLECT_AFTER)
            with console.status(f"{len(work)} pieces of work, {rounds} rounds ..."):
                found = await timed(work, rounds=rounds, batch_s=BATCH_S)
        least = found[_FLOOR]
        setup |= {"floor_us": round(least.best_s * 1e6, 2), "floor_noise": least.noise}
        return [_row(one, found[one.page, one.stage], least) for one in pieces], setup


def _row(piece: Piece, one: Timed, floor: Timed) -> dict[str, Any]:
    return {
        "page": piece.page,
        "stage": piece.stage,
        "cpu_us": round(one.best_s * 1e6 / piece.share, 2),
        "typical_us": round(one.typical_s * 1e6 / piece.share, 2),
        "floor_ratio": round(one.best_s / floor.best_s / piece.share, 3),
        "noise": one.noise,
    }
