"""One connection to an app without a network: what a client sends is handed to the protocol that `serve` has, and what
it is answered is kept. Time passes only when it is told to."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from gateway.connections import AnsweredHandshakes, Connection

TURNS_MAX = 2_000
"""Of the event loop, in which all that is asked here is answered."""


@dataclass(eq=False)
class Timer:
    """What is due after `delay_s`."""

    delay_s: float
    due_s: float
    ring: Callable[[], object]
    pending: set[Timer]

    def cancel(self) -> None:
        self.pending.discard(self)


@dataclass
class Timers:
    """The loop of a connection, whose timers are `pending` until they are rung by hand."""

    pending: set[Timer] = field(default_factory=set)
    set_in_all: int = 0
    now_s: float = 0.0

    def time(self) -> float:
        return self.now_s

    def call_later(
        self, delay_s: float, call: Callable[..., object], *args: object, context: contextvars.Context | None = None
    ) -> Timer:
        context = contextvars.copy_context() if context is None else context
        timer = Timer(delay_s, self.now_s + delay_s, lambda: context.run(call, *args), self.pending)
        self.pending.add(timer)
        self.set_in_all += 1
        return timer

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio.get_running_loop(), name)

    def ring(self, delay_s: float) -> None:
        """Let the time come for what is due after so long. Raises StopIteration where nothing is."""
        timer = next(timer for timer in self.pending if timer.delay_s == delay_s)
        timer.cancel()
        self.now_s = max(self.now_s, timer.due_s)
        timer.ring()


class Pipe(asyncio.Transport):
    """`writes` are what was written, piece by piece. After `room` bytes that nobody reads the client is a slow one.
    `protocol` is the server's, to be compared with another."""

    def __init__(self, app: ASGIApp, *, room: int = 1 << 30, protocol: type[HttpToolsProtocol] = Connection) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.state = ServerState()
        self.timers = Timers()
        self.closed = False
        self.reads = True
        self.room = room
        self._unread = 0
        self.protocol: asyncio.BaseProtocol | None = None
        config = uvicorn.Config(
            app,
            http=protocol,
            ws=AnsweredHandshakes,
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
        )
        self.served = protocol(config, self.state, {}, cast("asyncio.AbstractEventLoop", self.timers))
        self.served.connection_made(self)

    def sends(self, *pieces: bytes) -> Pipe:
        """As a client does, each in a packet of its own."""
        for piece in pieces:
            self.served.data_received(piece)
        return self

    async def answered(self) -> bytes:
        """All that was written since it was last asked, when all is answered that can be. Raises AssertionError."""
        for _ in range(TURNS_MAX):
            await asyncio.sleep(0)
            busy = self.state.tasks or self.served.pipeline
            if not busy or (self.closed and not self.state.tasks):
                break
        else:
            raise AssertionError(f"not answered after {TURNS_MAX} turns; written was {self.writes}")
        answer, self.writes = b"".join(self.writes), []
        return answer

    async def asked(self, request: bytes) -> bytes:
        """The answer to a request."""
        return await self.sends(request).answered()

    def takes_all(self) -> None:
        """The client has read everything."""
        self._unread = 0
        self.served.resume_writing()

    # What the protocol calls.

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        assert not self.closed, "written to a connection that is closed"
        self.writes.append(bytes(data))
        self._unread += len(data)
        if self._unread > self.room:
            self.served.pause_writing()

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ["127.0.0.1", 50_000], "sockname": ["127.0.0.1", 8000]}.get(name, default)
