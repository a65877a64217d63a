"""The servers of a bench, each a process of its own that ends with the context that started it."""

from __future__ import annotations

import http.client
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from gateway.bench.house import HOST
from gateway.trouble import CannotStart

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0
_LOG_LINES_SHOWN = 15
_LOOK_AGAIN_S, _LOOK_TIMEOUT_S = 0.05, 1.0
_ENVIRONMENT = "RETAILGRAPH_"


@contextmanager
def gateway(settings: Mapping[str, Any], folder: Path) -> Iterator[tuple[str, int]]:
    """Address and process id of a gateway with these settings, running until the context ends. Raises CannotStart.

    It is `retailgraph serve` that also tells whom it has called.
    """
    config = folder / "settings.json"
    config.write_text(json.dumps(settings), encoding="utf-8")
    with _child("gateway.bench.counted", [str(config)], folder / "gateway.log") as running:
        yield running


@contextmanager
def constant_server(folder: Path) -> Iterator[tuple[str, int]]:
    """Address and process id of a server that answers the same to everything. Raises CannotStart."""
    with _child("gateway.bench.constant", [], folder / "constant.log") as running:
        yield running


@contextmanager
def serving(settings: Mapping[str, Any], log: Path) -> Iterator[tuple[str, int]]:
    """Address and process id of `retailgraph serve` as anybody would start it. What it says goes to the file `log`.

    Raises CannotStart.
    """
    port = _free_port()
    told = {f"{_ENVIRONMENT}{section.upper()}": json.dumps(value) for section, value in settings.items()}
    own = {name: value for name, value in os.environ.items() if not name.startswith(_ENVIRONMENT)}
    with log.open("wb") as said:
        process = subprocess.Popen(  # noqa: S603 - our own module, no shell, arguments made here
            [sys.executable, "-m", "gateway", "serve", "--port", str(port)],
            env=own | told,
            stdout=said,
            stderr=subprocess.STDOUT,
            process_group=0,  # a Ctrl-C in the terminal reaches the bench alone, which then ends it
        )
        try:
            _await_alive(process, port, log)
            yield f"http://{HOST}:{port}", process.pid
        finally:
            process.terminate()
            _await_end(process)


@contextmanager
def ended_by_signal() -> Iterator[None]:
    """SIGTERM unwinds the stack meanwhile, so that nothing that was started stays behind."""
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(143)


@contextmanager
def _child(module: str, arguments: Sequence[str], log: Path) -> Iterator[tuple[str, int]]:
    # Its log is a file: a pipe that nobody reads would stop a process that has much to complain about.
    with log.open("wb") as said:
        process = subprocess.Popen(  # noqa: S603 - our own module, no shell, arguments made here
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            process_group=0,  # a Ctrl-C in the terminal reaches the bench alone, which then ends it
        )
        try:
            yield f"http://{HOST}:{_port_said(process, log)}", process.pid
        finally:
            _stop(process)


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as free:
        return int(free.getsockname()[1])


def _await_alive(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < until and process.poll() is None:
        if _is_ready(port):
            return
        time.sleep(_LOOK_AGAIN_S)
    raise _not_up(log)


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=_LOOK_TIMEOUT_S)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _not_up(log: Path) -> CannotStart:
    said = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES_SHOWN:])
    return CannotStart(f"the server to be measured did not come up; it said:\n{said}")


def _port_said(process: subprocess.Popen[bytes], log: Path) -> int:
    stdout = process.stdout
    readable = stdout is not None and select.select([stdout], [], [], START_TIMEOUT_S)[0]
    line = stdout.readline() if stdout is not None and readable else b""
    if not line.strip().isdigit():
        raise _not_up(log)
    return int(line)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()  # it ends when its standard input does
    _await_end(process)
    if process.stdout is not None:
        process.stdout.close()


def _await_end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_TIMEOUT_S)
