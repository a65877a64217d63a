"""The `Idempotency-Key` request header (draft-ietf-httpapi-idempotency-key-header-07), and the mark of a replay."""

from __future__ import annotations

import re

from gateway.http.errors import HttpFault

IDEMPOTENCY_HEADER = "Idempotency-Key"
IDEMPOTENCY_LINE = b"idempotency-key"
"""The same as ASGI has it."""

REPLAYED_HEADER = "Idempotent-Replayed"

KEY_MAX = 255

# An sf-string of RFC 9651 (3.3.3), with parameters, of which none is defined; and the bare key that most clients send,
# without what would make it a list or a quoted one that is broken.
_QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"[ ]*(?:;[ -~]*)?')
_BARE = re.compile(r"[!#-+\--~]+")


def idempotency_key_of(given: list[str]) -> str | None:
    """The key that the header's values name; None without one. Raises HttpFault (400) for what is no key."""
    if not given:
        return None
    text = given[0].strip(" \t")
    quoted = _QUOTED.fullmatch(text)
    key = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else text
    if len(given) > 1 or not 1 <= len(key) <= KEY_MAX or not (quoted or _BARE.fullmatch(text)):
        raise HttpFault(
            400,
            "BAD_REQUEST",
            f'{IDEMPOTENCY_HEADER} is sent once, a string of 1 to {KEY_MAX} printable ASCII characters: "8e03978e".',
        )
    return key
