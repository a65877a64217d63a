"""Reads a request body within limits of size and time, and decodes it as strict JSON.

Slow *headers* never reach an ASGI application: the server in front must have a header timeout.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import msgspec
from starlette.types import Message, Receive, Scope

from gateway.begun import Begun
from gateway.http.errors import ClientGone, HttpFault
from gateway.http.head import Head, head_of
from gateway.http.settings import HttpSettings
from gateway.http.within import Within

_decoder = msgspec.json.Decoder()

CONTAINERS_MAX = 65_536
"""Arrays and objects of one JSON text, counted by their opening brackets, also those in its strings. A basket of 200
lines has a thousand, the largest document a few. 1 MiB can hold five times as many, and took 0.3 s to read."""

_CONTENT_TYPE_CHARACTERS_MAX = 256
_CONTAINERS = frozenset({dict, list})


def check_framing(scope: Scope, settings: HttpSettings) -> None:
    """Refuse what a server lets through and no honest client sends. Raises HttpFault (400, 414, 431).

    Both content-length and transfer-encoding is how requests are smuggled past a proxy (RFC 9112, 6.1).
    """
    head = head_of(scope)
    if head.size > settings.headers_max_bytes:
        said = f"The headers may have {settings.headers_max_bytes} bytes."
        raise HttpFault(431, "HEADERS_TOO_LARGE", said, close=True)
    if len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"") > settings.url_max_bytes:
        said = f"The URL may have {settings.url_max_bytes} bytes; send the request by POST."
        raise HttpFault(414, "URL_TOO_LONG", said, close=True)
    if b"content-length" in head and b"transfer-encoding" in head:
        said = "A request has either Content-Length or Transfer-Encoding."
        raise HttpFault(400, "BAD_FRAMING", said, close=True)


def check_json_content(head: Head) -> None:
    """Refuse any body but UTF-8 JSON as it is. Raises HttpFault (415).

    Other content types would also open the door to cross-site forms: browsers send application/json to another origin
    only after asking (a CORS preflight), form types at once.
    """
    given = head.all(b"content-type")
    if len(given) != 1 or not _is_json(given[0]):
        said = "Send the request as Content-Type: application/json, in UTF-8."
        raise HttpFault(415, "UNSUPPORTED_MEDIA_TYPE", said, headers={"Accept-Post": "application/json"}, close=True)
    if b"content-encoding" not in head:
        return
    encodings = {piece.strip().lower() for piece in head.joined(b"content-encoding").split(",")}
    if encodings - {"", "identity"}:
        said = "Send the request without a content encoding."
        raise HttpFault(415, "UNSUPPORTED_CONTENT_ENCODING", said, headers={"Accept-Encoding": "identity"}, close=True)


@lru_cache(maxsize=64)  # Clients are of a few kinds, and each kind always sends the same header.
def _is_json(content_type: str) -> bool:
    if len(content_type) > _CONTENT_TYPE_CHARACTERS_MAX:
        return False
    media, *parameters = (piece.strip().lower() for piece in content_type.split(";"))
    charsets = {value.strip('"') for name, _, value in (p.partition("=") for p in parameters) if name == "charset"}
    return media == "application/json" and not charsets - {"utf-8", "utf8"}


async def read_body(scope: Scope, receive: Receive, settings: HttpSettings) -> bytes:
    """The whole body. Raises HttpFault (400, 408, 413) and ClientGone; a length that is too large is refused unread."""
    announced = head_of(scope).first(b"content-length")
    if announced is not None:
        if not (announced.isascii() and announced.isdigit()):
            raise HttpFault(400, "BAD_FRAMING", "Content-Length is a number of bytes.", close=True)
        # Compared by digits first: a number of thousands of digits is not worth converting.
        if (len(announced) > 18 and len(announced.lstrip("0")) > 18) or int(announced) > settings.body_max_bytes:
            raise _too_large(settings)
    received = receive()
    begun = received if isinstance(received, Begun) else Begun(received)  # it was begun by who looked at it before us
    message = begun.result
    if message is not None and message["type"] == "http.request" and not message.get("more_body", False):
        body: bytes = message.get("body", b"")
        if len(body) <= settings.body_max_bytes:
            return body
    try:
        return await Within(_collected(begun, receive, settings), settings.body_timeout_s)
    except TimeoutError as late:
        said = f"The body did not arrive within {settings.body_timeout_s:g} s."
        raise HttpFault(408, "BODY_TIMEOUT", said, close=True) from late


async def _collected(begun: Begun[Message], receive: Receive, settings: HttpSettings) -> bytes:
    chunks: list[bytes] = []
    size = 0
    message = await begun
    while True:
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > settings.body_max_bytes:
            raise _too_large(settings)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)
        message = await receive()


def _too_large(settings: HttpSettings) -> HttpFault:
    return HttpFault(413, "BODY_TOO_LARGE", f"The body may have at most {settings.body_max_bytes} bytes.", close=True)


def decode_json(body: bytes, depth_max: int, what: str = "The body") -> object:
    """The value of a JSON text (RFC 8259): strict UTF-8, no NaN or Infinity, no number out of range.

    Raises HttpFault (400), which says `what` is wrong.
    """
    brackets = body.count(b"{") + body.count(b"[")
    if brackets > CONTAINERS_MAX:
        raise HttpFault(400, "BAD_JSON", f"{what} may hold {CONTAINERS_MAX} arrays and objects.")
    try:
        value: object = _decoder.decode(body)
    except (ValueError, RecursionError) as bad:
        raise HttpFault(400, "BAD_JSON", f"{what} is not valid JSON in UTF-8.") from bad
    # A body with fewer opening brackets than levels allowed cannot be too deep; nearly all are let through by this.
    if brackets > depth_max and _deeper_than(value, depth_max):
        raise HttpFault(400, "BAD_JSON", f"{what} may be nested {depth_max} levels deep.")
    return value


def _deeper_than(value: object, depth_max: int) -> bool:
    """Level by level, so that the depth of the value is not the depth of the stack."""
    level = [value] if type(value) in _CONTAINERS else []
    for _ in range(depth_max):
        level = [one for outer in level for one in _members(outer) if type(one) in _CONTAINERS]
        if not level:
            return False
    return True


def _members(container: Any) -> Iterable[object]:
    return container.values() if type(container) is dict else container
