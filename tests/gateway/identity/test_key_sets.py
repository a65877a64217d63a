"""Key sets: what is read of them, and what is left out."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, OKPKey

from gateway.identity import IdentityUnavailable
from gateway.identity.jwks import BYTES_MAX, published_at, published_in, read_key_set, shared_secret
from gateway.identity.keyring import KeysUnavailable
from tests.gateway.identity.minting import (
    JWKS_URL,
    Publisher,
    b64,
    bearer,
    doorkeeper,
    ec_key,
    ed_key,
    public,
    rsa_key,
    token,
)

GOOD = json.dumps(public(rsa_key())).encode()


def names(*keys: Any) -> set[str]:
    return set(read_key_set(json.dumps({"keys": keys}).encode(), "test")) - {""}


def jwk(key: Any, **beside: Any) -> dict[str, Any]:
    return {**key.as_dict(private=False), **beside}


def test_usable_keys_are_read_with_what_they_may_verify() -> None:
    """RSA, P-256 and Ed25519 keys are kept, each for the algorithms that fit it."""
    keys = read_key_set(json.dumps(public(rsa_key(), ec_key(), ed_key())).encode(), "test")
    assert {name: key.algorithms for name, key in keys.items()} == {
        "rsa-1": {"RS256", "PS256"},
        "ec-1": {"ES256"},
        "ed-1": {"EdDSA", "Ed25519"},
    }


@pytest.mark.parametrize(
    "unusable",
    [
        {"kty": "RSA", "kid": "weak", "n": b64(b"\xff" * 128), "e": "AQAB"},
        jwk(rsa_key("other"), n=b64(b"\xff" * 1100)),
        jwk(rsa_key("other"), e=b64(b"\xff" * 64)),
        jwk(rsa_key("other"), use="enc"),
        jwk(rsa_key("other"), key_ops=["encrypt"]),
        jwk(rsa_key("other"), alg="ES256"),
        jwk(rsa_key("other"), alg="HS256"),
        jwk(rsa_key("other"), n=17),
        jwk(rsa_key("other"), kid=17),
        jwk(rsa_key("other"), n="!"),
        jwk(ec_key("other"), x=b64(b"\x01" * 32)),
        jwk(ECKey.generate_key("secp256k1"), kid="other"),
        jwk(OKPKey.generate_key("Ed448"), kid="other"),
        {"kty": "oct", "kid": "other", "k": b64(b"s" * 32)},
        {"kty": "EC", "kid": "other"},
        {"kid": "other"},
        "a text",
        jwk(rsa_key("other"), kid="rsa-1"),
    ],
)
def test_an_unusable_key_is_left_out(unusable: Any) -> None:
    """Weak, mislabelled, secret and broken keys are left out, and the good key beside them still counts."""
    keys = read_key_set(json.dumps({"keys": [jwk(rsa_key()), unusable]}).encode(), "test")
    assert set(keys) == {"rsa-1", ""}
    assert keys["rsa-1"].thumbprint == rsa_key().thumbprint()


def test_the_private_half_is_not_kept() -> None:
    """An issuer that publishes its private key by mistake has its public half read."""
    keys = read_key_set(json.dumps({"keys": [rsa_key().as_dict(private=True)]}).encode(), "test")
    assert not keys["rsa-1"].key.is_private


async def test_a_token_may_name_no_key_where_there_is_one() -> None:
    """Without a `kid` the only key of a set is meant; of several, none."""
    unnamed = token(header={"kid": ""})
    async with doorkeeper(Publisher(public(rsa_key()))) as keeper:
        assert (await keeper.caller(bearer(unnamed))).subject == "login:u-17"
    assert names(jwk(rsa_key()), jwk(ec_key())) == {"rsa-1", "ec-1"}


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"[]", b'{"keys": {}}', json.dumps({"keys": [{}] * 65}).encode(), b"[" * 5000]
)
def test_what_is_no_key_set_is_not_read_as_an_empty_one(content: bytes) -> None:
    """A broken answer is a publisher that fails: the keys at hand go on."""
    with pytest.raises(KeysUnavailable):
        read_key_set(content, "test")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500, content=GOOD),
        httpx.Response(302, headers={"Location": "https://evil.example"}, content=GOOD),
        httpx.Response(200, content=GOOD + b" " * BYTES_MAX),
        httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=gzip.compress(GOOD)),
    ],
)
async def test_only_a_plain_bounded_answer_is_read(answer: httpx.Response) -> None:
    """Errors, redirects, bodies that are too long and compressed ones are not followed and not read."""
    asked = []

    def once(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return answer

    async with httpx.AsyncClient(transport=httpx.MockTransport(once)) as client:
        with pytest.raises(KeysUnavailable):
            await published_at(client, JWKS_URL, 1.0)()
    assert asked == [JWKS_URL]


async def test_an_issuer_that_hangs_is_given_up() -> None:
    """The whole answer has `timeout_s`."""

    async def hang(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async with httpx.AsyncClient(transport=httpx.MockTransport(hang)) as client:
        with pytest.raises(KeysUnavailable, match="TimeoutError"):
            await published_at(client, JWKS_URL, 0.01)()


async def test_a_good_token_is_not_refused_while_the_issuer_is_away() -> None:
    """With no keys to be had, a token is neither let in nor refused."""
    publisher = Publisher(public(rsa_key()))
    publisher.status = 503
    async with doorkeeper(publisher) as keeper:
        with pytest.raises(IdentityUnavailable) as told:
            await keeper.caller(bearer(token()))
    assert (told.value.code, told.value.retry_after_s) == ("IDENTITY_UNAVAILABLE", 1)


async def test_keys_may_lie_in_a_file(tmp_path: Path) -> None:
    """A set in a file is read anew each time; a missing or huge one is a publisher that fails."""
    path = tmp_path / "jwks.json"
    with pytest.raises(KeysUnavailable):
        await published_in(path)()
    path.write_text(json.dumps(public(rsa_key())))
    assert "rsa-1" in await published_in(path)()
    path.write_text(json.dumps(public(ec_key())))
    assert "ec-1" in await published_in(path)()
    path.write_text(" " * (BYTES_MAX + 1))
    with pytest.raises(KeysUnavailable):
        await published_in(path)()


@pytest.mark.parametrize("content", [b"", b"short", b"s" * 31, rsa_key().as_pem(private=False)])
def test_a_secret_that_could_be_guessed_is_none(content: bytes) -> None:
    """Fewer than 32 bytes, and anything that is published, are no secret."""
    with pytest.raises(ValueError, match="at least 32 bytes"):
        shared_secret(content)
