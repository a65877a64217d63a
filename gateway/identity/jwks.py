"""Key sets (RFC 7517): where they are fetched, and which of their keys may verify a signature."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import orjson
import structlog
from httpx_aiohttp import AiohttpTransport
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from gateway.identity.keyring import KeysUnavailable

BYTES_MAX = 256 * 1024
"""An RSA key takes 500 bytes, with its certificates 5 KiB."""

KEYS_MAX = 64
"""Issuers publish two to ten."""

RSA_BITS_LEAST, RSA_BITS_MOST = 2048, 8192
"""NIST SP 800-131A allows no fewer; verifying with more takes milliseconds of everybody's time."""

SECRET_BYTES_LEAST = 32
"""As many as HS256 makes (RFC 7518, 3.2)."""

NO_NAME = ""
"""The name of an issuer's only key, for tokens that name none."""

_CURVES = {"P-256": ("ES256",), "P-384": ("ES384",)}
_RSA = ("RS256", "PS256")
_ED25519 = ("EdDSA", "Ed25519")  # one algorithm under two names (RFC 8037, RFC 9864)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A key and the algorithms it may be used with. `thumbprint` (RFC 7638) is the same exactly for the same key."""

    key: Key
    algorithms: frozenset[str]
    thumbprint: str


Keys = Mapping[str, VerificationKey]
FetchKeys = Callable[[], Awaitable[Keys]]


def open_client(timeout_s: float) -> httpx.AsyncClient:
    """What fetches key sets: follows no redirects, uses nothing of the environment, keeps no cookies."""
    tls = httpx.create_ssl_context(trust_env=False)

    def session() -> aiohttp.ClientSession:
        # Called by the transport inside the running loop, which the pool then belongs to.
        connector = aiohttp.TCPConnector(limit=4, ssl=tls, force_close=True)  # once in minutes: nothing to keep open
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)

    transport = AiohttpTransport(verify=tls, trust_env=False, client=session)
    return httpx.AsyncClient(transport=transport, timeout=timeout_s, trust_env=False, follow_redirects=False)


def published_at(client: httpx.AsyncClient, url: str, timeout_s: float) -> FetchKeys:
    """Keys from the set at `url`. The whole answer has `timeout_s`, and BYTES_MAX bytes."""
    # Compressed, 256 KiB could become as many MiB.
    headers = {"Accept": "application/jwk-set+json, application/json", "Accept-Encoding": "identity"}

    async def fetch() -> Keys:
        try:
            async with asyncio.timeout(timeout_s), client.stream("GET", url, headers=headers) as answer:
                if answer.status_code != 200 or "content-encoding" in answer.headers:
                    raise KeysUnavailable(f"{url} answered {answer.status_code}, and not with a plain key set")
                body = bytearray()
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > BYTES_MAX:
                        raise KeysUnavailable(f"{url} answered with more than {BYTES_MAX} bytes")
        except (httpx.HTTPError, aiohttp.ClientError, OSError, TimeoutError) as exc:
            raise KeysUnavailable(f"{url} cannot be read: {type(exc).__name__}") from exc
        return read_key_set(bytes(body), url)

    return fetch


def published_in(path: Path) -> FetchKeys:
    """Keys from the set in a file, which is read anew each time. Replace it as a whole, by renaming."""

    def read() -> Keys:
        try:
            with path.open("rb") as file:
                content = file.read(BYTES_MAX + 1)
        except OSError as exc:
            raise KeysUnavailable(f"{path} cannot be read: {exc.strerror}") from exc
        if len(content) > BYTES_MAX:
            raise KeysUnavailable(f"{path} has more than {BYTES_MAX} bytes")
        return read_key_set(content, str(path))

    async def fetch() -> Keys:
        return await asyncio.to_thread(read)

    return fetch


def shared_secret(content: bytes) -> VerificationKey:
    """The key of HS256. Raises ValueError for one that could be guessed, and for a public key."""
    if len(content) < SECRET_BYTES_LEAST or b"-----BEGIN" in content:
        raise ValueError(f"a secret of at least {SECRET_BYTES_LEAST} bytes, and no public key")
    key = OctKey.import_key(content)
    return VerificationKey(key, frozenset({"HS256"}), key.thumbprint())


def read_key_set(content: bytes, publisher: str) -> Keys:
    """The keys of a set that may verify signatures, by their names; others are left out and named in the log.

    Raises KeysUnavailable for what is no key set.
    """
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as exc:
        raise KeysUnavailable(f"{publisher} is not JSON") from exc
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or len(listed) > KEYS_MAX:
        raise KeysUnavailable(f"{publisher} is not a key set of at most {KEYS_MAX} keys")
    keys: dict[str, VerificationKey] = {}
    for jwk in listed:
        try:
            name, key = _read_key(jwk, keys)
        except (JoseError, ValueError, KeyError, TypeError) as unusable:
            _log.info("a key is left out", publisher=publisher, why=str(unusable) or type(unusable).__name__)
            continue
        keys[name] = key
    if len(keys) == 1:
        keys[NO_NAME] = next(iter(keys.values()))
    return keys


def _read_key(jwk: Any, others: Keys) -> tuple[str, VerificationKey]:
    """Raises what the library raises, ValueError, KeyError or TypeError for a key that may not verify anything."""
    if not isinstance(jwk, dict):
        raise TypeError("it is not an object")
    name, alg, operations = jwk.get("kid", NO_NAME), jwk.get("alg"), jwk.get("key_ops", ["verify"])
    if not isinstance(name, str):
        raise TypeError("its kid is not a text")
    if name in others:
        raise ValueError("another key has its name")
    if jwk.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        raise ValueError("it is not for signatures")
    key, fitting = _material(jwk)
    algorithms = frozenset(fitting if alg is None else [fit for fit in fitting if fit == alg])
    if not algorithms:
        raise ValueError("its alg does not fit it")
    return name, VerificationKey(key, algorithms, key.thumbprint())


def _material(jwk: dict[str, Any]) -> tuple[Key, tuple[str, ...]]:
    """The public half alone, also where somebody published both."""
    match jwk.get("kty"):
        case "RSA":
            bits = int.from_bytes(_bytes(jwk["n"])).bit_length()
            if not RSA_BITS_LEAST <= bits <= RSA_BITS_MOST or len(_bytes(jwk["e"])) > 4:
                raise ValueError(f"an RSA key of {bits} bits is too weak, or too strong")
            return RSAKey.import_key({"kty": "RSA", "n": jwk["n"], "e": jwk["e"]}), _RSA
        case "EC" if jwk.get("crv") in _CURVES:
            point = {"kty": "EC", "crv": jwk["crv"], "x": jwk["x"], "y": jwk["y"]}
            return ECKey.import_key(point), _CURVES[jwk["crv"]]
        case "OKP" if jwk.get("crv") == "Ed25519":
            return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": jwk["x"]}), _ED25519
    raise ValueError("it is of a kind that is not used here")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "==", b"-_")
    except binascii.Error as exc:
        raise ValueError("it is not base64url") from exc
