"""Runs the work of one request as long as somebody waits for it, and not past its time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Final, Generic, TypeVar

import structlog
from starlette.types import Receive

from gateway.http.errors import ClientGone, HttpFault

T = TypeVar("T")

DEADLINE_EXCEEDED = "REQUEST_DEADLINE_EXCEEDED"

LOOK_AFTER_S: Final = 0.02
"""From when on it is looked whether the client is still there. Nearly every answer is sent before, and to look for the
others only saves each of them a task, 6 us. Who hangs up sooner is found out then, so what they asked ends a blink
later."""

_log = structlog.get_logger(__name__)


async def while_awaited(
    work: Coroutine[object, object, T], receive: Receive, *, limit_s: float, cancel_timeout_s: float
) -> T:
    """The result of `work`. It is cancelled when the client goes away (ClientGone) or the time is up (HttpFault, 504).

    Cancelled work may clean up for `cancel_timeout_s`; then it is left behind, and a log line says so.
    """
    wait = _Wait(work, receive, limit_s)
    run = wait.run
    try:
        await wait.over
        if run.done():
            return _result(run)
        if wait.client_is_gone:
            raise ClientGone
        raise HttpFault(
            504,
            DEADLINE_EXCEEDED,
            "The request took longer than it may. Whether a mutation took effect is not known: "
            "repeat it with the same idempotency key.",
        )
    finally:
        wait.end()
        if not run.done():
            run.cancel()
            await _settled(run, cancel_timeout_s)


class _Wait(Generic[T]):
    """Is `over` when the work is done, the client is gone or the time is up, whichever comes first."""

    __slots__ = ("_left_s", "_looking", "_receive", "_timer", "over", "run")

    def __init__(self, work: Coroutine[object, object, T], receive: Receive, limit_s: float) -> None:
        loop = asyncio.get_running_loop()
        self.over = loop.create_future()
        # A task of its own, so that it can be left behind.
        self.run = loop.create_task(work)
        self.run.add_done_callback(self._end)
        self._receive = receive
        self._looking: asyncio.Task[None] | None = None
        self._left_s = max(0.0, limit_s - LOOK_AFTER_S)
        self._timer = loop.call_later(min(limit_s, LOOK_AFTER_S), self._look)

    @property
    def client_is_gone(self) -> bool:
        return self._looking is not None and self._looking.done()

    def end(self) -> None:
        """Nobody waits any more."""
        self._timer.cancel()
        if self._looking is not None:
            self._looking.cancel()

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        self._looking = loop.create_task(_disconnected(self._receive))
        self._looking.add_done_callback(self._end)
        self._timer = loop.call_later(self._left_s, self._end)

    def _end(self, _: object = None) -> None:
        if not self.over.done():
            self.over.set_result(None)


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
