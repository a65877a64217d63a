"""Who else may say who a caller is, and what their words become here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cachetools import TLRUCache

from domains.vocabulary import CustomerId, LocationId
from gateway.identity.callers import unknown
from gateway.identity.jwks import NO_NAME, VerificationKey
from gateway.identity.keyring import Ring
from gateway.identity.refused import Unauthenticated
from gateway.identity.tokens import SignedToken, check_claims, check_signature, read_token
from resolvers.context import Caller

TEXT_CHARACTERS_MAX = 255
"""Of a name in a claim (OpenID Connect Core, 2: a `sub` has 255 at most)."""

SCOPES_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimNames:
    """Under which claims an issuer says what a Caller carries. Of `scopes` the first that a token has counts."""

    subject: str = "sub"
    audience: str = "retailgraph_audience"
    customer: str = "retailgraph_customer"
    store: str = "retailgraph_store"
    region: str = "retailgraph_region"
    channel: str = "retailgraph_channel"
    scopes: tuple[str, ...] = ("scope", "scp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """One whose signature counts.

    `name` stands before every subject, so that no issuer can speak for the callers of another. `issuer` and `audience`
    are what `iss` and `aud` must say. The kind of caller follows from the client (`azp`, else `client_id`), from a
    claim, or is `otherwise`, and is one of `audiences` or, as partner/acme, within one of them: a shop's login cannot
    make anybody an associate.
    """

    name: str
    issuer: str
    audience: str
    algorithms: frozenset[str]
    ring: Ring[VerificationKey]
    audiences: frozenset[str]
    otherwise: str
    by_client: Mapping[str, str] = field(default_factory=dict)
    leeway_s: int = 0
    claims: ClaimNames = field(default_factory=ClaimNames)
    names_keys: bool = True
    """False for a shared secret, which is found whatever a token calls it."""

    def caller(self, claims: Mapping[str, Any]) -> Caller:
        """Whom these claims speak of. Raises Unauthenticated."""
        subject = _text(claims, self.claims.subject)
        if subject is None:
            raise Unauthenticated(f"The bearer token names nobody: it has no {self.claims.subject}.")
        customer, store = _text(claims, self.claims.customer), _text(claims, self.claims.store)
        return Caller(
            subject=f"{self.name}:{subject}",
            audience=self._audience(claims),
            scopes=_scopes(claims, self.claims.scopes),
            customer_id=None if customer is None else CustomerId(customer),
            store_id=None if store is None else LocationId(store),
            region=_text(claims, self.claims.region),
            channel=_text(claims, self.claims.channel),
        )

    def _audience(self, claims: Mapping[str, Any]) -> str:
        client = _text(claims, "azp") or _text(claims, "client_id")
        given = self.by_client.get(client or "") or _text(claims, self.claims.audience) or self.otherwise
        if given not in self.audiences and given.partition("/")[0] not in self.audiences:
            raise Unauthenticated("The issuer of the bearer token does not vouch for callers of this kind.")
        return given


@dataclass(frozen=True, slots=True)
class _Verdict:
    caller: Caller
    issuer: Issuer
    key_name: str
    thumbprint: str
    expires_at: float


class Issuers:
    """All issuers that count, and what was lately found out about their tokens.

    A verdict is kept by the digest of the token, `verdicts_max` of them for `verdict_s` at most. It never outlives its
    token, and ends with the key that signed it: the ring is asked each time.
    """

    def __init__(
        self,
        issuers: Iterable[Issuer],
        *,
        verdicts_max: int,
        verdict_s: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._issuers = {issuer.issuer: issuer for issuer in issuers}
        self._clock = clock
        self._verdicts: TLRUCache[bytes, _Verdict] = TLRUCache(
            verdicts_max, lambda _, verdict, now: min(now + verdict_s, verdict.expires_at), timer=clock
        )

    async def caller(self, token: str, digest: bytes) -> Caller:
        """Whom the token stands for. Raises Unauthenticated, and IdentityUnavailable when its key cannot be had."""
        verdict = self._verdicts.get(digest)
        if verdict is not None:
            key = await verdict.issuer.ring.find(verdict.key_name)
            if key is not None and key.thumbprint == verdict.thumbprint:
                return verdict.caller
            del self._verdicts[digest]
        return await self._judged(read_token(token), digest)

    async def _judged(self, token: SignedToken, digest: bytes) -> Caller:
        issuer = self._issuers.get(token.issuer or "")
        if issuer is None:
            raise unknown()
        if token.algorithm not in issuer.algorithms:
            raise Unauthenticated("The bearer token is signed in a way that its issuer does not use.")
        # Before its key is looked for: an old token asks nobody for a key that is long gone.
        check_claims(token.claims, issuer.issuer, issuer.audience, self._clock(), issuer.leeway_s)
        key_name = token.key_name if issuer.names_keys else NO_NAME
        key = await issuer.ring.find(key_name)
        if key is None:
            raise Unauthenticated("The bearer token is signed with a key that its issuer does not publish.")
        check_signature(token, key)
        caller = issuer.caller(token.claims)
        expires_at = token.claims["exp"] + issuer.leeway_s
        self._verdicts[digest] = _Verdict(caller, issuer, key_name, key.thumbprint, expires_at)
        return caller


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not 1 <= len(value) <= TEXT_CHARACTERS_MAX or not value.isprintable():
        raise Unauthenticated(f"The claim {name} of the bearer token is not a name.")
    return value


def _scopes(claims: Mapping[str, Any], names: Iterable[str]) -> frozenset[str]:
    """A text with spaces (RFC 8693, 4.2) or a list of texts."""
    given: Any = next((claims[name] for name in names if claims.get(name) is not None), [])
    listed = given.split(" ") if isinstance(given, str) else given
    if not isinstance(listed, list) or len(listed) > SCOPES_MAX or not all(isinstance(each, str) for each in listed):
        raise Unauthenticated("The scopes of the bearer token are not a list of names.")
    return frozenset(each for each in listed if each)
