"""`retailgraph bench requests`: what the operations of a shop cost a running gateway, beside a constant answer."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import uvloop
from rich.console import Console

from domains.sandbox import Sandbox, SandboxFailed
from gateway.bench.asked import Asked
from gateway.bench.asking import client
from gateway.bench.bare import request_of
from gateway.bench.baseline import COMMITTED_REQUESTS
from gateway.bench.clocks import cpu_s
from gateway.bench.figures import machine
from gateway.bench.house import KEPT_LONG, NOT_KEPT, TOKENS, unbounded
from gateway.bench.line import Line
from gateway.bench.neighbours import others_share, ticks
from gateway.bench.pages import PAGES, Page
from gateway.bench.processes import constant_server, ended_by_signal, serving
from gateway.bench.report import Claim, Report
from gateway.bench.sheet import Files, Sheet, Told
from gateway.bench.timing import judged
from gateway.settings import build
from gateway.telemetry import configure_logs
from gateway.trouble import CannotStart
from gateway.wiring import refresh_projection

ROUNDS_MIN, ROUNDS_MAX, CALLERS_MAX = 2, 1_000, 64
REQUESTS = 100
"""Of a batch: enough for a p99, and short enough for some batches to be spared by a busy neighbour."""

WARM_UP, COUNTED = 50, 10
SEED, PRODUCTS = 1, 300
OPERATIONS = ("product page", "list of 24", "account", "checkout")
PUBLIC = OPERATIONS[:2]
MEASURED = tuple(page for page in PAGES if page.name in OPERATIONS)
_BACKGROUND = "/pages"  # what the projection reads; nobody who asks waits for it


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """What a gateway has kept of what is asked. `settings` are laid over those that all of them have.

    `public`: only what anybody may see is asked, without a token.
    """

    name: str
    settings: Mapping[str, Any] = field(repr=False)
    public: bool = False

    def request(self, page: Page) -> bytes | None:
        """How a page is asked for; None where it is not."""
        if self.public and page.name not in PUBLIC:
            return None
        return request_of(page.query, page.variables, None if self.public else TOKENS[page.audience])


# Whole answers, as bytes; of trusted documents, for callers without a name.
WHOLE = Condition("whole answers", {"cache": KEPT_LONG, "answers": {"enabled": True}}, public=True)
HOT = Condition("hot", {"cache": KEPT_LONG})  # every entity, in the memory of the process
COLD = Condition("cold", {"cache": NOT_KEPT})  # nothing: what only an outside system knows is asked of it each time
CONDITIONS = (WHOLE, HOT, COLD)

SHEET = Sheet(
    "What a request costs",
    "CPU of the server for one request over a socket, as a multiple of a constant answer of uvicorn.",
    tuple(condition.name for condition in CONDITIONS),
)


def start(rounds: int, callers: int, files: Files) -> Told:
    """Measure, print the table, write the files. Raises CannotStart.

    Everything that was started has ended when this returns, however it does.
    """
    if not ROUNDS_MIN <= rounds <= ROUNDS_MAX or not 1 <= callers <= CALLERS_MAX:
        raise CannotStart(f"--rounds is {ROUNDS_MIN} to {ROUNDS_MAX}, --callers 1 to {CALLERS_MAX}.")
    before = files.earlier()
    configure_logs("error", "console")
    console = Console(highlight=False, soft_wrap=True)
    try:
        with ended_by_signal(), tempfile.TemporaryDirectory(prefix="retailgraph-") as folder:
            report = _measured(rounds, callers, Path(folder), console)
    except SandboxFailed as exc:
        raise CannotStart(f"the outside systems did not start: {exc}") from exc
    return SHEET.show(report, before, files, console)


def _measured(rounds: int, callers: int, folder: Path, console: Console) -> Report:
    began_at, began = datetime.now(UTC), time.monotonic()
    with ExitStack() as stack:
        with console.status("Starting four outside systems ..."):
            sandbox = stack.enter_context(Sandbox.start(0, seed=SEED, products=PRODUCTS, latency_scale=0))
        settings = unbounded(sandbox.urls, folder) | {"documents": {"directory": str(_trusted(folder))}}
        with console.status("Reading the ERP into the projection ..."):
            asyncio.run(refresh_projection(build(settings), full=True, on_progress=lambda _: None))
        with console.status("Starting the servers ..."):
            floor = stack.enter_context(constant_server(folder))
            servers = {
                one: stack.enter_context(serving({**settings, **one.settings}, folder / f"{one.name}.log"))
                for one in CONDITIONS
            }
        ours = [os.getpid(), *sandbox.pids.values(), floor[1], *(pid for _, pid in servers.values())]
        before = ticks(ours)
        with (
            console.status(f"{len(MEASURED)} operations, {len(servers)} gateways, {rounds} rounds ..."),
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            trial = Trial(sandbox.urls, callers)
            rows, setup = runner.run(trial.run(floor, servers, rounds))
        others = others_share(before, ticks(ours))
    setup |= {"rounds": rounds, "requests": REQUESTS, "callers": callers, "others_cpu_share": others, "seed": SEED}
    return Report("requests", began_at, time.monotonic() - began, machine(), setup, rows, claims(rows))


class Trial:
    """Every operation under every condition, in turn with the constant answer, so that a drift favours none."""

    def __init__(self, systems: Mapping[str, str], callers: int) -> None:
        self._systems = systems
        self._callers = callers

    async def run(
        self, floor: tuple[str, int], servers: Mapping[Condition, tuple[str, int]], rounds: int
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """A row for each, and what is to be said of the floor. Raises CannotStart."""
        least = await self._asked("", "constant answer", request_of("{ __typename }", {}, "nobody"), floor)
        found = [
            await self._asked(page.name, self._stage(condition), request, server)
            for page in MEASURED
            for condition, server in servers.items()
            if (request := condition.request(page)) is not None
        ]
        everything = [least, *found]
        try:
            await _warmed(everything)
            calls = [await self._calls(one) for one in found]
            for _ in range(rounds):
                for one in everything:
                    await one.batch(REQUESTS)
        finally:
            for one in everything:
                for line in one.lines:
                    line.close()
        rows = [one.row(least, called) for one, called in zip(found, calls, strict=True)]
        return rows, _of_floor(least)

    def _stage(self, condition: Condition) -> str:
        """Of another number of callers it is another figure, which is compared with nothing."""
        return condition.name if self._callers == 1 else f"{condition.name}, {self._callers} callers"

    async def _asked(self, page: str, stage: str, request: bytes, server: tuple[str, int]) -> Asked:
        url, pid = server
        used_s: Callable[[], float] = partial(cpu_s, pid)
        return Asked(page, stage, request, used_s, [await Line.to(url) for _ in range(self._callers)])

    async def _calls(self, asked: Asked) -> float:
        """How many outside calls one request makes, as the outside systems count them."""
        async with client() as http:
            for url in self._systems.values():
                await http.delete(f"{url}/_sandbox/calls")
            for _ in range(COUNTED):
                await asked.answered()
            counted = [await (await http.get(f"{url}/_sandbox/calls")).json() for url in self._systems.values()]
        asked_for = (count for one in counted for called, count in one.items() if not called.endswith(_BACKGROUND))
        return float(sum(asked_for)) / COUNTED


def _trusted(folder: Path) -> Path:
    """The folder of the documents that the gateways know, as a shop's own pages are known to it."""
    place = folder / "documents"
    place.mkdir()
    for number, page in enumerate(page for page in MEASURED if page.name in PUBLIC):
        (place / f"page-{number}.graphql").write_text(page.query, encoding="utf-8")
    return place


async def _warmed(everything: Iterable[Asked]) -> None:
    for one in everything:
        for _ in range(WARM_UP):
            await one.answered()


def _of_floor(floor: Asked) -> dict[str, Any]:
    cpu = judged(floor.cpu)
    return {
        "floor_us": round(cpu.best_s * 1e6, 2),
        "floor_noise": cpu.noise,
        "floor_p50_ms": round(median(floor.p50) * 1000, 3),
        "floor_p99_ms": round(median(floor.p99) * 1000, 3),
    }


def claims(rows: Sequence[Mapping[str, Any]]) -> tuple[Claim, ...]:
    """The verdicts: of calls, which are the same on every machine. What time it takes is compared, not claimed."""
    kept = [row for row in rows if not row["stage"].startswith(COLD.name)]
    most = max(kept, key=lambda row: float(row["calls"]))
    product, listed = (
        next(row["calls"] for row in rows if row["page"] == page and row["stage"].startswith(COLD.name))
        for page in OPERATIONS[:2]
    )
    return (
        Claim(
            "what is kept is asked of nobody",
            f"{most['calls']:g} outside calls a request where it is most ({most['page']}, {most['stage']})",
            "0 calls",
            most["calls"] == 0,
        ),
        Claim(
            "a list of 24 asks no more often than one product",
            f"{listed:g} outside calls a request, {product:g} for the product page",
            f"{product:g} calls",
            listed <= product,
        ),
    )


__all__ = ["COMMITTED_REQUESTS", "Files", "start"]
