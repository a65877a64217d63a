"""The floor as a process: a constant answer by the server and the loop that `serve` has, and by uvicorn's own protocol.

It is what any ASGI application costs on uvicorn, with a task and two messages for each request, whatever becomes of our
protocol: a floor that sinks with what stands on it says of nothing that it became faster. By ours the same answer costs
some 10 us less; what the gateway keeps needs no task at all, and costs less than this.

`python -m gateway.bench.constant` writes its port to standard output and ends with its standard input.
"""

from __future__ import annotations

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

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
    serve_child(app, Drain(), HOST, 0, protocol=HttpToolsProtocol)
