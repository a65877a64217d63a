"""The gateway under attack: a process of its own before the four systems, and a canary that nobody may ever call."""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from gateway.audiences import SHIPPED
from tests.attacks.wire import Got, ask, sent
from tests.gateway.identity.minting import issuer_settings, public, rsa_key
from tests.running import ROOT, port_logged, sandbox_running

ADA, BOB, CLERK, PHONE, KIOSK, CRAWLER = (
    f"{name}-7Yq2mZx9" for name in ("ada", "bob", "clerk", "phone", "kiosk", "crawl")
)
WHO = {
    ADA: 'customer = "cust-00001"',
    BOB: 'customer = "cust-00002"',
    CLERK: 'audience = "associate"\nstore = "store-007"',
    PHONE: 'audience = "mobile"\ncustomer = "cust-00003"',
    KIOSK: 'audience = "partner"',
    CRAWLER: 'audience = "partner/marketplace"\nchannel = "MARKETPLACE"',
}
"""PHONE may not read the schema, KIOSK runs trusted documents only."""

TOKENS = "".join(
    f'[[identity.tokens]]\nsha256 = "{hashlib.sha256(token.encode()).hexdigest()}"\nsubject = "{token[:4]}"\n{who}\n'
    for token, who in WHO.items()
)
WEBHOOK_SECRET = "whsec_" + b64encode(b"shared with the OMS, nobody else").decode()
_RUN = os.getpid()
TRAP = f"127.{64 + (_RUN >> 16) % 64}.{(_RUN >> 8) % 256}.{_RUN % 256}:16666"
"""Where the canary sits: an address of this machine that is this run's own, known while the tables are written."""

HOME = 'query Home { product(sku: "SKU-00001") { name } }'
BODY_TIMEOUT_S, INIT_TIMEOUT_S, SLOW_READER_S = 1.0, 1.0, 1.0
OPERATIONS_MAX = 50

RARELY = "requests_per_s = 1e6\nburst = 1000000\nconcurrent_max = 100000\n"
"""These attacks are single requests; how many of them may come is another test's business (tests/test_limits.py)."""


@dataclass
class Canary:
    """Listens, and counts who comes."""

    calls: list[str] = field(default_factory=list)

    @contextmanager
    def listening(self) -> Iterator[None]:
        host, port = TRAP.split(":")
        with closing(socket.create_server((host, int(port)))) as server:
            server.settimeout(0.1)
            over = threading.Event()

            def watch() -> None:
                while not over.is_set():
                    try:
                        connection, _ = server.accept()
                    except TimeoutError:
                        continue
                    with connection:
                        connection.settimeout(1.0)
                        self.calls.append(connection.recv(200).decode("latin-1"))

            thread = threading.Thread(target=watch, name="canary")
            thread.start()
            try:
                yield
            finally:
                over.set()
                thread.join(timeout=5)


@dataclass(frozen=True)
class Target:
    """A gateway to attack."""

    port: int
    pid: int
    log: Path
    canary: Canary
    systems: Mapping[str, str]
    _http: httpx.Client
    at_first: dict[str, int] = field(default_factory=dict)
    """Memory and open files before the first attack."""

    def send(self, raw: bytes) -> Got:
        return sent(self.port, raw)

    def calls(self) -> dict[str, int]:
        """How often each endpoint of the outside systems was asked so far, by "SYSTEM METHOD /path".

        The projection reads its pages whether we attack or not.
        """
        counted = {role: self._http.get(f"{url}/_sandbox/calls").json() for role, url in self.systems.items()}
        return {
            f"{role} {endpoint}": calls
            for role, endpoints in counted.items()
            for endpoint, calls in endpoints.items()
            if not endpoint.endswith("/pages")
        }

    def normal(self) -> Got:
        """An ordinary question by an ordinary caller."""
        return self.send(ask(HOME, token=ADA))

    def memory(self) -> Mapping[str, int]:
        """`VmRSS` now and `VmHWM` at most, in bytes."""
        text = Path(f"/proc/{self.pid}/status").read_text()
        return {name: int(kib) * 1024 for name, kib in re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB", text, re.MULTILINE)}

    def settled(self) -> None:
        """Ask what everybody asks until everything is loaded, and note how large that is."""
        for _ in range(100):
            assert self.normal().status == 200
        self.at_first.update({**self.memory(), "files": self.files()})

    def files(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))


def _audiences(folder: Path) -> Path:
    """Those of the product, but for two: mobile apps may not read the schema, and partners run trusted documents."""
    place = folder / "audiences"
    place.mkdir()
    for file in SHIPPED.glob("*.toml"):
        text = file.read_text(encoding="utf-8")
        (place / file.name).write_text(
            text.replace('name = "mobile"', 'name = "mobile"\nintrospection = false'), encoding="utf-8"
        )
    return place


def _settings(systems: Mapping[str, str], folder: Path) -> str:
    documents = folder / "documents"
    documents.mkdir()
    (documents / "home.graphql").write_text(HOME, encoding="utf-8")
    keys = folder / "jwks.json"
    keys.write_text(json.dumps(public(rsa_key())), encoding="utf-8")
    issuer = issuer_settings(algorithms=["RS256"], jwks_file=str(keys))
    del issuer["jwks_url"]
    limits = "".join(
        f'[audiences.limits."{name}"]\n{RARELY}' + ('documents = "trusted"\n' if name == "partner" else "")
        for name in ("storefront", "mobile", "associate", "partner", "partner/marketplace")
    )
    return "\n".join(
        [
            "[server]\nport = 0\ndrain_linger_s = 0",
            f'[audiences]\ndirectory = "{_audiences(folder)}"',
            limits,
            f"[http]\nbody_timeout_s = {BODY_TIMEOUT_S}",
            f"[streams]\ninit_timeout_s = {INIT_TIMEOUT_S}\nslow_reader_s = {SLOW_READER_S}",
            *(f'[systems.{role.lower()}]\nurl = "{url}"' for role, url in systems.items()),
            f'[database]\nurl = "sqlite:///{folder / "retailgraph.db"}"',
            "[projection]\ncalls_per_s = 1000\ndelta_every_s = 86400\n[reconcile]\nenabled = false",
            f'[documents]\ndirectory = "{documents}"',
            f'[events.sources.oms]\nsystem = "oms"\nsecrets = ["{WEBHOOK_SECRET}"]',
            TOKENS,
            "[[identity.issuers]]\n" + "\n".join(f"{name} = {json.dumps(value)}" for name, value in issuer.items()),
        ]
    )


@contextmanager
def besieged(folder: Path) -> Iterator[Target]:
    """The gateway, its systems and the canary, until the context ends."""
    with ExitStack() as stack:
        systems = stack.enter_context(sandbox_running()).urls
        canary = Canary()
        stack.enter_context(canary.listening())
        config, log = folder / "retailgraph.toml", folder / "gateway.log"
        config.write_text(_settings(systems, folder), encoding="utf-8")
        with log.open("wb") as told:  # a file, so that much to say never stops who says it
            process = subprocess.Popen(
                [sys.executable, "-m", "gateway", "serve", "--config", str(config)],
                cwd=ROOT,
                stdout=told,
                stderr=subprocess.STDOUT,
            )
        stack.callback(_ended, process)
        port = port_logged(process, log)
        counters = stack.enter_context(httpx.Client(trust_env=False, verify=False, timeout=20))
        yield Target(port, process.pid, log, canary, systems, counters)


def _ended(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=15)
        raise
