"""The product's application with the contract's schema and services in it, on the product's own server."""

from __future__ import annotations

import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from domains.upstream import DEFAULTS
from domains.vocabulary import SystemRole
from gateway.answers import Answers
from gateway.app import build_app
from gateway.http import Drain
from gateway.serving import bind, run
from gateway.settings import Settings, build
from gateway.telemetry import configure_logs
from tests.peers.schema import build_schema
from tests.peers.services import open_shop

HOST = "127.0.0.1"
# One caller stands for thousands: everything is counted, nothing is refused.
_LIMITS = {
    "requests_per_s": 1e6,
    "burst": 1_000_000,
    "concurrent_max": 100_000,
    "budget_per_min": dict.fromkeys(("erp", "oms", "loyalty", "crm"), 1_000_000_000),
}


def settings_for(
    upstream: str, port: int, folder: Path, *, cache: bool, audit: bool = True, documents: Path | None = None
) -> Settings:
    """A deployment in front of the services under `upstream`, with its database in `folder`.

    The documents in the folder `documents` are trusted: whole answers are kept of no others.

    Whoever sends no token is an associate, who may wait for the ERP. This contract's ERP stands where the product has a
    projection, and every page asks it: it is treated as an OMS is, not as an ERP that is spared.
    """
    systems: dict[str, Any] = {name: {"url": f"{upstream}/{name}"} for name in ("erp", "oms", "loyalty", "crm")}
    systems["erp"]["wire"] = asdict(DEFAULTS[SystemRole.OMS])
    return build(
        {
            "server": {"host": HOST, "port": port, "drain_linger_s": 0, "drain_timeout_s": 2},
            "database": {"url": f"sqlite:///{folder / 'retailgraph.db'}"},
            "systems": systems,
            "identity": {"anonymous": {"audience": "associate"}},
            "audiences": {"limits": {"associate": _LIMITS}},
            "audit": {"enabled": audit},
            "cache": {"enabled": cache},
            "documents": {} if documents is None else {"directory": documents},
            "logs": {"level": "warning"},
        }
    )


def serve(settings: Settings) -> None:
    """Serve until a signal comes. Says its port on standard output once it listens."""
    configure_logs(settings.logs.level, settings.logs.format)
    drain = Drain()
    answers = Answers(settings.answers)
    opened = partial(open_shop, witness=answers)
    app = build_app(settings, drain=drain, open_retail=opened, schema=build_schema(), answers=answers)
    with bind(settings.server.host, settings.server.port) as sock:
        said = partial(_say, f"{sock.getsockname()[1]}\n")
        run(app, sock, drain, said, linger_s=0, timeout_s=settings.server.drain_timeout_s)


def _say(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()
