"""`retailgraph demo`: four outside systems with one made-up world, the gateway before them, and what to try first."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import shlex
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import httpx
from rich.console import Console
from rich.table import Table

from domains.sandbox import ROLES, Sandbox, SandboxFailed
from gateway.app import build_app
from gateway.events import PREFIX
from gateway.explorer import Sample, first_query
from gateway.http import Drain
from gateway.identity.demo_issuer import demo_issuer
from gateway.serving import bind, run
from gateway.settings import CONFIG_VARIABLE, load
from gateway.telemetry import configure_logs
from gateway.trouble import CannotStart

HOST = "127.0.0.1"  # everybody may know the demo's tokens, so nobody else may reach it
DEFAULT_PORT = 8000
PORTS = 1 + len(ROLES)
WEBHOOK_TIMEOUT_S = 5.0
DRAIN_TIMEOUT_S = 2.0  # a demo is stopped by somebody who waits for the prompt

CALLERS: dict[str, dict[str, Any]] = {
    "demo-customer": {"subject": "demo-customer", "audience": "storefront", "customer": "cust-00001"},
    "demo-associate": {"subject": "demo-associate", "audience": "associate", "store": "store-017"},
    "demo-operations": {"subject": "demo-operations", "audience": "operations"},
}
SAMPLES = (
    Sample("Customer cust-00001", "Bearer demo-customer"),
    Sample("Associate at store-017", "Bearer demo-associate"),
    Sample("Operations", "Bearer demo-operations"),
)


class DemoFailed(CannotStart):
    """One of the outside systems did not start."""


def start(port: int, seed: int, latency_scale: float) -> None:
    """Run the demo on `port` and the four after it until SIGINT or SIGTERM, and end everything it started.

    Raises CannotStart.
    """
    if not 1 <= port <= 65535 - len(ROLES):
        raise CannotStart(
            f"--port is from 1 to {65535 - len(ROLES)}, since the {len(ROLES)} ports after it are used too."
        )
    console = Console(highlight=False)
    signal.signal(signal.SIGTERM, _end)
    with bind(HOST, port) as sock:
        for place in range(len(ROLES)):
            bind(HOST, port + 1 + place).close()
        try:
            with console.status(f"Starting {', '.join(ROLES)} with the world of seed {seed} ..."):
                sandbox = Sandbox.start(port + 1, seed=seed, latency_scale=latency_scale)
        except SandboxFailed as exc:
            raise DemoFailed(f"The demo could not start: {exc}.") from exc
        with sandbox, tempfile.TemporaryDirectory(prefix="retailgraph-") as memory, demo_issuer(port) as issuer:
            secret = PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()
            file = _written(port, sandbox.urls, Path(memory), secret)
            settings = load(file)
            configure_logs(settings.logs.level, settings.logs.format)
            drain = Drain()
            app = build_app(settings, drain=drain, samples=SAMPLES, trusted=[issuer])

            def listening() -> None:
                _introduce(port, sandbox.urls, secret)
                welcome(console, port, sandbox.urls, file)

            run(app, sock, drain, listening, linger_s=0, timeout_s=DRAIN_TIMEOUT_S)
    console.print("Stopped. All five processes have ended.")


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    """A signal before the gateway listens unwinds the stack, so that nothing that was started stays behind."""
    sys.exit(0)


def _introduce(port: int, urls: dict[str, str], secret: str) -> None:
    """Have the outside systems tell the gateway what happens. Raises DemoFailed."""
    for role, url in urls.items():
        told = {"url": f"http://{HOST}:{port}/events/{role.lower()}", "secret": secret}
        try:
            httpx.post(f"{url}/_sandbox/webhook", json=told, timeout=WEBHOOK_TIMEOUT_S).raise_for_status()
        except httpx.HTTPError as exc:
            raise DemoFailed(f"{role} would not be told where its events go: {exc}.") from exc


def _written(port: int, urls: dict[str, str], memory: Path, secret: str) -> Path:
    """The settings of this demo, in a file as any deployment has them: other commands find its flows by it."""
    sections: dict[str, dict[str, Any]] = {
        "[server]": {"host": HOST, "port": port},
        "[database]": {"url": f"sqlite:///{memory / 'retailgraph.db'}"},
        "[projection]": {"calls_per_s": 20},  # half of what the sandbox's ERP grants
        "[logs]": {"level": "warning", "format": "console"},
        **{f"[systems.{role.lower()}]": {"url": url} for role, url in urls.items()},
        **{f"[events.sources.{role.lower()}]": {"system": role, "secrets": [secret]} for role in urls},
        "[identity.anonymous]": {"audience": "associate", "store": "store-017"},  # so that a pasted query is answered
    }
    tokens = [
        ("[[identity.tokens]]", {"sha256": hashlib.sha256(token.encode()).hexdigest(), **caller})
        for token, caller in CALLERS.items()
    ]
    file = memory / "retailgraph.toml"
    # A string, a number and a list of strings are written alike in TOML and in JSON.
    file.write_text(
        "\n".join(
            "\n".join([header, *(f"{key} = {json.dumps(value)}" for key, value in values.items()), ""])
            for header, values in (*sections.items(), *tokens)
        )
    )
    return file


def welcome(console: Console, port: int, urls: dict[str, str], file: Path) -> None:
    """Say what to open, whom to be, and what to ask."""
    here = f"http://{HOST}:{port}"
    places = Table.grid(padding=(0, 2))
    places.add_row("[bold]Explorer[/bold]", f"[bold cyan]{here}/[/bold cyan]")
    places.add_row("GraphQL", f"{here}/graphql")
    places.add_row("Schema", f"{here}/schema.graphql")
    for role, url in urls.items():
        places.add_row(role, url)
    callers = Table.grid(padding=(0, 2))
    for sample in SAMPLES:
        callers.add_row(sample.name, f"Authorization: {sample.authorization}")
    console.print("\n[bold green]retailgraph is running.[/bold green] Open the explorer, or ask from the shell.\n")
    console.print(places)
    console.print("\n[bold]Who you can be[/bold] (without a header you are the associate)\n")
    console.print(callers)
    console.print("\nAnybody else, as a token for this demo alone:", markup=False)
    console.print(f"  {_command()} token --audience associate --store store-017{_named(port)}", markup=False)
    console.print("\n[bold]What becomes of orders and returns[/bold], in another shell\n")
    console.print(f"  export {CONFIG_VARIABLE}={shlex.quote(str(file))}", markup=False, soft_wrap=True)
    console.print(f"  {_command()} flows list", markup=False)
    console.print("\n[bold]A first query[/bold]\n")
    console.print(first_query(), markup=False, soft_wrap=True)
    console.print("[bold]The same as curl[/bold]\n")
    console.print(curl(f"{here}/graphql"), markup=False, soft_wrap=True)
    console.print("\nStop with Ctrl-C.")


def _command() -> str:
    """This program as the shell knows it: the one of a checkout does not stand on the PATH."""
    called = sys.argv[0]
    return shlex.quote(called) if Path(called).name == "retailgraph" else "retailgraph"


def _named(port: int) -> str:
    return "" if port == DEFAULT_PORT else f" --port {port}"


def curl(endpoint: str) -> str:
    """The first query as a command for the shell, on one line each for the headers and the body."""
    query = re.sub(r"\s+", " ", re.sub(r"#[^\n]*", "", first_query()))
    query = re.sub(r" ?([{}()\[\]:,]) ?", r"\1", query).strip()
    body = shlex.quote(json.dumps({"query": query}))
    headers = [
        f"-H {shlex.quote(line)}" for line in ("Content-Type: application/json", "Authorization: Bearer demo-customer")
    ]
    return " \\\n  ".join([f"curl -s {endpoint}", *headers, f"--data-raw {body}"])
