"""`retailgraph bench checkout`: the same checkout with five ERPs in one run, and who was called meanwhile."""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from rich.console import Console

from domains.sandbox import Sandbox
from gateway.bench import shown
from gateway.bench.asking import Asking, client
from gateway.bench.conditions import CONDITIONS, ERP_MEDIAN_MS, Condition, Erp, Told, ask_an_associate
from gateway.bench.counted import CALLS
from gateway.bench.figures import machine
from gateway.bench.house import settings_for
from gateway.bench.load import OnSample, Sample, closed, paced
from gateway.bench.neighbours import others_share, ticks
from gateway.bench.processes import gateway
from gateway.bench.report import Report
from gateway.bench.shoppers import Shop, open_shop
from gateway.bench.staged import staged
from gateway.bench.verdicts import Counts, Row, claims
from gateway.settings import build
from gateway.trouble import CannotStart
from gateway.wiring import refresh_projection

PATH = "CHECKOUT"
ROUNDS_MAX, ROUND_MIN = 10, 1000
"""A round of fewer operations is not worth the seconds that it takes to show five conditions to an associate."""

OPERATIONS_MIN = 100
PRODUCTS = 200  # checkout meets the showcase alone; the rest only has to be read before
WARM_UP_SHARE, WARM_UP_MIN, WARM_UP_MAX = 0.05, 120, 500
WORKERS = 16
LOAD = 0.5
"""Of what a closed loop reached in the warm-up. Near saturation the queue, not the ERP, would decide the p95: load,
gateway and sandbox share one machine."""

IN_FLIGHT_MAX = 64
SEED = 1


@dataclass
class Tally:
    """What one condition has gathered over its rounds."""

    windows: list[tuple[Sample, ...]] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    erp_saw: int | None = None
    told: list[Told] = field(default_factory=list)
    others: list[float | None] = field(default_factory=list)

    def row(self, condition: Condition) -> Row:
        return Row(
            condition=condition.name,
            done_to_erp=condition.done,
            windows=self.windows,
            counts=Counts(dict(self.asked), dict(self.refused), self.erp_saw),
            associate=[str(told) for told in self.told],
            others=self.others,
            in_force=all(condition.in_force(told) for told in self.told),
        )


class Trial:
    """The rounds: each has a window of every condition, so that a drift of the machine favours none."""

    def __init__(self, asking: Asking, erp: Erp, shop: Shop, operations: int, ours: Callable[[], list[int]]) -> None:
        self._asking = asking
        self._erp = erp
        self._shop = shop
        self._ours = ours
        self._rounds = rounds(operations)
        windows = self._rounds * len(CONDITIONS)
        self._sizes = sizes(operations, windows)
        self._customers = (f"cust-{101 + number:05}" for number in range(windows))
        self.tallies = {condition.name: Tally() for condition in CONDITIONS}

    async def run(self, rate_per_s: float, on_sample: Callable[[Condition, int, Sample], None]) -> list[Row]:
        """Every window of every round; a row per condition."""
        for number in range(self._rounds):
            for condition in turned(CONDITIONS, number):

                def told(sample: Sample, condition: Condition = condition, number: int = number) -> None:
                    on_sample(condition, number, sample)

                await self._window(condition, rate_per_s, told)
        return [self.tallies[condition.name].row(condition) for condition in CONDITIONS]

    async def _window(self, condition: Condition, rate_per_s: float, on_sample: OnSample) -> None:
        tally = self.tallies[condition.name]
        await self._erp.become(condition)
        # Before the counts are read: this one call is meant for the ERP.
        tally.told.append(await ask_an_associate(self._asking, next(self._customers)))
        saw, (asked, refused) = await self._erp.calls(), await self._wires()
        before = ticks(self._ours())
        run = await paced(self._shop.tasks(next(self._sizes)), rate_per_s, IN_FLIGHT_MAX, on_sample)
        tally.others.append(others_share(before, ticks(self._ours())))
        tally.windows.append(run.samples)
        asked_now, refused_now = await self._wires()
        tally.asked.update(asked_now - asked)
        tally.refused.update(refused_now - refused)
        if saw is not None:
            tally.erp_saw = (tally.erp_saw or 0) + (await self._erp.calls() or 0) - saw

    async def _wires(self) -> tuple[Counter[str], Counter[str]]:
        """How often checkout has called each system, and how often it was stopped from calling, as the Wires count."""
        counted = await self._asking.json_of(CALLS)
        asked, refused = (
            Counter({role: wire[which].get(PATH, 0) for role, wire in counted.items()})
            for which in ("asked", "refused")
        )
        return asked, refused


def rounds(operations: int) -> int:
    """How often every condition is measured."""
    return max(1, min(ROUNDS_MAX, operations // ROUND_MIN))


def sizes(operations: int, windows: int) -> Iterator[int]:
    """`operations` in `windows` parts that differ by one at most."""
    whole, rest = divmod(operations, windows)
    return (whole + (number < rest) for number in range(windows))


def turned(conditions: tuple[Condition, ...], number: int) -> tuple[Condition, ...]:
    """The conditions of round `number`: each round begins with another."""
    first = number % len(conditions)
    return conditions[first:] + conditions[:first]


def start(operations: int, json_file: Path | None, svg_file: Path | None) -> bool:
    """Measure, print the table and write the files; whether every claim holds. Raises CannotStart."""
    if operations < OPERATIONS_MIN:
        raise CannotStart(f"--operations is at least {OPERATIONS_MIN}, 20 for each condition of the ERP.")
    return staged(partial(_measured, operations), shown.print_report, shown.picture, json_file, svg_file)


def _measured(operations: int, folder: Path, console: Console) -> Report:
    began_at, began = datetime.now(UTC), time.monotonic()
    with console.status("Starting four outside systems ..."):
        sandbox = Sandbox.start(0, seed=SEED, products=PRODUCTS)
    with sandbox:
        settings = settings_for(sandbox.urls, folder)
        with console.status("Reading the ERP into the projection ..."):
            asyncio.run(refresh_projection(build(settings), full=True, on_progress=lambda _: None))
        with gateway(settings, folder) as (url, pid):
            rows, rate_per_s, capacity_per_s = asyncio.run(_tried(operations, url, pid, sandbox, console))
    return Report(
        bench="checkout",
        began_at=began_at,
        elapsed_s=time.monotonic() - began,
        machine=machine(),
        setup={
            "operations": operations,
            "rounds": rounds(operations),
            "warm_up_operations": 2 * warm_up(operations),
            "capacity_per_s": round(capacity_per_s, 1),
            "rate_per_s": round(rate_per_s, 1),
            "products": PRODUCTS,
            "erp_median_ms": ERP_MEDIAN_MS,
            "seed": SEED,
        },
        rows=[row.as_json(rows[0]) for row in rows],
        claims=claims(rows),
    )


def warm_up(operations: int) -> int:
    """How many operations go before, twice: once to be forgotten, and once to see what the machine bears."""
    return max(WARM_UP_MIN, min(WARM_UP_MAX, int(operations * WARM_UP_SHARE)))


def _ours(gateway_pid: int, sandbox: Sandbox) -> list[int]:
    """The processes of the bench."""
    return [os.getpid(), gateway_pid, *sandbox.pids.values()]


async def _tried(
    operations: int, url: str, pid: int, sandbox: Sandbox, console: Console
) -> tuple[list[Row], float, float]:
    """The rows; operations a second as they were sent, and as a closed loop reached in the warm-up."""
    async with client() as http:
        asking = Asking(http, url)
        with console.status("Warming up ..."):
            shop = await open_shop(asking)
            await closed(shop.tasks(warm_up(operations)), WORKERS)
            capacity_per_s = (await closed(shop.tasks(warm_up(operations)), WORKERS)).per_s
        rate_per_s = LOAD * capacity_per_s
        gc.collect()
        gc.freeze()  # what the load generator collects meanwhile must not look like a slow answer
        ours = partial(_ours, pid, sandbox)
        trial = Trial(asking, Erp(sandbox, http), shop, operations, ours)
        with shown.progress(console, operations) as on_sample:
            return await trial.run(rate_per_s, on_sample), rate_per_s, capacity_per_s
