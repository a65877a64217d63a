"""The inside of a service's own process: serve one app on loopback until the parent is gone."""

import os
import socket
import sys
import threading

from starlette.types import ASGIApp
from uvicorn import Config, Server

from domains.sandbox.chassis.connection import BreakableProtocol

HOST = "127.0.0.1"


class _Announcing(Server):
    """Writes its port to standard output once it accepts calls, so that the parent may ask for port 0."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        port = self.servers[0].sockets[0].getsockname()[1]
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()


def end_with_parent() -> None:
    """End this process at once when standard input ends, which the kernel sees to even if the parent was killed.

    Nothing is worth saving in a sandbox, so no goodbye is said: to its callers it looks like an outage.
    """

    def watch() -> None:
        while os.read(0, 1024):
            pass
        os._exit(0)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def serve(app: ASGIApp, port: int) -> None:
    """Serve `app` on loopback (port 0: any free one) until a signal ends it. Announces the port on standard output."""
    config = Config(
        app,
        host=HOST,
        port=port,
        http=BreakableProtocol,
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    _Announcing(config).run()
