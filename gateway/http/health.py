"""`/livez` and `/readyz`: whether to restart the process, and whether to send it requests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.http.drain import Drain

_HEADERS = {"Cache-Control": "no-store"}
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """Something this process needs of its own to answer. An outside system is none: without it we degrade, not stop.

    `probe` says whether it is there; raising means no. `timeout_s` bounds it, below the usual second of a prober.
    """

    name: str
    probe: Callable[[], Awaitable[bool]]
    timeout_s: float = 0.5


async def livez(_: Request) -> Response:
    """200 as long as the event loop turns. It asks nothing: a restart mends no outside system."""
    return JSONResponse({"status": "alive"}, headers=_HEADERS)


class Readiness:
    """What `/readyz` asks: 200 when every check passes and nothing is draining, else 503."""

    def __init__(self, checks: Sequence[Check], drain: Drain) -> None:
        self._checks = tuple(checks)
        self._drain = drain

    async def readyz(self, _: Request) -> Response:
        """Run all checks at once and tell each by name. Why one failed is told to the log alone."""
        passed = await asyncio.gather(*map(_passed, self._checks))
        ready = all(passed) and not self._drain.draining
        status = "draining" if self._drain.draining else "ready" if ready else "not ready"
        told = {check.name: "ok" if good else "failed" for check, good in zip(self._checks, passed, strict=True)}
        return JSONResponse({"status": status, "checks": told}, 200 if ready else 503, headers=_HEADERS)


async def _passed(check: Check) -> bool:
    async def bounded() -> bool:
        async with asyncio.timeout(check.timeout_s):
            return await check.probe()

    # gather turns whatever a probe raises into a value, so that no kind of failure stops the others.
    (outcome,) = await asyncio.gather(bounded(), return_exceptions=True)
    if outcome is not True:
        _log.warning("check failed", check=check.name, reason=repr(outcome))
    return outcome is True
