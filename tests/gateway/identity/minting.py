"""Issuers for tests: key pairs, tokens as an issuer or an attacker makes them, and a doorkeeper who believes them."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import httpx
from joserfc.jwa import JWS_ALGORITHMS
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from gateway.identity.doorkeeper import Doorkeeper
from gateway.identity.settings import Identity

NOW = 1_800_000_000.0
ISSUER = "https://login.example"
AUDIENCE = "https://gateway.example"
JWKS_URL = "https://login.example/jwks"
MODELS = {model.name: model for model in JWS_ALGORITHMS}

CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "u-17",
    "iat": int(NOW),
    "exp": int(NOW) + 600,
    "retailgraph_audience": "associate",
    "retailgraph_store": "store-017",
    "scope": "returns orders",
}


@cache
def rsa_key(name: str = "rsa-1") -> RSAKey:
    return RSAKey.generate_key(2048, parameters={"kid": name})


@cache
def ec_key(name: str = "ec-1") -> ECKey:
    return ECKey.generate_key("P-256", parameters={"kid": name})


@cache
def ed_key(name: str = "ed-1") -> OKPKey:
    return OKPKey.generate_key("Ed25519", parameters={"kid": name})


def public(*keys: Key, **beside: Any) -> dict[str, Any]:
    """A key set; `beside` is laid over each key."""
    return {"keys": [{**key.as_dict(private=False), **beside} for key in keys]}


def b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def assembled(header: object, claims: object, key: Any, algorithm: str) -> str:
    """A token of exactly these parts, signed with `algorithm`, whatever the header says."""
    signed = ".".join(b64(part if isinstance(part, bytes) else json.dumps(part).encode()) for part in (header, claims))
    return f"{signed}.{b64(MODELS[algorithm].sign(signed.encode(), key))}"


def token(
    key: Key | None = None, algorithm: str = "RS256", header: Mapping[str, Any] | None = None, **claims: Any
) -> str:
    """A token as the issuer makes it. `header` and `claims` are laid over what it would say; None takes a claim out."""
    key = key or rsa_key()
    said = {name: value for name, value in (CLAIMS | claims).items() if value is not None}
    return assembled({"alg": algorithm, "typ": "JWT", "kid": key.kid} | dict(header or {}), said, key, algorithm)


class Time:
    """A clock that is set by hand."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Publisher:
    """Where a key set stands; counts how often it was asked, and answers with `status`."""

    def __init__(self, document: object) -> None:
        self.document = document
        self.status = 200
        self.asked: list[httpx.URL] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url)
        return httpx.Response(self.status, json=self.document)

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self.answer))


def issuer_settings(**given: Any) -> dict[str, Any]:
    """An issuer of the settings, who may speak for associates and the shop."""
    return {
        "name": "login",
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "jwks_url": JWKS_URL,
        "algorithms": ["RS256", "PS256", "ES256", "EdDSA"],
        "audiences": ["storefront", "associate"],
        **given,
    }


@asynccontextmanager
async def doorkeeper(
    publisher: Publisher | None = None,
    *,
    clock: Time | None = None,
    monotonic: Callable[[], float] = time.monotonic,
    database_url: str = "sqlite:///nowhere.db",
    **given: Any,
) -> AsyncIterator[Doorkeeper]:
    """A doorkeeper at NOW who believes one issuer; `given` is laid over the issuer's settings."""
    publisher = publisher or Publisher(public(rsa_key(), ec_key(), ed_key()))
    settings = Identity.model_validate({"issuers": [issuer_settings(**given)]})
    keeper = Doorkeeper(settings, database_url, client=publisher.client(), clock=clock or Time(), monotonic=monotonic)
    async with keeper.running():
        yield keeper


def bearer(text: str) -> list[str]:
    return [f"Bearer {text}"]
