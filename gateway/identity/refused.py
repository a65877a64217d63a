"""Why nobody is let in: what is wrong with a credential, and when nobody can tell."""

from __future__ import annotations

from domains.vocabulary import RetailError


class Unauthenticated(RetailError):
    """There is an Authorization header, and it says nothing we know. The HTTP status is 401."""

    code = "UNAUTHENTICATED"
    challenge = 'Bearer realm="retailgraph", error="invalid_token"'
    """The value of `WWW-Authenticate` (RFC 6750, 3)."""


class CredentialExpired(Unauthenticated):
    """It was good once. Clients fetch a new one by themselves when they are told so."""

    code = "TOKEN_EXPIRED"
    challenge = 'Bearer realm="retailgraph", error="invalid_token", error_description="The token has expired"'


class IdentityUnavailable(RetailError):
    """What a credential is checked with cannot be had now. The HTTP status is 503: nobody should throw away a good
    token because of it."""

    code = "IDENTITY_UNAVAILABLE"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("Who you are cannot be checked now. Try again in a moment with the same token.")
        self.retry_after_s = retry_after_s
