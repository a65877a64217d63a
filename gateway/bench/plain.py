"""The engine behind the least of an endpoint: what a request costs of which nobody is asked and nothing is told."""

from __future__ import annotations

import orjson
from starlette.types import Receive, Scope, Send

from gateway.bench.inside import CALLERS, Inside, become
from gateway.engine import Engine
from gateway.http.encoding import encoded
from gateway.permits import held_by


class Plain:
    """An ASGI application that answers every POST as a caller of one audience: no identity, no limits, no telemetry, no
    freshness, and no protection of any kind."""

    def __init__(self, engine: Engine, inside: Inside, audience: str) -> None:
        self._engine = engine
        self._inside = inside
        self._audience = audience
        self._held = held_by(CALLERS[audience])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - as ASGI has it
        """Answer a request whose body is there at once."""
        asked = orjson.loads((await receive())["body"])
        become(self._audience)
        context = self._inside.context(self._audience)
        try:
            answer = await self._engine.run(asked["query"], asked["variables"], None, context, held=self._held)
        finally:
            context.loaders.close()
        _, body = encoded(answer, {})
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
