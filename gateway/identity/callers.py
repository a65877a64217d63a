"""Static bearer tokens, kept as digests, and the callers they stand for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from domains.vocabulary import RetailError
from resolvers.context import Caller

ANONYMOUS = Caller(subject="anonymous", audience="storefront")
"""A visitor of the shop without an account."""

# RFC 6750, 2.1: the scheme (in any case, RFC 9110, 11.1), one or more spaces, then a b64token.
_BEARER = re.compile(r"bearer +([A-Za-z0-9\-._~+/]+=*)", re.IGNORECASE)


class Unauthenticated(RetailError):
    """There is an Authorization header, and it says nothing we know. The HTTP status is 401."""

    code = "UNAUTHENTICATED"
    challenge = 'Bearer realm="retailgraph", error="invalid_token"'
    """The value of `WWW-Authenticate` (RFC 6750, 3)."""


class Callers:
    """The table of known tokens.

    `table` maps the SHA-256 digest of a token, in hexadecimal, to its caller; `anonymous` sends no token.
    """

    def __init__(self, table: Mapping[str, Caller], anonymous: Caller = ANONYMOUS) -> None:
        self._anonymous = anonymous
        self._table = {bytes.fromhex(digest): caller for digest, caller in table.items()}

    def caller(self, authorization: str | None) -> Caller:
        """Who sends this `Authorization` header. None is anonymous; a wrong one is an error, never anonymous:
        otherwise an expired session would show a customer somebody else's prices.

        Raises Unauthenticated.
        """
        if authorization is None:
            return self._anonymous
        bearer = _BEARER.fullmatch(authorization.strip(" \t"))
        if bearer is None:
            raise Unauthenticated("The Authorization header is not of the form `Bearer <token>`.")
        # The time of this look-up depends on the digest, which nobody can choose without already knowing the token:
        # what leaks is about a digest, and no token can be found from it.
        caller = self._table.get(hashlib.sha256(bearer[1].encode()).digest())
        if caller is None:
            raise Unauthenticated(
                "The bearer token is not known here. Ask for a new one, or send no Authorization header."
            )
        return caller
