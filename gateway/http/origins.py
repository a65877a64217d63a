"""Whose pages may ask: cross-origin requests of browsers, by the audience of whoever asks (Fetch standard, CORS)."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection
from urllib.parse import urlsplit

import orjson
import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.http.correlation import CORRELATION_HEADER
from gateway.http.errors import HttpFault, Reply
from gateway.http.head import head_of
from gateway.http.idempotency import IDEMPOTENCY_HEADER, REPLAYED_HEADER
from gateway.http.marks import marks_of

OriginsOf = Callable[[str], Collection[str]]
"""The origins of an audience, by its name."""

PREFLIGHT_S = 7200  # the most that Chromium keeps; Firefox would keep a day

_METHODS = "GET, POST"
_ASKED_WITH = (
    "Accept",
    "Authorization",
    "Content-Type",
    IDEMPOTENCY_HEADER,
    "Last-Event-ID",
    "Traceparent",
    CORRELATION_HEADER,
    "X-Request-Deadline-Ms",
    # We read none of these. Apollo's clients send them, and would be stopped by their own browser.
    "Apollo-Require-Preflight",
    "Apollographql-Client-Name",
    "Apollographql-Client-Version",
    "X-Apollo-Operation-Name",
)
_SHOWN = ("Age", REPLAYED_HEADER, "Retry-After", "WWW-Authenticate", CORRELATION_HEADER)
_SHOWN_LINES = {b"access-control-expose-headers": ", ".join(_SHOWN).encode("ascii")}

# Scheme, host and a port that is not the scheme's own, as browsers write it (RFC 6454, 6.2).
_ORIGIN = re.compile(r"(https?)://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?", re.ASCII)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_REFUSED = "state.retailgraph.origin_refused"

_log = structlog.get_logger(__name__)


def check_origin(text: str) -> str:
    """`text`, if it is one exact origin such as "https://shop.example". Raises ValueError.

    "*" is none: a gateway may stand where only its visitors' browsers can reach it, and any page they open would then
    ask as they do. Neither is "null", which is what every sandboxed frame is.
    """
    found = _ORIGIN.fullmatch(text)
    port = urlsplit(text).port if found is not None else None
    if found is None or (port is not None and port == _DEFAULT_PORTS[found[1]]):
        raise ValueError(
            "an origin as browsers send it, such as https://shop.example or http://localhost:3000: in small letters, "
            "without a path or the port that goes without saying, and never *"
        )
    return text


class Origins:
    """Which pages may ask as which audience. `everywhere` are the origins of all audiences together."""

    def __init__(self, origins_of: OriginsOf, everywhere: Collection[str]) -> None:
        self._of = origins_of
        self._everywhere = frozenset(everywhere)

    def may_ask(self, scope: Scope) -> bool:
        """Whether a request comes from no page, from one of our own, or from one that some audience has."""
        origin = foreign_origin(scope)
        return origin is None or origin in self._everywhere

    def check(self, scope: Scope, audience: str) -> None:
        """Raises HttpFault (403) for a page that callers of this audience do not have."""
        origin = foreign_origin(scope)
        if origin is not None and origin not in self._of(audience):
            scope[_REFUSED] = True
            raise not_allowed(origin)


def foreign_origin(scope: Scope) -> str | None:
    """The origin of the page that asks, unless it is one of this very host, or what asks is no page.

    Our own host is what Host says. The scheme is not compared: where TLS ends at a proxy that nobody told us of, pages
    are https and what reaches us is not. Two Origin headers are a foreign one.
    """
    head = head_of(scope)
    if b"origin" not in head:
        return None
    origins = head.all(b"origin")
    if len(origins) > 1:
        return ", ".join(origins)
    try:
        page = urlsplit(origins[0])
        default = _DEFAULT_PORTS.get(page.scheme)
        ours = urlsplit(f"//{head.first(b'host') or ''}")
        same = page.hostname is not None and (page.hostname, page.port or default) == (
            ours.hostname,
            ours.port or default,
        )
    except ValueError:  # a port that is none, a bracket too few
        same = False
    return None if same else origins[0]


def not_allowed(origin: str) -> HttpFault:
    _log.warning("a page of another origin was refused", origin=origin[:256])
    said = "Pages of this origin may not ask here. An operator can add it to the origins of an audience."
    return HttpFault(403, "ORIGIN_NOT_ALLOWED", said, close=True)


class CrossOrigin:
    """Middleware for the addresses of `paths`: answers preflights, and lets pages read what they may ask.

    A page is refused before anything runs, though its browser would keep the answer from it anyway: a mutation would
    have run by then. Credentials are never allowed, for callers name themselves by a header. While nobody knows yet who
    asks (a preflight, a token that has expired, a body that is no JSON) it is enough that some audience has the origin;
    `Origins.check` then judges by the caller's own. Every answer varies by Origin, also one to no page: a cache must
    not hand that one to a browser.
    """

    def __init__(self, app: ASGIApp, origins: Origins, paths: Collection[str]) -> None:
        self._app = app
        self._origins = origins
        self._paths = frozenset(paths)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer a preflight, refuse a stranger, and mark what is answered to the others."""
        if scope["type"] != "http" or scope["path"] not in self._paths:
            return self._app(scope, receive, send)
        origin = foreign_origin(scope)
        if origin is not None and not self._origins.may_ask(scope):
            return _refusal(not_allowed(origin)).send(send)
        if origin is not None and scope["method"] == "OPTIONS" and _asks_first(scope):
            return _preflight(origin).send(send)
        marks = marks_of(send)
        marks.vary = b"Origin"
        if origin is not None:
            readable = {b"access-control-allow-origin": origin.encode("latin-1"), **_SHOWN_LINES}
            marks.late = lambda: {} if scope.get(_REFUSED) else readable
        return self._app(scope, receive, marks)


def _asks_first(scope: Scope) -> bool:
    return b"access-control-request-method" in head_of(scope)


def _preflight(origin: str) -> Reply:
    return Reply(
        204,
        b"",
        {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": ", ".join(_ASKED_WITH),
            "Access-Control-Max-Age": str(PREFLIGHT_S),
            "Vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
        },
    )


def _refusal(trouble: HttpFault) -> Reply:
    headers = {"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store", "Vary": "Origin"}
    return Reply(trouble.status, orjson.dumps({"errors": [trouble.fault]}), headers | trouble.headers)
