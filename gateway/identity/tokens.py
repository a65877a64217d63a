"""Signed tokens (RFC 7515, RFC 7519), read strictly and checked as RFC 8725 advises.

The header of a token is a stranger's word: it chooses among our keys and algorithms, and brings none of its own. What
it says of `jwk`, `jku`, `x5u` and `x5c` is not read.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

import orjson
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwa import JWS_ALGORITHMS
from joserfc.jwt import JWTClaimsRegistry

from gateway.identity.jwks import NO_NAME, VerificationKey
from gateway.identity.refused import CredentialExpired, Unauthenticated

ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519", "HS256")
"""What a deployment may choose from; HS256 for a shared secret alone."""

NAME_CHARACTERS_MAX = 256
"""Of a `kid`: thumbprints have 43."""

_MODELS = {model.name: model for model in JWS_ALGORITHMS if model.name in ALGORITHMS}

# What an access token may say that it is (RFC 9068, 2.1): a logout token or a proof of possession is none.
_TYPES = {"jwt", "at+jwt", "application/at+jwt"}


@dataclass(frozen=True, slots=True)
class SignedToken:
    """What a token says, before anybody knows whether it is true. `key_name` is its `kid`."""

    algorithm: str
    key_name: str
    claims: dict[str, Any]
    signed: bytes
    signature: bytes

    @property
    def issuer(self) -> str | None:
        """Who it says has signed it."""
        given = self.claims.get("iss")
        return given if isinstance(given, str) else None


def read_token(text: str) -> SignedToken:
    """Take a compact token apart. Raises Unauthenticated."""
    parts = text.split(".")
    if len(parts) != 3:
        raise _malformed()
    header, claims, signature = _object(parts[0]), _object(parts[1]), _bytes(parts[2])
    algorithm, key_name, kind = header.get("alg"), header.get("kid", NO_NAME), header.get("typ", "JWT")
    if not isinstance(algorithm, str) or not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise _malformed()
    if not isinstance(key_name, str) or len(key_name) > NAME_CHARACTERS_MAX or not key_name.isprintable():
        raise _malformed()
    if "crit" in header:
        # RFC 7515, 4.1.11: what must be understood, and here nothing is. Among it is `b64`, another way of signing.
        raise _malformed()
    return SignedToken(algorithm, key_name, claims, f"{parts[0]}.{parts[1]}".encode("ascii"), signature)


def check_claims(claims: dict[str, Any], issuer: str, audience: str, now: float, leeway_s: int) -> None:
    """Whether a token of these claims is for us, and now. Raises Unauthenticated."""
    registry = JWTClaimsRegistry(
        now=int(now),
        leeway=leeway_s,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": audience},
        exp={"essential": True},
    )
    try:
        registry.validate(claims)
    except ExpiredTokenError as exc:
        raise CredentialExpired("The bearer token has expired. Ask for a new one.") from exc
    except JoseError as exc:
        raise Unauthenticated(
            "The bearer token is not valid here, or not yet: its issuer, audience and times do not all fit."
        ) from exc


def check_signature(token: SignedToken, key: VerificationKey) -> None:
    """Whether the holder of `key` has signed the token. Raises Unauthenticated."""
    if token.algorithm not in key.algorithms or not _MODELS[token.algorithm].verify(
        token.signed, token.signature, key.key
    ):
        raise Unauthenticated("The signature of the bearer token does not fit.")


def _malformed() -> Unauthenticated:
    return Unauthenticated("The bearer token is not a signed token as it is read here (RFC 7519).")


def _object(segment: str) -> dict[str, Any]:
    try:
        # It refuses invalid UTF-8, NaN and deep nesting, each of which the standard library takes or breaks on.
        value = orjson.loads(_bytes(segment))
    except orjson.JSONDecodeError as exc:
        raise _malformed() from exc
    if not isinstance(value, dict):
        raise _malformed()
    return value


def _bytes(segment: str) -> bytes:
    """Base64url without padding, in its one way of writing: a second way would be a second token with one signature."""
    try:
        content = base64.b64decode(segment + "=" * (-len(segment) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError) as exc:
        raise _malformed() from exc
    if base64.urlsafe_b64encode(content).rstrip(b"=") != segment.encode():
        raise _malformed()
    return content
