"""`retailgraph serve`: the gateway in front of the systems that the settings name."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import structlog
import typer
from rich.console import Console

from gateway.app import build_app
from gateway.doubts import doubts
from gateway.http import Drain
from gateway.policy_tables import print_policies
from gateway.projection import progress_bars, shown_on
from gateway.serving import bind, run
from gateway.settings import load
from gateway.telemetry import configure_logs
from gateway.wiring import refresh_projection, try_out

WIDE = 140  # columns of the tables, whatever the terminal: they are also piped into files

_log = structlog.get_logger(__name__)


def show(config: Path | None) -> None:
    """Print the numbers in force under the settings. Raises CannotStart."""
    print_policies(load(config), Console(highlight=False, width=WIDE))


def refresh(config: Path | None, full: bool) -> None:
    """Read the ERP into the projection, with a bar per kind. Raises CannotStart."""
    with progress_bars() as bars:
        asyncio.run(refresh_projection(load(config), full=full, on_progress=shown_on(bars)))


def start(config: Path | None, host: str | None, port: int | None, check: bool) -> None:
    """Serve until SIGINT or SIGTERM. `host` and `port` stand above the settings; `check` stops before listening.

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
    configure_logs(settings.logs.level, settings.logs.format)
    drain = Drain()
    app = build_app(settings, drain=drain)
    with bind(host, settings.server.port if port is None else port) as sock:
        listening = partial(_log.info, "listening", host=host, port=sock.getsockname()[1])
        linger_s, timeout_s = settings.server.drain_linger_s, settings.server.drain_timeout_s
        run(app, sock, drain, listening, linger_s=linger_s, timeout_s=timeout_s)
    _log.info("stopped")
