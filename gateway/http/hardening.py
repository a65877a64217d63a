"""The headers that make a browser careful with us, on every answer."""

from __future__ import annotations

from collections.abc import Awaitable

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.http.marks import Missing, marks_of

API_POLICY = "default-src 'none'; frame-ancestors 'none'"
"""What is no page loads nothing and stands in no frame; pages bring a policy of their own."""

_ALWAYS = Missing(
    {
        b"x-content-type-options": b"nosniff",  # JSON with a script in it stays JSON
        b"referrer-policy": b"no-referrer",  # a GET has its document and variables in the address
        # Keeps answers out of other sites' tags and workers. Fetches that CORS let through are not asked this.
        b"cross-origin-resource-policy": b"same-origin",
        b"content-security-policy": API_POLICY.encode("ascii"),
    }
)


class Hardening:
    """Middleware that adds these headers to answers that do not bring their own.

    `hsts_max_age_s` goes out with what came by https, also when that ended at a trusted proxy; 0 sends it never. It is
    about this host alone: hosts below ours are not ours to speak for.
    """

    def __init__(self, app: ASGIApp, hsts_max_age_s: int) -> None:
        self._app = app
        self._hsts = b"max-age=%d" % hsts_max_age_s if hsts_max_age_s else None

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass everything on, and mark the beginning of the answer."""
        if scope["type"] != "http":
            return self._app(scope, receive, send)
        marks = marks_of(send)
        marks.missing = _ALWAYS
        if self._hsts is not None and scope["scheme"] == "https":
            marks.set[b"strict-transport-security"] = self._hsts
        return self._app(scope, receive, marks)
