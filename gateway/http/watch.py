"""Runs the work of one request as long as somebody waits for it, and not past its time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

import structlog
from starlette.types import Receive

from gateway.http.errors import ClientGone, HttpFault

T = TypeVar("T")

DEADLINE_EXCEEDED = "REQUEST_DEADLINE_EXCEEDED"

_log = structlog.get_logger(__name__)


async def while_awaited(
    work: Coroutine[object, object, T], receive: Receive, *, limit_s: float, cancel_timeout_s: float
) -> T:
    """The result of `work`. It is cancelled when the client goes away (ClientGone) or the time is up (HttpFault, 504).

    Cancelled work may clean up for `cancel_timeout_s`; then it is left behind, and a log line says so.
    """
    run = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait((run, gone), timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        if run.done():
            return _result(run)
        if gone.done():
            raise ClientGone
        raise HttpFault(
            504,
            DEADLINE_EXCEEDED,
            "The request took longer than it may. Whether a mutation took effect is not known: "
            "repeat it with the same idempotency key.",
        )
    finally:
        gone.cancel()
        if not run.done():
            run.cancel()
            await _settled(run, cancel_timeout_s)


def _result(run: asyncio.Future[T]) -> T:
    if run.cancelled():
        # Nobody cancelled this request, so a cancellation inside must not look like one to the server.
        raise RuntimeError("a resolver cancelled its own operation")
    return run.result()


async def _settled(run: asyncio.Future[T], timeout_s: float) -> None:
    done, _ = await asyncio.wait((run,), timeout=timeout_s)
    if not done:
        _log.error("operation does not end when cancelled", timeout_s=timeout_s)
    elif not run.cancelled() and (error := run.exception()) is not None:
        _log.warning("operation failed while it was cancelled", exc_info=error)


async def _disconnected(receive: Receive) -> None:
    """Returns when the client has closed the connection. A body that nobody reads is thrown away meanwhile."""
    while (await receive())["type"] != "http.disconnect":
        pass
