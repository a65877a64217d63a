"""Requests by whoever has an answer already and asks whether it is still the one (RFC 9110, 13)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway.http.errors import Reply
from gateway.http.head import Head

_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_TOLD = ("Cache-Control", "Age", "Vary", "ETag")
"""Of the headers of the whole answer those that a 304 repeats (RFC 9110, 15.4.5)."""


def tagged(reply: Reply, etag: str, head: Head) -> Reply:
    """`reply` under its tag, or a 304 without a body for a client that has it.

    For GET alone: what a POST is answered is no representation of its URL, so there is nothing to compare.
    """
    headers = {**reply.headers, "ETag": etag}
    if not has_it(head.joined(b"if-none-match"), etag):
        return Reply(reply.status, reply.body, headers)
    return Reply(304, b"", _repeated(headers))


def has_it(if_none_match: str, etag: str) -> bool:
    """Whether a client that sends this If-None-Match has what `etag` names, by weak comparison (8.8.3.2).

    What cannot be read names nothing, and costs the client no more than the body.
    """
    if not if_none_match:
        return False
    return if_none_match.strip(" \t") == "*" or _TAG.sub(r"\1", etag) in _TAG.findall(if_none_match)


def _repeated(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in _TOLD if name in headers}
