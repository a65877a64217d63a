"""Runs the work of one request as long as somebody waits for it, and not past its time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Final, TypeVar, cast

import structlog
from starlette.types import Receive

from gateway.http.errors import ClientGone, HttpFault
from gateway.http.within import Begun

T = TypeVar("T")

DEADLINE_EXCEEDED = "REQUEST_DEADLINE_EXCEEDED"

LOOK_AFTER_S: Final = 0.02
"""From when on it is looked whether the client is still there. Nearly every answer is sent before, and to look for the
others only saves each of them a task, 6 us. Who hangs up sooner is found out then, so what they asked ends a blink
later."""

_log = structlog.get_logger(__name__)

Tell = Callable[[HttpFault], Awaitable[None]]
"""Answers the client, from a task of its own."""


async def while_awaited(
    work: Coroutine[object, object, T], receive: Receive, *, limit_s: float, cancel_timeout_s: float, tell: Tell
) -> T:
    """The result of `work`. It is cancelled when the client goes away (ClientGone) or the time is up (HttpFault, 504).

    Work runs in the task of whoever awaits it: one of its own took 7 us of each request, and what never waits needs not
    even a clock. So nothing can be raised here before it ends. Cancelled work may clean up for `cancel_timeout_s`; then
    it is left behind, a log line says so, and the client is told by `tell` what would have been raised. Once such work
    has ended after all, there is nobody to be answered any more (ClientGone).
    """
    watch: _Watch | None = None
    try:
        begun = Begun(work)
        if begun.is_done:
            return cast("T", begun.result)
        watch = _Watch(receive, limit_s, cancel_timeout_s, tell)
        result = await begun
    except asyncio.CancelledError as cancelled:
        if watch is not None and watch.is_ours():
            raise watch.why() from None
        if cast("asyncio.Task[object]", asyncio.current_task()).cancelling():
            raise
        # Nobody cancelled this request, so a cancellation inside must not look like one to the server.
        raise RuntimeError("a resolver cancelled its own operation") from cancelled
    except Exception as error:
        if watch is not None and watch.is_ours():
            _log.warning("operation failed while it was cancelled", exc_info=error)
            raise watch.why() from None
        raise
    finally:
        if watch is not None:
            watch.end()
    if watch.is_ours():
        raise watch.why()
    return result


class _Watch:
    """Cancels the task that begins it when the client is gone or the time is up, whichever comes first."""

    __slots__ = (
        "_before",
        "_cut",
        "_is_left",
        "_left_s",
        "_looking",
        "_loop",
        "_receive",
        "_task",
        "_tell",
        "_telling",
        "_timeout_s",
        "_timer",
    )

    def __init__(self, receive: Receive, limit_s: float, cancel_timeout_s: float, tell: Tell) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = cast("asyncio.Task[object]", asyncio.current_task())
        self._before = self._task.cancelling()
        self._receive = receive
        self._tell = tell
        self._timeout_s = cancel_timeout_s
        self._cut: ClientGone | HttpFault | None = None
        self._is_left = False
        self._looking: asyncio.Task[None] | None = None
        self._telling: asyncio.Future[None] | None = None
        self._left_s = max(0.0, limit_s - LOOK_AFTER_S)
        self._timer = self._loop.call_later(min(limit_s, LOOK_AFTER_S), self._look)

    def is_ours(self) -> bool:
        """Whether it has cancelled the task, which is taken back by this; and nobody else has. To be asked once."""
        return self._cut is not None and self._task.uncancel() <= self._before

    def why(self) -> ClientGone | HttpFault:
        """What for."""
        return ClientGone() if self._cut is None or self._is_left else self._cut

    def end(self) -> None:
        """Nobody waits any more."""
        self._timer.cancel()
        if self._looking is not None:
            self._looking.cancel()

    def _look(self) -> None:
        self._looking = self._loop.create_task(_disconnected(self._receive))
        self._looking.add_done_callback(self._gone)
        self._timer = self._loop.call_later(self._left_s, self._late)

    def _gone(self, looking: asyncio.Task[None]) -> None:
        if not looking.cancelled():
            self._cancel(ClientGone())

    def _late(self) -> None:
        self._cancel(
            HttpFault(
                504,
                DEADLINE_EXCEEDED,
                "The request took longer than it may. Whether a mutation took effect is not known: "
                "repeat it with the same idempotency key.",
            )
        )

    def _cancel(self, why: ClientGone | HttpFault) -> None:
        self._cut = why
        self.end()
        self._task.cancel()
        self._timer = self._loop.call_later(self._timeout_s, self._leave)

    def _leave(self) -> None:
        _log.error("operation does not end when cancelled", timeout_s=self._timeout_s)
        self._is_left = True
        if isinstance(self._cut, HttpFault):
            self._telling = asyncio.ensure_future(self._tell(self._cut))


async def _disconnected(receive: Receive) -> None:
    """Returns when the client has closed the connection. A body that nobody reads is thrown away meanwhile."""
    while (await receive())["type"] != "http.disconnect":
        pass
