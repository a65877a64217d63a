"""Gateways of the matrix: real processes, each with the settings that its cells need."""

from __future__ import annotations

import hashlib
import re
import sqlite3
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from domains.vocabulary import SystemRole
from tests.faults.axes import CALL_TIMEOUT_S, REQUEST_TIMEOUT_S, CacheState, freshness_toml
from tests.running import START_TIMEOUT_S, command

PATIENCE_S = 20.0
LOOK_AGAIN_S = 0.05
NEVER = 1_000_000
"""Calls that a breaker or a latency estimate would need before it judges: cells must not judge for each other."""

OPENS_AT = 4
"""Failures that open a breaker where it may."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of a gateway: its body and how long the caller waited for it."""

    body: Json
    seconds: float


class Gateway:
    """One `retailgraph serve` and a client of it. Ended by `close`, or by the stack it was started in."""

    def __init__(self, process: subprocess.Popen[str], database: Path) -> None:
        self._database = database
        self._port: int | None = None
        self._said: list[str] = []
        self._listening = threading.Event()
        self._process = process
        # Read to the end: a full pipe would make the gateway wait for us.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._http: httpx.Client | None = None

    def ask(self, query: str, system: SystemRole, correlation_id: str) -> Reply:
        """Ask as the caller of `system`'s cells."""
        headers = {"Authorization": f"Bearer {token(system)}", "X-Correlation-Id": correlation_id}
        began = time.perf_counter()
        answer = self._client().post("/graphql", json={"query": query}, headers=headers)
        seconds = time.perf_counter() - began
        return Reply(answer.json(), seconds)

    def wait_for_books(self) -> None:
        """Until it has read ahead of time all that it keeps of the ERP, stock last."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._has_read_stock():
            if time.monotonic() > deadline:
                raise AssertionError("the gateway did not read the ERP's books:\n" + "".join(self._said[-50:]))
            threading.Event().wait(LOOK_AGAIN_S)

    def _has_read_stock(self) -> bool:
        with closing(sqlite3.connect(self._database)) as database:
            found = database.execute("SELECT as_of FROM projection_refresh WHERE kind = 'positions'").fetchone()
        return found is not None and found[0] is not None

    def close(self) -> None:
        if self._http is not None:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _client(self) -> httpx.Client:
        if self._http is None:
            if not self._listening.wait(START_TIMEOUT_S) or self._port is None:
                raise AssertionError("the gateway did not say that it listens:\n" + "".join(self._said[-50:]))
            self._http = httpx.Client(base_url=f"http://127.0.0.1:{self._port}", timeout=PATIENCE_S, trust_env=False)
        return self._http

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._said = [*self._said[-199:], line]
            found = re.search(r'"port":\s*(\d+)', line)
            if self._port is None and found and "listening" in line:
                self._port = int(found[1])
                self._listening.set()
        self._listening.set()


def start_gateway(
    stack: ExitStack,
    systems: Mapping[str, str],
    folder: Path,
    state: CacheState,
    *,
    store_url: str | None = None,
    breaker_opens: bool = False,
) -> Gateway:
    """Start a gateway whose answers are in `state`. It ends with `stack`, and need not listen yet: `ask` waits."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "retailgraph.toml"
    file = folder / "retailgraph.db"
    database = f'[database]\nurl = "sqlite:///{file}"\n[projection]\ncalls_per_s = 1000\n'
    # The cells in which the ERP fails delay its next reading, and are not to decide what the books may do for the OMS.
    database += "positions_max_age_s = 3600\n"
    config.write_text(database + _settings(systems, state, store_url, breaker_opens=breaker_opens))
    process = stack.enter_context(command("serve", "--config", str(config)))
    return stack.enter_context(Gateway(process, file))


def token(system: SystemRole) -> str:
    """Each system's cells have a caller of their own, so that private answers are kept apart."""
    return f"matrix-{system.value.lower()}"


def _settings(systems: Mapping[str, str], state: CacheState, store_url: str | None, *, breaker_opens: bool) -> str:
    wire = {
        "timeout_s": CALL_TIMEOUT_S,
        "slow_call_s": CALL_TIMEOUT_S / 2,
        "minimum_calls": OPENS_AT if breaker_opens else NEVER,
        "latency_minimum": NEVER,
        "cool_down_s": 60.0,
        "cool_down_max_s": 60.0,
        "pause_max_s": 0.2,
    }
    numbers = "".join(f"{key} = {number}\n" for key, number in wire.items())
    parts = [
        '[server]\nport = 0\ndrain_linger_s = 0\n[logs]\nlevel = "info"\n',
        f"[http]\nrequest_timeout_s = {REQUEST_TIMEOUT_S}\n",
        "" if store_url is None else f'[cache]\nurl = "{store_url}"\n',
        freshness_toml(state),
        *(
            f'[systems.{role.lower()}]\nurl = "{url}"\n[systems.{role.lower()}.wire]\n{numbers}'
            for role, url in systems.items()
        ),
        *(_token_table(system) for system in SystemRole),
    ]
    return "".join(parts)


def _token_table(system: SystemRole) -> str:
    digest = hashlib.sha256(token(system).encode()).hexdigest()
    # One of them is a customer as well, because `me` is somebody only for a customer.
    customer = 'customer = "cust-00001"\n' if system is SystemRole.CRM else ""
    return f'[[identity.tokens]]\nsha256 = "{digest}"\nsubject = "{token(system)}"\naudience = "associate"\n{customer}'
