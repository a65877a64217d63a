"""The floor as a process: a constant answer by the server, the protocol and the loop that `serve` has.

It is what any ASGI application costs there, with a task and two messages for each request. It has no `at_once`, by
which the gateway has what it keeps given without either: a kept answer can cost less than this one.

`python -m gateway.bench.constant` writes its port to standard output and ends with its standard input.
"""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

from gateway.bench.bare import constant
from gateway.bench.child import serve_child
from gateway.bench.house import HOST
from gateway.http import Drain


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """The same small answer to every request; nothing to open and nothing to close."""
    if scope["type"] == "lifespan":
        for step in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{step}.complete"})
        return
    await constant(scope, receive, send)


if __name__ == "__main__":
    serve_child(app, Drain(), HOST, 0)
