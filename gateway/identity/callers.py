"""Static bearer tokens, kept as digests, and the callers they stand for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from gateway.identity.bearer import bearer_of
from gateway.identity.refused import Unauthenticated
from resolvers.context import Caller
from resolvers.ownership import NAMELESS

ANONYMOUS = Caller(subject=NAMELESS, audience="storefront")
"""A visitor of the shop without an account."""

HEADER_CHARACTERS_MAX = 8192
"""Tokens with a dozen claims have 1 to 2 KiB, those of large directories 4. The whole headers have 32 at most."""


def digest_of(token: str) -> bytes:
    """Under what a token is known here: tokens themselves are kept nowhere."""
    return hashlib.sha256(token.encode()).digest()


def unknown() -> Unauthenticated:
    """For a token that means nothing here."""
    return Unauthenticated("The bearer token is not known here. Ask for a new one, or send no Authorization header.")


class Callers:
    """The table of known tokens.

    `table` maps the SHA-256 digest of a token, in hexadecimal, to its caller; `anonymous` sends no token.
    """

    def __init__(self, table: Mapping[str, Caller], anonymous: Caller = ANONYMOUS) -> None:
        self.anonymous = anonymous
        self._table = {bytes.fromhex(digest): caller for digest, caller in table.items()}

    def known(self, digest: bytes) -> Caller | None:
        """Whose token has this digest.

        The time of this look-up depends on the digest, which nobody can choose without already knowing the token: what
        leaks is about a digest, and no token can be found from it.
        """
        return self._table.get(digest)

    def caller(self, authorization: str | None) -> Caller:
        """Who sends this `Authorization` header, by this table alone. None is anonymous; a wrong one is an error, never
        anonymous: otherwise an expired session would show a customer somebody else's prices.

        Raises Unauthenticated.
        """
        token = bearer_of([] if authorization is None else [authorization], HEADER_CHARACTERS_MAX)
        if token is None:
            return self.anonymous
        caller = self.known(digest_of(token))
        if caller is None:
            raise unknown()
        return caller
