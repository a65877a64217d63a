"""Runs an ASGI app on one socket until a signal ends it: open connections are drained, then the call returns."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import math
import signal
import socket
from collections.abc import Callable, Iterator
from types import FrameType

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.connections import AnsweredHandshakes, Connection
from gateway.http import Drain, DrainingServer
from gateway.telemetry import Pulse
from gateway.trouble import CannotStart, PortTaken

# Load balancers keep idle connections for 60 s (AWS, nginx); whoever closes first loses requests, so we close later.
KEEP_ALIVE_S = 75
# A message on a WebSocket; a request's body may have as much.
FRAME_BYTES_MAX = 1024 * 1024
# What a client does not take for so long is given up with its connection, also when nobody waits to send more.
STALLED_MS = 60_000
# An answer leaves nothing for the collector, but while 16 to 64 are in the making up to 15,000 more objects are alive
# than a moment before: below that it walks them in vain, for 10 to 60 us of each answer. What is walked at a time is
# bounded by the two youngest generations together, some 45,000 objects, and so is how long everybody waits for it.
COLLECT_AFTER = (15_000, 1, 100)
BACKLOG = 2048  # what the kernel allows by default is 4096; a burst of half of that is not refused


class AppFailed(CannotStart):
    """The app did not come up. Why stands in the log."""


def bind(host: str, port: int) -> socket.socket:
    """A listening socket at `host` and `port`; port 0 takes any free one. Raises PortTaken."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; the connections of this socket inherit it
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED_MS)
            sock.bind(address)
            sock.listen(BACKLOG)
        except OSError:
            sock.close()
            raise
    except OSError as exc:
        why = "it is in use" if exc.errno == errno.EADDRINUSE else (exc.strerror or str(exc)).lower()
        raise PortTaken(host, port, why) from exc
    return sock


class _Server(DrainingServer):
    """Tells when it listens, and treats a signal as the ordinary end that it is.

    uvicorn raises the signal again after it has drained, which would skip everything that still has to be closed.
    """

    def __init__(
        self, config: uvicorn.Config, drain: Drain, linger_s: float, listening: Callable[[], None], pulse: Pulse
    ) -> None:
        super().__init__(config, drain, linger_s)
        self._listening = listening
        self._pulse = pulse

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        async with self._pulse.beating():
            await super().serve(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and not self.should_exit:
            # The schema and its resolvers are some 100,000 objects that live as long as the process. Unfrozen, each
            # full collection walks them all and stops every request for 80 ms; failing systems make them frequent.
            # None of them is garbage, so none is looked for first.
            gc.freeze()
            gc.set_threshold(*COLLECT_AFTER)
            self._listening()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Ctrl-C does not linger: no balancer sends requests to somebody's terminal."""
        if sig == signal.SIGINT:
            self._linger_s = 0.0
        super().handle_exit(sig, frame)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def run(
    app: ASGIApp,
    sock: socket.socket,
    drain: Drain,
    listening: Callable[[], None],
    *,
    linger_s: float,
    timeout_s: float,
    pulse: Pulse | None = None,
    protocol: type[HttpToolsProtocol] = Connection,
) -> None:
    """Serve `app` on `sock` until SIGINT or SIGTERM; `listening` is called once requests are accepted.

    `drain` begins at the signal, requests are taken for `linger_s` more, and what runs then has `timeout_s` to end.
    `pulse` beats meanwhile. Another `protocol` is there to be compared with. Raises AppFailed.
    """
    config = uvicorn.Config(
        app,
        http=protocol,
        ws=AnsweredHandshakes,
        ws_max_size=FRAME_BYTES_MAX,
        ws_ping_interval=None,  # the protocol above has its own, which pages see
        ws_per_message_deflate=False,  # 300 KiB for each socket, to make small messages a little smaller
        lifespan="on",
        log_config=None,
        access_log=False,  # its lines hold query strings; the correlation middleware writes its own
        server_header=False,
        proxy_headers=False,  # nobody is trusted to say who the client is
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=math.ceil(timeout_s),
        backlog=BACKLOG,
    )
    server = _Server(config, drain, linger_s, listening, pulse or Pulse())
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        try:
            runner.run(server.serve(sockets=[sock]))
        except SystemExit as exc:  # how uvicorn says that the app's lifespan did not open
            raise AppFailed("The gateway did not come up; the lines above say why.") from exc
