"""The gateway that is measured: `retailgraph serve`, and one page more that says whom its Wires have asked.

`python -m gateway.bench.counted FILE` reads its settings from a JSON file, writes its port to standard output once it
listens, and ends by itself when standard input does, so that it outlives nobody who started it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from domains.upstream import Wire
from gateway.answers import Answers
from gateway.app import build_app
from gateway.bench.child import serve_child
from gateway.http import Drain
from gateway.settings import build
from gateway.telemetry import configure_logs
from gateway.wiring import open_retail

CALLS = "/_bench/calls"
BACKGROUND = "BACKGROUND"
"""The name of calls on whose time nobody waits."""


def main(file: str) -> None:
    """Serve until standard input ends, or a signal comes."""
    settings = build(json.loads(Path(file).read_text(encoding="utf-8")))
    configure_logs(settings.logs.level, settings.logs.format)
    wires: dict[str, Wire] = {}

    async def calls(_: Request) -> JSONResponse:
        return JSONResponse(counted(wires))

    drain, answers = Drain(), Answers(settings.answers)
    house = partial(open_retail, watch=wires.update, witness=answers)
    app = build_app(settings, drain=drain, open_retail=house, answers=answers)
    app.router.routes.append(Route(CALLS, calls))
    serve_child(app, drain, settings.server.host, settings.server.port)


def counted(wires: Mapping[str, Wire]) -> dict[str, dict[str, dict[str, int]]]:
    """By system and path since the start: how often it was `asked`, and the calls that were `refused` their path."""
    snapshots = {name: wire.snapshot() for name, wire in wires.items()}
    return {
        name: {
            "asked": {BACKGROUND if path is None else path.value: count for path, count in wire.asked_on.items()},
            "refused": {path.value: count for path, count in wire.refused_on.items()},
        }
        for name, wire in snapshots.items()
    }


if __name__ == "__main__":
    main(sys.argv[1])
