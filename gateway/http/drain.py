"""Going down without losing a request: say so, wait until the balancer has noticed, let what runs end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from socket import socket
from types import FrameType

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.http.marks import marks_of


class Drain:
    """Whether the process is going down, and how many requests are still being answered."""

    def __init__(self) -> None:
        self.in_flight = 0
        """Requests begun and not yet ended."""
        self.draining = False
        """True once shutdown has begun; it never goes back."""
        self._idle, self._awaited = asyncio.Event(), False  # set for whoever waits: for each request it takes 1 us
        self._leaving: list[Callable[[], Awaitable[None]]] = []

    def begin(self) -> None:
        """From now on `/readyz` says 503. Requests that still arrive are answered: the balancer may not know yet."""
        self.draining = True

    def on_leave(self, call: Callable[[], Awaitable[None]]) -> None:
        """Have `call` awaited when no more connections are taken: it ends what would not end by itself, in time."""
        self._leaving.append(call)

    async def leave(self) -> None:
        """Nothing new is taken from now on: end what would go on."""
        await asyncio.gather(*(call() for call in self._leaving))

    async def drained(self, timeout_s: float) -> bool:
        """Wait until nothing is in flight; False when something still is after `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                self._awaited = True
                while self.in_flight:
                    self._idle.clear()
                    await self._idle.wait()
        except TimeoutError:
            return False
        return True

    def left(self) -> None:
        """A request has ended, well or not."""
        self.in_flight -= 1
        if not self.in_flight and self._awaited:
            self._idle.set()


class Draining:
    """Middleware that counts requests, and while draining asks clients to open their next connection elsewhere."""

    def __init__(self, app: ASGIApp, drain: Drain) -> None:
        self._app = app
        self._drain = drain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the request while the inner application answers it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        marks, drain = marks_of(send), self._drain
        marks.leaving = drain
        drain.in_flight += 1
        try:
            await self._app(scope, receive, marks)
        finally:
            drain.left()


class DrainingServer(uvicorn.Server):
    """uvicorn that goes on listening for `linger_s` after the first signal, with `/readyz` at 503.

    By itself uvicorn closes its sockets at once, so that every request the balancer sends before it notices is refused.
    A second signal ends the wait. What is in flight after that has uvicorn's `timeout_graceful_shutdown` seconds.
    """

    def __init__(self, config: uvicorn.Config, drain: Drain, linger_s: float) -> None:
        super().__init__(config)
        self._drain = drain
        self._linger_s = linger_s
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Remember the loop that signals are passed to."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """End the streams before the connections: uvicorn cuts sockets without a word, and waits for the others."""
        await self._drain.leave()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain at the first signal, exit at the second or when `linger_s` has passed."""
        loop = self._loop
        if loop is None or self._drain.draining:
            super().handle_exit(sig, frame)
            return
        self._drain.begin()
        leave = super().handle_exit
        # A signal handler runs between any two instructions; the loop is only touched from inside itself.
        loop.call_soon_threadsafe(loop.call_later, self._linger_s, leave, sig, frame)
