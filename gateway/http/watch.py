"""Runs the work of one request as long as somebody waits for it, and not past its time."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import ClassVar, Final, cast

import structlog
from starlette.types import Receive

from gateway.http.errors import ClientGone, HttpFault

DEADLINE_EXCEEDED = "REQUEST_DEADLINE_EXCEEDED"

LOOK_AFTER_S: Final = 0.02
"""From when on it is looked whether the client is still there, and at the latest after twice as long. Nearly every
answer is sent before, and to look for the others only saves each of them a task, 6 us. Who hangs up sooner is found out
then, so what they asked ends a blink later."""

_log = structlog.get_logger(__name__)

Tell = Callable[[HttpFault], Awaitable[None]]
"""Answers the client, from a task of its own."""


class WhileAwaited:
    """A context whose work is cancelled when the client goes away or the time is up, whichever comes first.

    Leaving it then raises ClientGone or HttpFault (504), whatever the work came to. Work runs in the task of whoever
    waits for it: one of its own took 7 us of each request. So nothing can be raised here before it ends. Cancelled work
    may clean up for `cancel_timeout_s`; then it is left behind, a log line says so, and the client is told by `tell`
    what would have been raised. Once such work has ended after all, there is nobody to be answered any more
    (ClientGone). A cancellation that nobody sent is a bug of the work (RuntimeError): to the server it would look like
    one of its own.
    """

    # What nearly no request comes to stands in the class: an object with a few members is made in half the time.
    _cut: ClientGone | HttpFault | None = None
    _is_left = False
    _looking: asyncio.Task[None] | None = None
    _telling: asyncio.Future[None] | None = None
    _timer: asyncio.TimerHandle | None = None

    def __init__(self, receive: Receive, *, limit_s: float, cancel_timeout_s: float, tell: Tell) -> None:
        self._receive = receive
        self._limit_s = limit_s
        self._timeout_s = cancel_timeout_s
        self._tell = tell

    def __enter__(self) -> None:
        # The one place that asks who runs here, which is a call of the system's in Python 3.11.
        task = self._task = cast("asyncio.Task[object]", asyncio.current_task())
        loop = self._loop = task.get_loop()
        self._before = task.cancelling()
        self._context = contextvars.copy_context()  # the rounds go on nobody's behalf; what is said of this is not
        self._late_at = time.monotonic() + self._limit_s  # the loop's own time stands still while work is begun
        rounds = _Rounds.latest
        if rounds is None or rounds.loop is not loop:  # a process has one loop; tests have many
            rounds = _Rounds.latest = _Rounds(loop)
        self._rounds = rounds
        rounds.new.add(self)
        if not rounds.goes_round:
            rounds.go_on()
        if self._limit_s <= 2 * LOOK_AFTER_S:
            self._timer = loop.call_later(self._limit_s, self._late)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        if error is None and self._cut is None:
            return
        if self._cut is not None and self._task.uncancel() <= self._before:
            if isinstance(error, Exception):
                _log.warning("operation failed while it was cancelled", exc_info=error)
            if error is None or isinstance(error, Exception | asyncio.CancelledError):
                raise (ClientGone() if self._is_left else self._cut) from None
        elif isinstance(error, asyncio.CancelledError) and not self._task.cancelling():
            raise RuntimeError("a resolver cancelled its own operation") from error

    def look(self) -> None:
        """Look from now on whether the client is still there, and at the time."""
        context = self._context
        self._looking = self._loop.create_task(_disconnected(self._receive), context=context)
        self._looking.add_done_callback(self._gone, context=context)
        if self._timer is None:
            left_s = max(0.0, self._late_at - time.monotonic())
            self._timer = self._loop.call_later(left_s, self._late, context=context)

    def _gone(self, looking: asyncio.Task[None]) -> None:
        if looking is self._looking:  # else the work has ended since, or its time
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
        self._end()
        self._task.cancel()
        self._timer = self._loop.call_later(self._timeout_s, self._leave)

    def _end(self) -> None:
        """Nobody waits any more."""
        rounds = self._rounds
        rounds.new.discard(self)
        rounds.seen.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        looking, self._looking = self._looking, None
        if looking is not None:
            looking.cancel()

    def _leave(self) -> None:
        _log.error("operation does not end when cancelled", timeout_s=self._timeout_s)
        self._is_left = True
        if isinstance(self._cut, HttpFault):
            self._telling = asyncio.ensure_future(self._tell(self._cut))


class _Rounds:
    """Goes round the requests of one event loop, so that one clock does for all who are quick. To set one for each and
    take it back cost 1 us."""

    latest: ClassVar[_Rounds | None] = None
    """Those of the loop that asked last."""

    __slots__ = ("_nobody", "goes_round", "loop", "new", "seen")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.new: set[WhileAwaited] = set()
        self.seen: set[WhileAwaited] = set()
        self.goes_round = False
        self._nobody = contextvars.Context()

    def go_on(self) -> None:
        self.goes_round = True
        self.loop.call_later(LOOK_AFTER_S, self._go, context=self._nobody)

    def _go(self) -> None:
        """Whoever was here the last time as well is one to look at."""
        slow, self.seen, self.new = self.seen, self.new, set()
        self.goes_round = False
        for one in slow:
            one.look()
        if self.seen:
            self.go_on()


async def _disconnected(receive: Receive) -> None:
    """Returns when the client has closed the connection. A body that nobody reads is thrown away meanwhile."""
    while (await receive())["type"] != "http.disconnect":
        pass
