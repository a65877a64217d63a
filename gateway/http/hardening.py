"""The headers that make a browser careful with us, on every answer."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

API_POLICY = "default-src 'none'; frame-ancestors 'none'"
"""What is no page loads nothing and stands in no frame; pages bring a policy of their own."""

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",  # JSON with a script in it stays JSON
    "Referrer-Policy": "no-referrer",  # a GET has its document and variables in the address
    # Keeps answers out of other sites' tags and workers. Fetches that CORS let through are not asked this.
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": API_POLICY,
}


class Hardening:
    """Middleware that adds these headers to answers that do not bring their own.

    `hsts_max_age_s` goes out with what came by https, also when that ended at a trusted proxy; 0 sends it never. It is
    about this host alone: hosts below ours are not ours to speak for.
    """

    def __init__(self, app: ASGIApp, hsts_max_age_s: int) -> None:
        self._app = app
        self._hsts = f"max-age={hsts_max_age_s}" if hsts_max_age_s else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, and mark the beginning of the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                message.setdefault("headers", [])
                headers = MutableHeaders(scope=message)
                for name, value in _ALWAYS.items():
                    headers.setdefault(name, value)
                if self._hsts is not None and scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = self._hsts
            await send(message)

        await self._app(scope, receive, hardened)
