"""One app on one socket, from the first request to the last."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gateway.http import Drain
from gateway.serving import AppFailed, bind, run
from gateway.trouble import PortTaken


async def greet(_: Request) -> Response:
    return PlainTextResponse("hello")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_everything_it_opened(number: signal.Signals) -> None:
    """Requests are answered from the moment it says so; a signal closes the app and returns, handlers as before."""
    seen: list[str] = []
    before = signal.getsignal(number)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        seen.append("opened")
        yield
        seen.append("closed")

    def ask(url: str) -> None:
        answer = httpx.get(url, trust_env=False)
        seen.append(answer.text)
        seen.append(answer.headers.get("server", "no server header"))
        os.kill(os.getpid(), number)

    app = Starlette(routes=[Route("/", greet)], lifespan=lifespan)
    with bind("127.0.0.1", 0) as sock:
        url = f"http://127.0.0.1:{sock.getsockname()[1]}/"
        client = threading.Thread(target=ask, args=(url,))
        run(app, sock, Drain(), client.start, linger_s=0, timeout_s=5)
        client.join(timeout=5)
    assert seen == ["opened", "hello", "no server header", "closed"]
    assert signal.getsignal(number) is before


def test_ctrl_c_does_not_linger() -> None:
    """SIGTERM waits for the balancer to notice; an interrupt from a terminal does not."""
    app = Starlette(routes=[Route("/", greet)])
    interrupt: Callable[[], None] = threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGINT)).start
    with bind("127.0.0.1", 0) as sock:
        run(app, sock, Drain(), interrupt, linger_s=3600, timeout_s=5)
    # The test's own time limit is what a lingering server would run into.


def test_an_app_that_does_not_come_up_is_an_error() -> None:
    """An app whose opening fails is told, never served."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        raise RuntimeError("no house")
        yield

    with bind("127.0.0.1", 0) as sock, pytest.raises(AppFailed):
        run(Starlette(lifespan=lifespan), sock, Drain(), pytest.fail, linger_s=0, timeout_s=1)


def test_a_port_in_use_is_refused_by_name() -> None:
    """A taken port and a host that is not ours are told with the port, the host and the reason."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"Port {port} on 127\.0\.0\.1 cannot be opened: it is in use\."):
            bind("127.0.0.1", port)
    with pytest.raises(PortTaken, match=r"on 192\.0\.2\.1 cannot be opened: cannot assign requested address"):
        bind("192.0.2.1", 0)
