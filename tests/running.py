"""The product as people run it: processes on loopback, asked over HTTP."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

from domains.sandbox import ROLES, Sandbox
from gateway.audiences import SHIPPED

ROOT = Path(__file__).parents[1]
START_TIMEOUT_S = 30.0
UNTIL_S, LOOK_EVERY_S = 60.0, 0.1
Json = dict[str, Any]
T = TypeVar("T")
UNBOUNDED = "".join(
    f"[audiences.limits.{name}]\nrequests_per_s = 1e6\nburst = 1000000\nconcurrent_max = 100000\n"
    "budget_per_min = { erp = 1000000, oms = 1000000, loyalty = 1000000, crm = 1000000 }\n"
    for name in ("storefront", "associate")
)
"""For loads, where one caller stands for thousands."""

ASSOCIATE = '[identity.anonymous]\naudience = "associate"\n'


class Asked:
    """A gateway to ask, and the counters of the systems behind it."""

    def __init__(self, url: str, systems: Mapping[str, str]) -> None:
        self.http = httpx.Client(base_url=url, timeout=20, trust_env=False)
        self.systems = systems

    def ask(self, query: str, variables: Json | None = None, token: str | None = None) -> Json:
        """The whole GraphQL answer, whatever its status."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        answer = self.http.post("/graphql", json={"query": query, "variables": variables or {}}, headers=headers)
        body: Json = answer.json()
        return body

    def data(self, query: str, variables: Json | None = None, token: str | None = None) -> Json:
        """The data of an answer that has no errors."""
        body = self.ask(query, variables, token)
        assert "errors" not in body, body["errors"]
        data: Json = body["data"]
        return data

    def calls(self) -> dict[str, dict[str, int]]:
        """How often each endpoint was asked since the last `reset`, by system; silent systems are left out."""
        counted: dict[str, dict[str, int]] = {}
        for role, url in self.systems.items():
            counted_there = httpx.get(f"{url}/_sandbox/calls", trust_env=False).json()
            # The projection reads pages in the background; nobody who asks waits for them.
            answer = {endpoint: calls for endpoint, calls in counted_there.items() if not endpoint.endswith("/pages")}
            if answer:
                counted[role] = answer
        return counted

    def reset(self) -> None:
        for url in self.systems.values():
            httpx.delete(f"{url}/_sandbox/calls", trust_env=False)

    def close(self) -> None:
        self.http.close()


@contextmanager
def sandbox_running(latency_scale: float = 0.0) -> Iterator[Sandbox]:
    """The four systems on free ports, without their usual slowness unless asked for."""
    with Sandbox.start(0, seed=1, latency_scale=latency_scale) as sandbox:
        yield sandbox


@contextmanager
def command(*arguments: str, env: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """A running `retailgraph` command, ended by SIGTERM, and killed only if that does not end it in 15 s."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", *arguments],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.communicate(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise


@contextmanager
def gateway_running(
    systems: Mapping[str, str], folder: Path, extra: str = "", anonymous: str = ASSOCIATE, server: str = ""
) -> Iterator[Asked]:
    """`retailgraph serve` in front of `systems`. `extra` is more TOML, `anonymous` who speaks without a token, `server`
    more lines of that section."""
    config = folder / "retailgraph.toml"
    sections = "".join(f'[systems.{role.lower()}]\nurl = "{url}"\n' for role, url in systems.items())
    extra += "" if "[database]" in extra else f'[database]\nurl = "sqlite:///{folder / "retailgraph.db"}"\n'
    extra += "" if "[projection]" in extra else "[projection]\ncalls_per_s = 1000\n"
    config.write_text(
        f'[server]\nport = 0\ndrain_linger_s = 0\n{server}[logs]\nlevel = "info"\n{anonymous}{sections}{extra}'
    )
    with command("serve", "--config", str(config)) as process:
        asked = Asked(f"http://127.0.0.1:{port_said(process)[0]}", systems)
        try:
            yield asked
        finally:
            asked.close()


def with_origins(folder: Path, **origins: str) -> str:
    """TOML that names audiences like the product's own, with `origins` by audience; written into `folder`."""
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for audience, origin in origins.items():
        file = folder / f"{audience}.toml"
        file.write_text(f'{file.read_text()}\n[cors]\norigins = ["{origin}"]\n')
    return f'[audiences]\ndirectory = "{folder}"\n'


def port_logged(process: subprocess.Popen[bytes], log: Path) -> int:
    """Where a gateway listens that says so in a file, as one does whose words nobody reads meanwhile."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        said = log.read_text(errors="replace")
        if found := re.search(r'"port":\s*(\d+).*listening|listening.*"port":\s*(\d+)', said):
            return int(found[1] or found[2])
        time.sleep(LOOK_EVERY_S)
    raise AssertionError("the gateway did not say that it listens:\n" + log.read_text(errors="replace"))


def port_said(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Where a gateway listens, and the line that says so."""
    assert process.stdout is not None
    deadline = time.monotonic() + START_TIMEOUT_S
    said = []
    while time.monotonic() < deadline:
        line = process.stdout.readline()
        said.append(line)
        found = re.search(r'"port":\s*(\d+)', line)
        if found and "listening" in line:
            return int(found[1]), line
        if not line and process.poll() is not None:
            break
    raise AssertionError("the gateway did not say that it listens:\n" + "".join(said))


def until(look: Callable[[], T | None], what: str, limit_s: float = UNTIL_S) -> T:
    """What `look` finds, once it finds something. Fails after `limit_s` seconds, saying `what` did not come."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        found = look()
        if found is not None:
            return found
        time.sleep(LOOK_EVERY_S)
    raise AssertionError(f"{what} did not come within {limit_s:.0f} s")


def free_ports(count: int) -> int:
    """The first of `count` ports in a row that are free now."""
    for first in range(21_000, 60_000, count):
        held = []
        try:
            for port in range(first, first + count):
                sock = socket.socket()
                held.append(sock)
                sock.bind(("127.0.0.1", port))
        except OSError:
            continue
        else:
            return first
        finally:
            for sock in held:
                sock.close()
    raise AssertionError("no ports are free")


__all__ = [
    "ROLES",
    "Asked",
    "Json",
    "command",
    "free_ports",
    "gateway_running",
    "sandbox_running",
    "until",
    "with_origins",
]
