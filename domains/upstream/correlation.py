"""What ties a call to the request it serves, on both sides of the wall."""

from contextvars import ContextVar

CORRELATION_HEADER = "X-Correlation-Id"

correlation_id: ContextVar[str | None] = ContextVar("retailgraph_correlation_id", default=None)
"""The id of the request being answered; set at the door, sent as `X-Correlation-Id`."""

traceparent: ContextVar[str | None] = ContextVar("retailgraph_traceparent", default=None)
"""The W3C Trace Context of the span being answered (Trace Context, level 1, 3.2); sent as `traceparent`."""


def correlation_headers() -> list[tuple[str, str]]:
    """The headers to send with every call made now."""
    id_, trace = correlation_id.get(), traceparent.get()
    headers = [(CORRELATION_HEADER, id_)] if id_ else []
    if trace:
        headers.append(("traceparent", trace))
    return headers
