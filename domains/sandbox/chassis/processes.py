"""The services as processes: each its own, on its own loopback port, none outliving the one that started it."""

from __future__ import annotations

import http.client
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from domains.sandbox.chassis.child import HOST

ROLES = ("ERP", "OMS", "LOYALTY", "CRM")
START_TIMEOUT_S = 60.0  # a start takes 1 s; a machine that is busy with tests may take twenty times that
STOP_TIMEOUT_S = 5.0
_HEALTH_TIMEOUT_S = 2.0
_ROOT = Path(__file__).parents[3]


class SandboxFailed(RuntimeError):
    """A service did not start. What it had to say is on standard error."""


class Sandbox:
    """The running services. A context manager; `close` ends what it started and nothing else.

    `urls` maps each role (ERP, OMS, LOYALTY, CRM) to `http://127.0.0.1:<port>`. Not for use by several threads at once.
    """

    def __init__(self, ports: Mapping[str, int], arguments: list[str]) -> None:
        self._ports = dict(ports)
        self._arguments = arguments
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    @classmethod
    def start(
        cls,
        ports: Mapping[str, int] | int = 0,
        *,
        seed: int = 1,
        latency_scale: float = 1.0,
        token: str | None = None,
        now: datetime | None = None,
        products: int | None = None,
    ) -> Sandbox:
        """Start the services and wait until each answers.

        `ports` names the roles to start and their ports; one number n means n, n+1, n+2, n+3, and 0 any free ports.
        All services build the same world from `seed` and `now` (the present when None). `token` is the bearer token
        they ask for, `products` how many there are (2,000 when None), each with a position at 44 locations. Raises
        SandboxFailed when one does not answer within `START_TIMEOUT_S`.
        """
        if isinstance(ports, int):
            ports = {role: ports + place if ports else 0 for place, role in enumerate(ROLES)}
        strange = set(ports) - set(ROLES)
        if strange:
            raise ValueError(f"unknown roles {sorted(strange)}; there are {', '.join(ROLES)}")
        moment = (now or datetime.now(UTC)).isoformat()
        arguments = ["--seed", str(seed), "--latency-scale", str(latency_scale), "--now", moment]
        arguments += [] if token is None else ["--token", token]
        arguments += [] if products is None else ["--products", str(products)]
        sandbox = cls(ports, arguments)
        try:
            for role in ports:
                sandbox._launch(role)
            for role in ports:
                sandbox._await(role)
        except BaseException:
            sandbox.close()  # an interrupt while waiting must not leave the others behind
            raise
        return sandbox

    @property
    def urls(self) -> dict[str, str]:
        return {role: f"http://{HOST}:{port}" for role, port in self._ports.items()}

    @property
    def pids(self) -> dict[str, int]:
        """The process ids of the services that were started and not stopped."""
        return {role: process.pid for role, process in self._running.items()}

    def ended(self) -> list[str]:
        """The roles whose process ended without being told to."""
        return [role for role, process in self._running.items() if process.poll() is not None]

    def stop(self, role: str) -> None:
        """End one service at once, as an outage would. Stopping a stopped one does nothing."""
        process = self._running.pop(role, None)
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()  # the child ends when its standard input does
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_TIMEOUT_S)
        if process.stdout is not None:
            process.stdout.close()

    def start_again(self, role: str) -> None:
        """Start a stopped service on its old port, with the world as it was in the beginning."""
        self.stop(role)
        self._launch(role)
        try:
            self._await(role)
        except BaseException:
            self.stop(role)
            raise

    def close(self) -> None:
        for role in list(self._running):
            self.stop(role)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _launch(self, role: str) -> None:
        port = str(self._ports[role])
        path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
        self._running[role] = subprocess.Popen(  # noqa: S603 - our own module, no shell, arguments made here
            [sys.executable, "-m", "domains.sandbox", "--serve", role, "--port", port, *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            process_group=0,  # a Ctrl-C in the terminal reaches the parent alone, which then ends us
        )

    def _await(self, role: str) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        stdout = self._running[role].stdout
        readable = stdout is not None and select.select([stdout], [], [], START_TIMEOUT_S)[0]
        line = stdout.readline() if stdout is not None and readable else b""
        if not line.strip().isdigit():
            why = "ended before it answered" if readable else f"did not start within {START_TIMEOUT_S:.0f} s"
            raise SandboxFailed(f"the sandbox {role} on port {self._ports[role]} {why}")
        self._ports[role] = int(line)
        while not self._is_healthy(role):
            if time.monotonic() > deadline:
                raise SandboxFailed(f"the sandbox {role} did not answer within {START_TIMEOUT_S:.0f} s")
            time.sleep(0.05)

    def _is_healthy(self, role: str) -> bool:
        connection = http.client.HTTPConnection(HOST, self._ports[role], timeout=_HEALTH_TIMEOUT_S)
        try:
            connection.request("GET", "/_sandbox/health")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()
