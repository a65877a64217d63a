"""Credentials as they arrive by HTTP: what is let in, and how the others are answered."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from gateway.app import build_app
from gateway.settings import Settings, build
from resolvers.context import Retail
from tests.gateway.identity.minting import ec_key, issuer_settings, public, rsa_key, token

ASK = {"query": "{ __typename }"}
SYSTEMS = {role: {"url": "http://127.0.0.1:9"} for role in ("erp", "oms", "loyalty", "crm")}


@asynccontextmanager
async def empty_house(_: Settings) -> AsyncIterator[Retail]:
    """A house nobody enters: these tests ask nothing of the outside systems."""
    yield cast("Retail", object())


@asynccontextmanager
async def door(folder: Path, key_set: object = None) -> AsyncIterator[httpx.AsyncClient]:
    jwks = folder / "jwks.json"
    if key_set is not None:
        jwks.write_text(json.dumps(key_set))
    issuer = issuer_settings(jwks_url=None, jwks_file=str(jwks), refetch_every_s=0.001)
    database = {"url": f"sqlite:///{folder / 'retailgraph.db'}"}
    settings = build({"systems": SYSTEMS, "database": database, "identity": {"issuers": [issuer]}})
    app = build_app(settings, open_retail=empty_house)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client,
    ):
        yield client


def current(*key: Any, **claims: Any) -> str:
    now = int(time.time())
    return token(*key, **{"iat": now, "exp": now + 600, **claims})


async def test_a_signed_token_is_let_in(tmp_path: Path) -> None:
    """A good token is answered, by POST, by GET and as a stream of events."""
    headers = {"Authorization": f"Bearer {current()}"}
    async with door(tmp_path, public(rsa_key())) as client:
        assert (await client.post("/graphql", json=ASK, headers=headers)).status_code == 200
        assert (await client.get("/graphql", params=ASK, headers=headers)).status_code == 200
        events = await client.post("/graphql", json=ASK, headers={**headers, "Accept": "text/event-stream"})
        assert "event: next" in events.text


@pytest.mark.parametrize(
    "values",
    [
        [b"Bearer " + current(ec_key("mine"), algorithm="ES256").encode()],
        [b"Bearer " + current(exp=1).encode()],
        [b"Bearer " + current(aud="https://payments.example").encode()],
        [b"Bearer " + current().encode(), b"Bearer " + current().encode()],
        [b"Bearer " + current().encode() + b", Bearer " + current().encode()],
        [b"Bearer " + current().encode() + b" X-Admin: 1"],
        [b"Bearer \xff\xfe"],
        [b"Bearer " + current().encode() + b"\xc3\xa9"],
        [b"Bearer " + b"A" * 20_000],
        [b"Bearer rgk_short"],
        [b"Basic dXNlcjpwYXNz"],
        [b"Bearer"],
        [b""],
    ],
)
async def test_what_is_not_known_is_a_coded_401(tmp_path: Path, values: list[bytes]) -> None:
    """A wrong, doubled, cut or garbled credential is a 401 with a code and a challenge, never an anonymous answer,
    and says nothing of what is inside."""
    async with door(tmp_path, public(rsa_key())) as client:
        for accept in (b"application/json", b"text/event-stream"):
            headers = [(b"accept", accept), *((b"authorization", value) for value in values)]
            answer = await client.post("/graphql", json=ASK, headers=headers)
            (error,) = answer.json()["errors"]
            assert answer.status_code == 401
            assert error["extensions"]["code"] in {"UNAUTHENTICATED", "TOKEN_EXPIRED"}
            assert answer.headers["www-authenticate"].startswith('Bearer realm="retailgraph", error="invalid_token"')
            assert answer.headers["cache-control"] == "no-store"
            for inside in ("Traceback", "joserfc", "jwks", "rsa-1", str(tmp_path), "login.example"):
                assert inside not in answer.text


async def test_an_expired_token_is_told_apart(tmp_path: Path) -> None:
    """A client learns by the code, and by the challenge, that a new token would do."""
    async with door(tmp_path, public(rsa_key())) as client:
        answer = await client.post("/graphql", json=ASK, headers={"Authorization": f"Bearer {current(exp=1)}"})
    assert answer.json()["errors"][0]["extensions"]["code"] == "TOKEN_EXPIRED"
    assert "has expired" in answer.headers["www-authenticate"]


async def test_only_the_header_names_a_caller(tmp_path: Path) -> None:
    """A token in the address, in the body or under another header's name is no credential."""
    beside = {
        "X-Forwarded-User": "admin",
        "X-Authorization": f"Bearer {current()}",
        "Proxy-Authorization": f"Bearer {current()}",
        "Cookie": f"access_token={current()}",
    }
    ask = {"query": "mutation { orderCancel(orderId: 1) { __typename } }", "access_token": current()}
    async with door(tmp_path, public(rsa_key())) as client:
        there = await client.post(f"/graphql?access_token={current(exp=1)}", json=ASK, headers=beside)
        wrong = await client.post("/graphql", json=ask, headers={**beside, "Authorization": "Bearer x"})
    assert there.status_code == 200  # as anonymous: were the expired token read, it would be refused
    assert wrong.status_code == 401


async def test_while_keys_cannot_be_had_nobody_is_refused(tmp_path: Path) -> None:
    """Without the issuer's keys a token is answered by 503 and a time to come back; visitors are served."""
    async with door(tmp_path) as client:
        answer = await client.post("/graphql", json=ASK, headers={"Authorization": f"Bearer {current()}"})
        assert (await client.post("/graphql", json=ASK)).status_code == 200
    assert answer.status_code == 503
    assert answer.json()["errors"][0]["extensions"]["code"] == "IDENTITY_UNAVAILABLE"
    assert answer.headers["retry-after"] == "1"
    assert "www-authenticate" not in answer.headers
    assert str(tmp_path) not in answer.text
