"""Processes of the product that are killed, frozen and started again: gateways on ports of their own, and workers."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.running import ROOT, START_TIMEOUT_S, Json, free_ports

END_TIMEOUT_S = 15.0
RECONCILE_TIMEOUT_S = 300.0
LOOK_AGAIN_S = 0.02
LEASE_S = 4.0
"""How long the flows of a worker that died wait for another."""

STEP_SHARE = 0.75
"""Of the lease, what a step may take."""

_UP = re.compile(r"listening|\bworking\b")


class Nursery:
    """Where processes are born; see `nursery.py`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.nursery"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def bear(self, arguments: Sequence[str], log: Path) -> int:
        """Start a command; its process id."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"arguments": list(arguments), "log": str(log)}) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate(timeout=END_TIMEOUT_S)


class Program:
    """One `retailgraph` command, started as often as it is killed. What it says goes to one file."""

    def __init__(self, name: str, arguments: Sequence[str], log: Path, nursery: Nursery) -> None:
        self.name = name
        self._arguments = arguments
        self._log = log
        self._nursery = nursery
        self._pid: int | None = None
        self._said_before = 0

    @property
    def is_running(self) -> bool:
        if self._pid is None:
            return False
        try:
            os.kill(self._pid, 0)
        except ProcessLookupError:
            self._pid = None
        return self._pid is not None

    def start(self) -> None:
        """Start it, and do not wait. A running one stays as it is."""
        if not self.is_running:
            self._said_before = self._log.stat().st_size if self._log.exists() else 0
            self._pid = self._nursery.bear(self._arguments, self._log)

    def wait(self) -> None:
        """Until it serves, or works."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and self.is_running:
            if _UP.search(self.said()):
                return
            time.sleep(LOOK_AGAIN_S)
        raise AssertionError(f"{self.name} did not come up:\n{self.said()}")

    def said(self) -> str:
        """What it said since it was last started."""
        if not self._log.exists():
            return ""
        with self._log.open("rb") as log:
            log.seek(self._said_before)
            return log.read().decode(errors="replace")

    def kill(self) -> None:
        """kill -9: nothing of it runs any more, not even to say goodbye."""
        self._signal(signal.SIGKILL)
        self._gone()

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def wake(self) -> None:
        self._signal(signal.SIGCONT)

    def end(self) -> None:
        """SIGTERM, and what is in hand is finished or handed back. Fails when that does not end it."""
        self.wake()
        self._signal(signal.SIGTERM)
        try:
            self._gone()
        except AssertionError:
            self._signal(signal.SIGKILL)
            raise

    def _gone(self) -> None:
        deadline = time.monotonic() + END_TIMEOUT_S
        while self.is_running:
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name} does not end:\n{self.said()[-2000:]}")
            time.sleep(LOOK_AGAIN_S)

    def _signal(self, number: signal.Signals) -> None:
        if self.is_running and self._pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self._pid, number)


class House:
    """The gateways and workers of one deployment, on one database."""

    def __init__(self, config: Path, folder: Path, gateways: int, workers: int, nursery: Nursery) -> None:
        first = free_ports(gateways) if gateways else 0
        ports = range(first, first + gateways)
        told = ("--config", str(config))
        self.config = config
        self.urls = [f"http://127.0.0.1:{port}" for port in ports]
        self.gateways = [
            Program(
                f"gateway {number}", ("serve", *told, "--port", str(port)), folder / f"gateway-{number}.log", nursery
            )
            for number, port in enumerate(ports)
        ]
        self.workers = [
            Program(f"worker {number}", ("work", *told), folder / f"worker-{number}.log", nursery)
            for number in range(workers)
        ]

    @property
    def programs(self) -> list[Program]:
        return [*self.gateways, *self.workers]

    def start(self) -> None:
        """Start all that do not run, and wait until they do."""
        for program in self.programs:
            program.wake()
            program.start()
        for program in self.programs:
            program.wait()

    def reconcile(self) -> list[Json]:
        """What `retailgraph reconcile` finds of each subject: `checked`, `matched` and `mismatches`."""
        told = [sys.executable, "-m", "gateway", "reconcile", "--json", "--config", str(self.config)]
        ran = subprocess.run(told, cwd=ROOT, capture_output=True, text=True, timeout=RECONCILE_TIMEOUT_S, check=False)
        assert ran.returncode in (0, 1), ran.stderr
        found: list[Json] = json.loads(ran.stdout)["subjects"]
        return found

    def end(self) -> None:
        for program in self.programs:
            program.end()


@contextmanager
def house(settings: str, folder: Path, nursery: Nursery, *, gateways: int = 1, workers: int = 0) -> Iterator[House]:
    """A deployment with these settings, running."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "retailgraph.toml"
    config.write_text(settings)
    running = House(config, folder, gateways, workers, nursery)
    try:
        running.start()
        yield running
    finally:
        running.end()


def settings(
    systems: Mapping[str, str], folder: Path, database: str, identity: str, *, works: bool, lease_s: float, more: str
) -> str:
    """The settings of every process of one deployment. Breakers close soon, leases are short, and nobody reads the
    ERP's books, so that it is asked for nothing but what orders and returns need."""
    folder.mkdir(parents=True, exist_ok=True)
    keys = folder / "promises.keys"
    keys.write_text(f"k1 {'5e' * 32}\n")  # all gateways, and those that come after them, know the same reservations
    systems_toml = "".join(
        f'[systems.{role.lower()}]\nurl = "{url}"\n[systems.{role.lower()}.wire]\ncool_down_max_s = 2.0\n'
        for role, url in systems.items()
    )
    # Products are read often enough for a comparison, which looks again after the next reading.
    return (
        f'[server]\ndrain_linger_s = 0\n[logs]\nlevel = "info"\n[database]\nurl = "{database}"\n'
        f'[promises]\nkeys_file = "{keys}"\n'
        "[projection]\nwait_at_start_s = 0\ndelta_every_s = 60\nfull_every_s = 86400\n"
        f"[durable]\nworkers_in_serve = {str(works).lower()}\nlease_s = {lease_s}\n"
        f"step_timeout_s = {lease_s * STEP_SHARE}\n"
        "[reconcile]\nenabled = false\ncalls_per_s = 30\n"
        f"{more}{systems_toml}{identity}"
    )
