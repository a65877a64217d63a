"""The doorkeeper: finds out who asks, by whichever credential they bring."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import httpx

from domains.vocabulary import CustomerId, LocationId
from gateway.identity.bearer import bearer_of
from gateway.identity.callers import Callers, digest_of, unknown
from gateway.identity.issuers import Issuer, Issuers
from gateway.identity.jwks import NO_NAME, FetchKeys, Keys, VerificationKey, open_client, published_at, published_in
from gateway.identity.keyring import Ring
from gateway.identity.keys import PREFIX, ApiKey, ApiKeys
from gateway.identity.register import Register
from gateway.identity.settings import Anonymous, Identity, IssuerSettings, Token
from resolvers.context import Caller
from resolvers.ownership import NAMELESS


class Doorkeeper:
    """Static tokens, API keys and signed tokens, in this order. Open while the context of `running` lasts."""

    def __init__(
        self,
        settings: Identity,
        database_url: str,
        *,
        trusted: Sequence[Issuer] = (),
        client: httpx.AsyncClient | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`trusted` are issuers beside those of the settings; `client` fetches key sets, by default one of our own."""
        self._header_characters_max = settings.header_characters_max
        self._static = callers_of(settings)
        self._client = client
        self._monotonic = monotonic
        self._register = Register(database_url, clock)
        self._key_ring: Ring[ApiKey] = Ring(
            "API keys", self._register.live_keys, settings.keys.policy, monotonic=monotonic
        )
        self._keys = ApiKeys(self._key_ring, clock)
        issuers = (*(self._issuer(said) for said in settings.issuers), *trusted)
        self._rings = tuple(issuer.ring for issuer in issuers)
        self._issuers = Issuers(issuers, verdicts_max=settings.verdicts_max, verdict_s=settings.verdict_s, clock=clock)

    @property
    def anonymous(self) -> Caller:
        """Who sends no credential."""
        return self._static.anonymous

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Fetch keys while the context lasts. An issuer that does not answer keeps nobody from starting."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._register.aclose)
            if self._client is not None:
                stack.push_async_callback(self._client.aclose)
            stack.push_async_callback(self._key_ring.aclose)
            for ring in self._rings:
                stack.push_async_callback(ring.aclose)
                ring.warm()
            yield

    async def caller(self, authorization: Sequence[str]) -> Caller:
        """Who sends these values of `Authorization`.

        Nobody who sends none is anonymous; a wrong one is never. Raises Unauthenticated, and IdentityUnavailable when
        what the credential is checked with cannot be had.
        """
        token = bearer_of(authorization, self._header_characters_max)
        if token is None:
            return self._static.anonymous
        digest = digest_of(token)
        if (caller := self._static.known(digest)) is not None:
            return caller
        if token.startswith(PREFIX):
            return await self._keys.caller(token)
        if token.count(".") == 2:
            return await self._issuers.caller(token, digest)
        raise unknown()

    def _issuer(self, said: IssuerSettings) -> Issuer:
        ring: Ring[VerificationKey] = Ring(
            f"issuer {said.name}", self._published(said), said.policy, monotonic=self._monotonic
        )
        return Issuer(
            name=said.name,
            issuer=said.issuer,
            audience=said.audience,
            algorithms=frozenset(said.algorithms),
            ring=ring,
            audiences=frozenset(said.audiences),
            otherwise=said.otherwise,
            by_client=said.by_client,
            leeway_s=said.leeway_s,
            claims=said.claims,
            names_keys=said.secret is None,
        )

    def _published(self, said: IssuerSettings) -> FetchKeys:
        if (secret := said.secret) is not None:
            return always({NO_NAME: secret})
        if said.jwks_file is not None:
            return published_in(said.jwks_file)
        self._client = self._client or open_client(said.timeout_s)
        return published_at(self._client, said.jwks_url or "", said.timeout_s)


def always(keys: Keys) -> FetchKeys:
    """Keys that are known beforehand."""

    async def fetch() -> Keys:
        return keys

    return fetch


def callers_of(identity: Identity) -> Callers:
    """The callers that the settings know by themselves."""
    table = {token.sha256: _caller(token.subject, token) for token in identity.tokens}
    return Callers(table, _caller(NAMELESS, identity.anonymous))


def _caller(subject: str, said: Anonymous | Token) -> Caller:
    return Caller(
        subject=subject,
        audience=said.audience,
        scopes=said.scopes,
        customer_id=None if said.customer is None else CustomerId(said.customer),
        store_id=None if said.store is None else LocationId(said.store),
        region=said.region,
        channel=said.channel,
    )
