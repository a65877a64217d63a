"""The Authorization header: the one place that reads it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gateway.identity.refused import Unauthenticated

# RFC 6750, 2.1: the scheme (in any case, RFC 9110, 11.1), one or more spaces, then a b64token.
_BEARER = re.compile(r"(?i:bearer) +([A-Za-z0-9\-._~+/]+=*)", re.ASCII)


def bearer_of(given: Sequence[str], characters_max: int) -> str | None:
    """The token in the values of `Authorization`, None without any.

    More than one is refused: whoever stands between us and the client may have read the other one. Raises
    Unauthenticated, which never repeats what was sent.
    """
    if not given:
        return None
    if len(given) > 1:
        raise Unauthenticated("The Authorization header is sent once.")
    if len(given[0]) > characters_max:
        raise Unauthenticated(f"The Authorization header has at most {characters_max} characters.")
    bearer = _BEARER.fullmatch(given[0].strip(" \t"))
    if bearer is None:
        raise Unauthenticated("The Authorization header is not of the form `Bearer <token>`.")
    return bearer[1]
