"""What ties a call to the request it serves, on both sides of the wall."""

import functools
from contextvars import ContextVar
from typing import NamedTuple

from domains.upstream.header import Header, rendered

CORRELATION_HEADER = "X-Correlation-Id"

correlation_id: ContextVar[str | None] = ContextVar("retailgraph_correlation_id", default=None)
"""The id of the request being answered; set at the door, sent as `X-Correlation-Id`."""

traceparent: ContextVar[str | None] = ContextVar("retailgraph_traceparent", default=None)
"""The W3C Trace Context of the span being answered (Trace Context, level 1, 3.2); sent as `traceparent`."""


class Said(NamedTuple):
    """Headers, and the same as lines of a request."""

    headers: tuple[Header, ...]
    lines: str


def said_now() -> Said:
    """What to say with every call made now. Raises ValueError for an id that would not be one line."""
    return _said(correlation_id.get(), traceparent.get())


@functools.lru_cache(maxsize=256)  # the calls of one request say the same
def _said(id_: str | None, trace: str | None) -> Said:
    headers = [(CORRELATION_HEADER, id_)] if id_ else []
    if trace:
        headers.append(("traceparent", trace))
    return Said(tuple(headers), rendered(headers))
