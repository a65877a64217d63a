"""Ties everything done for a request together: the correlation id and the trace it belongs to."""

from __future__ import annotations

import os
import re

from starlette.types import ASGIApp, Receive, Scope, Send

from domains.upstream import correlation_id, traceparent
from gateway.http.head import head_of
from gateway.http.marks import marks_of

CORRELATION_HEADER = "X-Correlation-Id"
CORRELATION_LINE = CORRELATION_HEADER.lower().encode()
"""The same as ASGI has it."""

# Visible ASCII: it goes into headers of other systems and into log lines, where a space or a control character would
# let a caller forge another field. 128 hold any id in use: UUIDs, ULIDs, trace ids, and prefixed ones.
_ID = re.compile(r"[\x21-\x7e]{1,128}")

# W3C Trace Context, level 1, 3.2.2: version ff is forbidden, ids of zeros are invalid; a version later than 00 may
# go on after another dash.
_TRACE = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[\x21-\x7e]{0,256})?"
)
_TRACE_V0_LENGTH = 55

_DRAWN_AT_ONCE = 64
_fresh: list[str] = []
"""Ids nobody has yet. To ask the kernel for each takes 2 us of a request."""
os.register_at_fork(after_in_child=_fresh.clear)  # or parent and child would give the same ones


class Correlation:
    """Middleware that takes the caller's `X-Correlation-Id`, or makes one, and sends it back with the answer.

    Both it and a valid `traceparent` are set for the whole request: the Wire sends them on, and log lines carry the id.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Set both for the inner application."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        head = head_of(scope)
        current = correlation_of(head.all(CORRELATION_LINE))
        trace = trace_of(head.all(b"traceparent")) if b"traceparent" in head else None
        marks = marks_of(send)
        marks.set[CORRELATION_LINE] = current.encode("ascii")
        id_token, trace_token = correlation_id.set(current), traceparent.set(trace)
        try:
            await self._app(scope, receive, marks)
        finally:
            traceparent.reset(trace_token)
            correlation_id.reset(id_token)


def correlation_of(given: list[str]) -> str:
    """The id the caller sent, if there is exactly one and it is well-formed; else a new one."""
    if len(given) == 1 and _ID.fullmatch(given[0]):
        return given[0]
    try:
        return _fresh.pop()
    except IndexError:
        drawn = os.urandom(16 * _DRAWN_AT_ONCE).hex()
        _fresh.extend(drawn[place : place + 32] for place in range(32, len(drawn), 32))
        return drawn[:32]


def trace_of(given: list[str]) -> str | None:
    """The `traceparent` the caller sent, if it is valid; an invalid one is dropped, as the standard asks."""
    if len(given) != 1 or not _TRACE.fullmatch(given[0]):
        return None
    return None if given[0].startswith("00-") and len(given[0]) != _TRACE_V0_LENGTH else given[0]
