"""The way from the door to an endpoint that everybody asks."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping

from starlette.types import ASGIApp, Receive, Scope, Send


class Direct:
    """Middleware that hands requests for a path of `endpoints` to its endpoint, and leaves the others to the router.

    The router tries its routes by regular expressions, and Starlette catches exceptions of its own before it: 8 us of
    a request, for a path that is compared here. The last one of the middleware: nothing stands between it and these.
    """

    def __init__(self, app: ASGIApp, endpoints: Mapping[str, ASGIApp]) -> None:
        self._app = app
        self._endpoints = dict(endpoints)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Find who answers."""
        endpoint = self._endpoints.get(scope["path"]) if scope["type"] == "http" else None
        return (endpoint or self._app)(scope, receive, send)
