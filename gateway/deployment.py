"""`retailgraph serve`: the gateway in front of the systems that the settings name."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from socket import socket

import structlog
import typer
from rich.console import Console

from gateway.answers import Answers
from gateway.app import build_app
from gateway.doubts import doubts
from gateway.http import Drain
from gateway.policy_tables import print_policies
from gateway.projection import progress_bars, shown_on
from gateway.schema import build_schema
from gateway.serving import bind, run
from gateway.settings import Settings, load
from gateway.telemetry import Pulse, configure_logs
from gateway.trouble import CannotStart
from gateway.wiring import open_retail, promises_of, refresh_projection, try_out
from gateway.workers import Line, Supervisor

WIDE = 140  # columns of the tables, whatever the terminal: they are also piped into files

START_S = 60.0  # for a worker to be ready, beside what it may wait for its first products
CLOSING_S = 5.0  # after what runs has ended or was given up: pools are closed, and steps in hand are handed back

_log = structlog.get_logger(__name__)


def show(config: Path | None) -> None:
    """Print the numbers in force under the settings. Raises CannotStart."""
    print_policies(load(config), Console(highlight=False, width=WIDE))


def refresh(config: Path | None, full: bool) -> None:
    """Read the ERP into the projection, with a bar per kind. Raises CannotStart."""
    with progress_bars() as bars:
        asyncio.run(refresh_projection(load(config), full=full, on_progress=shown_on(bars)))


def start(config: Path | None, host: str | None, port: int | None, workers: int | None, check: bool) -> None:
    """Serve until SIGINT or SIGTERM. `host`, `port` and `workers` stand above the settings; `check` stops before
    listening.

    Raises CannotStart for settings that cannot be used, a port that is taken, and an app that does not come up.
    """
    settings = load(config)
    asyncio.run(try_out(settings))  # so that what cannot be put together is told as a sentence, before anyone connects
    settings.documents.read()  # likewise
    if check:
        for doubt in doubts(settings):
            typer.echo(f"warning: {doubt}", err=True)
        typer.echo("The settings can be used.")
        return
    host = settings.server.host if host is None else host
    workers = settings.server.workers if workers is None else workers
    configure_logs(settings.logs.level, settings.logs.format)
    with bind(host, settings.server.port if port is None else port) as sock:
        listening = partial(_log.info, "listening", host=host, port=sock.getsockname()[1])
        if workers == 1:
            drain, pulse = Drain(), Pulse()
            app = build_app(settings, drain=drain, pulse=pulse)
            _runner(settings)(app, sock, drain, listening, pulse=pulse)
        else:
            _serve_together(settings, sock, workers, listening)
    _log.info("stopped")


def _runner(settings: Settings) -> Callable[..., None]:
    return partial(run, linger_s=settings.server.drain_linger_s, timeout_s=settings.server.drain_timeout_s)


def _serve_together(settings: Settings, sock: socket, workers: int, listening: Callable[..., None]) -> None:
    """By so many processes on one socket. Each has a house of its own; what needs none is made once, for all."""
    if not hasattr(os, "fork"):
        raise CannotStart("Several workers need a system that can fork; run one process for each instead.")
    schema, open_house = build_schema(), partial(open_retail, promises=promises_of(settings))

    def serve(line: Line) -> None:
        drain, pulse = Drain(), Pulse(line.beat)
        answers = Answers(settings.answers)
        house = partial(open_house, witness=answers)
        app = build_app(settings, drain=drain, open_retail=house, schema=schema, answers=answers, pulse=pulse)
        _runner(settings)(app, sock, drain, line.ready, pulse=pulse)

    together = settings.cache.memory_max_bytes * workers if settings.cache.enabled else 0
    Supervisor(
        serve,
        sock,
        workers,
        start_s=START_S + settings.projection.wait_at_start_s,
        drain_s=settings.server.drain_linger_s + settings.server.drain_timeout_s + CLOSING_S,
    ).run(partial(listening, workers=workers, cache_memory_max_bytes=together))
