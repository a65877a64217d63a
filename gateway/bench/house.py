"""What a bench runs against: the sandbox, and the gateway that is measured, as processes of their own."""

from __future__ import annotations

import hashlib
import json
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gateway.trouble import CannotStart

HOST = "127.0.0.1"
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0
NEVER_S = 86_400.0  # longer than any bench: what the ERP counts is then of the bench alone
_LOG_LINES_SHOWN = 15

SHOPPERS = tuple(f"cust-{number:05}" for number in range(1, 41))


# Each shopper of the bench stands for a hundred.
_SHOPPERS_LIMITS = {
    "requests_per_s": 2000,
    "burst": 6000,
    "concurrent_max": 1600,
    "budget_per_min": {"oms": 60_000, "loyalty": 30_000, "crm": 30_000},
}


def token_of(customer: str) -> str:
    """The bearer token of a customer of the sandbox, good for nothing but a bench."""
    return f"bench-{customer}"


def settings_for(systems: Mapping[str, str], folder: Path) -> dict[str, Any]:
    """The settings of the gateway: as they come, but for the shoppers' tokens, and an ERP that is read once, before.

    Whoever sends no token is an associate, who may wait for the ERP.
    """
    return {
        "server": {"host": HOST, "port": 0, "drain_linger_s": 0},
        "database": {"url": f"sqlite:///{folder / 'retailgraph.db'}"},
        # 30 is what the sandbox's ERP grants with something to spare.
        "projection": {"calls_per_s": 30, "delta_every_s": NEVER_S, "full_every_s": NEVER_S},
        "systems": {role.lower(): {"url": url} for role, url in systems.items()},
        "identity": {
            "anonymous": {"audience": "associate"},
            "tokens": [
                {
                    "sha256": hashlib.sha256(token_of(customer).encode()).hexdigest(),
                    "subject": f"shopper-{customer}",
                    "audience": "storefront",
                    "customer": customer,
                }
                for customer in SHOPPERS
            ],
        },
        "audiences": {"limits": {"storefront": _SHOPPERS_LIMITS}},
        "logs": {"level": "warning"},
    }


@contextmanager
def gateway(settings: Mapping[str, Any], folder: Path) -> Iterator[tuple[str, int]]:
    """Address and process id of a gateway with these settings, running until the context ends. Raises CannotStart."""
    config, log = folder / "settings.json", folder / "gateway.log"
    config.write_text(json.dumps(settings), encoding="utf-8")
    # Its log is a file: a pipe that nobody reads would stop a process that has much to complain about.
    with log.open("wb") as said:
        process = subprocess.Popen(  # noqa: S603 - our own module, no shell, arguments made here
            [sys.executable, "-m", "gateway.bench.counted", str(config)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            process_group=0,  # a Ctrl-C in the terminal reaches the bench alone, which then ends it
        )
        try:
            yield f"http://{HOST}:{_port_said(process, log)}", process.pid
        finally:
            _stop(process)


def _port_said(process: subprocess.Popen[bytes], log: Path) -> int:
    stdout = process.stdout
    readable = stdout is not None and select.select([stdout], [], [], START_TIMEOUT_S)[0]
    line = stdout.readline() if stdout is not None and readable else b""
    if not line.strip().isdigit():
        said = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES_SHOWN:])
        raise CannotStart(f"the gateway to be measured did not come up; it said:\n{said}")
    return int(line)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()  # it ends when its standard input does
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_TIMEOUT_S)
    if process.stdout is not None:
        process.stdout.close()
