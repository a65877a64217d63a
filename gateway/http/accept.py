"""Which media type an answer gets, by the Accept header (RFC 9110, 12.5.1; GraphQL over HTTP, draft of 2026)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

GRAPHQL = "application/graphql-response+json"
"""Answers whose status code tells what happened."""

LEGACY = "application/json"
"""Answers for clients older than the specification: request errors come with 200."""

CHARACTERS_MAX = 1024
"""What is read of the header: browsers send 150. It is read before anybody is counted, and 32 KiB took 45 ms."""

_TYPES = ((GRAPHQL, GRAPHQL.split("/")[1]), (LEGACY, LEGACY.split("/")[1]))
_QVALUE = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\Z")


@lru_cache(maxsize=64)  # Clients are of a few kinds, and each kind always sends the same header.
def negotiate(accept: str | None) -> str | None:
    """GRAPHQL, LEGACY, or None when the client accepts neither (406).

    The highest q wins; among equals the one that is named before the one a wildcard covers; then GRAPHQL. A client that
    names neither (`*/*`, or no header) may well be a browser or an old library, so it gets LEGACY.
    """
    if accept is None or not accept.strip():
        return LEGACY
    # Per type: (how specifically a range covers it, the q of that range). The most specific range decides alone.
    best: dict[str, tuple[int, float]] = {}
    for kind, subtype, q in _ranges(accept):
        for name, own in _TYPES:
            specific = _specificity(kind, subtype, own)
            if specific and specific >= best.get(name, (0, 0.0))[0]:
                best[name] = (specific, max(q, best[name][1]) if best.get(name, (0, 0.0))[0] == specific else q)
    # The last member settles ties: GRAPHQL when both are named, LEGACY when both are only covered by a wildcard.
    ranked = [
        (q, specific, (name == GRAPHQL) == (specific == _NAMED), name) for name, (specific, q) in best.items() if q > 0
    ]
    return max(ranked)[3] if ranked else None


EVENTS = "text/event-stream"
"""Answers as server-sent events, one for each message of an operation."""


@lru_cache(maxsize=64)
def wants_events(accept: str) -> bool:
    """Whether a client takes its answer as events and as nothing else.

    urql lists the type last on every request, and Apollo's clients list it beside others: they all want JSON.
    """
    wanted = [(f"{kind}/{subtype}") for kind, subtype, q in _ranges(accept) if q > 0]
    return EVENTS in wanted and not {GRAPHQL, LEGACY, "application/*"} & set(wanted)


_NAMED = 3


def _specificity(kind: str, subtype: str, own: str) -> int:
    """3 for the type itself, 2 for `application/*`, 1 for `*/*`, 0 for anything else."""
    if kind == "application":
        return {own: _NAMED, "*": 2}.get(subtype, 0)
    return int(kind == subtype == "*")


def _ranges(accept: str) -> Iterator[tuple[str, str, float]]:
    """The media ranges that can be read. The others are passed over: one bad range must not cost the client the rest.

    A comma inside a quoted parameter splits a range in two unreadable ones, which for our types means nothing.
    """
    if len(accept) > CHARACTERS_MAX:
        accept = accept[:CHARACTERS_MAX].rpartition(",")[0]
    for one in accept.split(","):
        media, *parameters = (piece.strip().lower() for piece in one.split(";"))
        kind, slash, subtype = media.partition("/")
        q = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name == "q":
                q = float(value) if _QVALUE.match(value) else 0.0
            elif name == "charset" and value.strip('"') not in {"utf-8", "utf8", "*"}:
                q = 0.0
        if slash:
            yield kind, subtype, q
