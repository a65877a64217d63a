"""`retailgraph work`: a process that does the steps of slow writes, and answers nobody."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import structlog

from gateway.settings import Settings, load
from gateway.telemetry import configure_logs
from gateway.wiring import open_worker

_log = structlog.get_logger(__name__)


def start(config: Path | None) -> None:
    """Work until SIGINT or SIGTERM; what is in hand then is finished, or handed back. Raises CannotStart."""
    settings = load(config)
    configure_logs(settings.logs.level, settings.logs.format)
    asyncio.run(_work(settings))
    _log.info("stopped")


async def _work(settings: Settings) -> None:
    async with open_worker(settings) as worker:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, worker.stop)
        _log.info("working", steps_at_once=settings.durable.steps_at_once)
        await worker.run()
