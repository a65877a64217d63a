"""The processes of one test: gateways on free ports, and knobs of the sandbox."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import aiohttp
import msgspec

from cache.redis import RedisStore
from cache.store import digest
from domains.inventory import StockKey
from domains.vocabulary import LocationId, Sku
from tests.outage.load import until
from tests.running import ROOT, Json, port_logged

END_TIMEOUT_S = 15.0
READ_TIMEOUT_S = 90.0  # 88 pages of a thousand positions take some 10 s on an idle core
_LOOK_AGAIN_S = 0.02


@contextmanager
def gateways(count: int, systems: Mapping[str, str], folder: Path, more: str = "") -> Iterator[list[str]]:
    """The addresses of `count` processes of `retailgraph serve` with the same settings. `more` is TOML.

    What they say goes to files: a pipe that nobody reads would stop a process that has much to complain about.
    """
    config = folder / "retailgraph.toml"
    sections = "".join(f'[systems.{role.lower()}]\nurl = "{url}"\n' for role, url in systems.items())
    own = (
        '[server]\nport = 0\ndrain_linger_s = 0\n[identity.anonymous]\naudience = "associate"\n'
        f'[database]\nurl = "sqlite:///{folder / "retailgraph.db"}"\n[projection]\ncalls_per_s = 1000\n'
    )
    config.write_text(own + sections + more)
    with ExitStack() as stack:
        started = [stack.enter_context(_serving(config, folder / f"gateway-{n}.log")) for n in range(count)]
        yield [f"http://127.0.0.1:{port_logged(process, log)}" for process, log in started]
        for process, _ in started:
            process.terminate()


@contextmanager
def _serving(config: Path, log: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "serve", "--config", str(config)],
            cwd=ROOT,
            env=dict(os.environ),
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process, log
        finally:
            process.terminate()
            try:
                process.wait(END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise


async def until_read(folder: Path) -> None:
    """Wait until the only gateway of `folder` has read its projection to the end, which takes it a whole core."""
    log = folder / "gateway-0.log"

    async def is_read() -> bool:
        lines = await asyncio.to_thread(log.read_text)
        return any("projection refreshed" in line and "positions" in line for line in lines.splitlines())

    await until(is_read, READ_TIMEOUT_S, "the projection is read", poll_s=_LOOK_AGAIN_S)


class Knobs:
    """The controls of the sandbox, asked over HTTP."""

    def __init__(self, http: aiohttp.ClientSession, systems: Mapping[str, str]) -> None:
        self._http = http
        self._systems = systems

    async def set(self, role: str, **faults: object) -> None:
        """These faults and no others; none at all makes the system well."""
        async with self._http.post(f"{self._systems[role]}/_sandbox/faults", json=faults) as answer:
            assert answer.status == 200, await answer.text()

    async def calls(self, role: str) -> dict[str, int]:
        async with self._http.get(f"{self._systems[role]}/_sandbox/calls") as answer:
            counted: dict[str, int] = await answer.json()
            return counted

    async def reset(self, role: str) -> None:
        async with self._http.delete(f"{self._systems[role]}/_sandbox/calls") as answer:
            assert answer.status == 204

    async def send(self, role: str, path: str, body: Json, key: str = "") -> Json:
        """Ask the system itself, past the gateway."""
        headers = {"Idempotency-Key": key} if key else {}
        async with self._http.post(self._systems[role] + path, json=body, headers=headers) as answer:
            assert answer.status in {200, 201}, await answer.text()
            found: Json = await answer.json()
            return found


class Announcer:
    """A process that is no gateway and knows that something changed."""

    def __init__(self, url: str) -> None:
        self._store = RedisStore(url, clock=time.monotonic)

    async def stock_changed(self, sku: str, location: str) -> None:
        key = StockKey(Sku(sku), LocationId(location))
        await self._store.forget("inventory.stock", [digest(msgspec.msgpack.encode(key))], None)

    async def aclose(self) -> None:
        await self._store.aclose()
