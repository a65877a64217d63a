"""What the head of a request may be, and what whoever sends another is told: the endpoint never hears of those."""

from __future__ import annotations

from typing import Final

HEAD_TIMEOUT_S: Final = 10.0
"""From the first byte of a request to the end of its headers. A browser sends them in one breath; whoever takes longer
holds a connection, and a thousand of them hold all there are."""

HEAD_BYTES_MAX: Final = 128 * 1024
"""Kept while headers are read, four times what `http.headers_max_bytes` lets pass by default: that one says which limit
it was, and this one that memory has an end. Without it headers of a gigabyte would be kept until they were complete."""

HEAD_LINES_MAX: Final = 100
"""Headers of one request. A browser sends 20, proxies add 10, and Apache stops here too. `http.headers_max_bytes` does
not say it: within that 10,000 empty ones fit, and each is gone through by all who look for another."""


def _refusal(status: str, code: str, message: str) -> bytes:
    """What the endpoint would answer, for requests that never get there."""
    body = f'{{"errors":[{{"message":"{message}","extensions":{{"code":"{code}"}}}}]}}'
    head = (
        f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n"
    )
    return f"{head}\r\n{body}".encode("ascii")


_TOO_LARGE: Final = "431 Request Header Fields Too Large"
_BAD: Final = "400 Bad Request"

SLOW: Final = _refusal(
    "408 Request Timeout", "HEADERS_TIMEOUT", f"The headers did not arrive within {HEAD_TIMEOUT_S:g} s."
)
LARGE: Final = _refusal(_TOO_LARGE, "HEADERS_TOO_LARGE", f"The headers may have {HEAD_BYTES_MAX} bytes at most.")
LONG: Final = _refusal(_TOO_LARGE, "HEADERS_TOO_LARGE", f"A request may have {HEAD_LINES_MAX} headers at most.")
HOST_NOT_ONE: Final = _refusal(_BAD, "BAD_REQUEST", "A request has one Host header, which says whom it is for.")
"""Two are how a proxy is made to take a request for another one than we do (RFC 9112, 3.2)."""

NOT_HTTP: Final = _refusal(_BAD, "BAD_REQUEST", "This cannot be read as a request of HTTP/1.1.")
NO_HANDSHAKE: Final = _refusal(_BAD, "BAD_HANDSHAKE", "The handshake of a WebSocket cannot be read.")
