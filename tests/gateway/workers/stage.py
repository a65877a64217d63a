"""A supervisor with workers that answer over HTTP which process they are: run as a process of its own by the tests.

`python -m tests.gateway.workers.stage COUNT HOW` prints its port once all are ready. `HOW` is what workers do:
"answer"; "refuse" to start with a reason; "fail" with a bug; "fail-later", when they are replaced; "hang" at the end.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from gateway.http import Drain, Draining
from gateway.serving import bind, run
from gateway.telemetry import Pulse, configure_logs
from gateway.trouble import CannotStart
from gateway.workers import Line, RestartPace, Supervisor

SLOW_S = 0.5
FOREVER_S = 60.0
SILENT_S = 4.0
PACE = RestartPace(first_s=0.01, most_s=0.02, failures_max=3)


async def who(_: Request) -> PlainTextResponse:
    return PlainTextResponse(str(os.getpid()))


async def slow(_: Request) -> PlainTextResponse:
    await asyncio.sleep(SLOW_S)
    return PlainTextResponse(str(os.getpid()))


def main(count: int, how: str, marks: Path) -> None:
    configure_logs("warning", "json")

    def serve(line: Line) -> None:
        mark = marks / f"{os.getpid()}"
        replaced = len(list(marks.iterdir())) >= count
        mark.touch()
        if how == "refuse":
            raise CannotStart("there is no house to serve")
        if how == "fail" or (how == "fail-later" and replaced):
            raise KeyError("a bug")
        drain = Drain()
        app = Starlette(routes=[Route("/", who), Route("/slow", slow)])
        app.add_middleware(Draining, drain=drain)
        run(app, sock, drain, line.ready, linger_s=0, timeout_s=5, pulse=Pulse(line.beat, every_s=0.05))
        if how == "hang":
            time.sleep(FOREVER_S)

    def listening() -> None:
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()

    with bind("127.0.0.1", 0) as sock:
        port = sock.getsockname()[1]
        drain_s = 1 if how == "hang" else 15
        Supervisor(serve, sock, count, start_s=20, drain_s=drain_s, silent_s=SILENT_S, pace=PACE).run(listening)


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
    except CannotStart as cannot:
        sys.stdout.write(f"{cannot}\n")
        sys.exit(2)
