"""A server of a bench in a process of its own: it says its port, and ends when whoever started it does."""

from __future__ import annotations

import os
import signal
import sys
import threading
from functools import partial

from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.connections import Connection
from gateway.http import Drain
from gateway.serving import bind, run

_DRAIN_TIMEOUT_S = 2.0


def serve_child(
    app: ASGIApp, drain: Drain, host: str, port: int, *, protocol: type[HttpToolsProtocol] = Connection
) -> None:
    """Serve until standard input ends or a signal comes; the port is a line on standard output, once it listens."""
    threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()
    with bind(host, port) as sock:
        said = f"{sock.getsockname()[1]}\n"
        listening = partial(_say, said)
        run(app, sock, drain, listening, linger_s=0, timeout_s=_DRAIN_TIMEOUT_S, protocol=protocol)


def _say(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


def _end_with_parent() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
