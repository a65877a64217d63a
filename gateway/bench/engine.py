"""`retailgraph bench engine`: what each stage of answering costs for the documents of a shop."""

from __future__ import annotations

from typing import Any

from gateway.bench.baseline import COMMITTED
from gateway.bench.inside import opened, settings_inside
from gateway.bench.micro import Bench, Piece, Place
from gateway.bench.pages import PAGES
from gateway.bench.sheet import Files, Sheet
from gateway.bench.stages import REQUEST, UNCACHED, Stages, judged
from gateway.schema import build_schema


async def _prepare(place: Place) -> tuple[list[Piece], dict[str, Any]]:
    settings = [settings_inside(place.systems, place.folder, kept=kept) for kept in (True, False)]
    keeping, asking = [await place.stack.enter_async_context(opened(one)) for one in settings]
    stages = Stages(build_schema(), keeping, asking, settings[0])
    place.stack.callback(stages.close)
    pieces = [Piece(page.name, stage, work) for page in PAGES for stage, work in (await stages.work(page)).items()]
    return pieces, {"outside_calls": {page.name: await stages.calls(page, place.systems) for page in PAGES}}


SHEET = Sheet(
    "What answering costs",
    "CPU of one request, its document prepared, as a multiple of a constant answer of uvicorn.",
    (REQUEST, UNCACHED),
)
BENCH = Bench("engine", SHEET, _prepare, judged)

__all__ = ["BENCH", "COMMITTED", "Files"]
