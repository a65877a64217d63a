"""Credentials that were made up, bent, outlived, or meant for somebody else."""

from __future__ import annotations

import hmac
import json
import time
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import RSAKey

from gateway.identity.keys import make_token
from tests.attacks.house import ADA, TRAP
from tests.attacks.row import Attack, Family
from tests.attacks.wire import ask, get, said
from tests.gateway.identity.minting import AUDIENCE, CLAIMS, ISSUER, assembled, b64, public, rsa_key

QUESTION = "{ __typename }"
"""Open to everybody: whoever is refused with it was refused for the credential."""

UNKNOWN, EXPIRED = "UNAUTHENTICATED", "TOKEN_EXPIRED"
NOW = int(time.time())
HEADER: dict[str, Any] = {"alg": "RS256", "typ": "JWT", "kid": "rsa-1"}
HOUR_S = 3600

algorithm, kid, jose = Family("algorithm"), Family("kid"), Family("header of a token")
claims, form, header, key = Family("claims"), Family("form of a token"), Family("Authorization"), Family("API key")


def _claims(**changed: Any) -> dict[str, Any]:
    """What the issuer says of a clerk; None takes a claim out."""
    said_of = {**CLAIMS, "iat": NOW, "exp": NOW + HOUR_S, **changed}
    return {name: value for name, value in said_of.items() if value is not None}


def _signed(told: object = None, by: RSAKey | None = None, **in_header: Any) -> str:
    """With the issuer's own key, unless it is somebody else's."""
    return assembled(HEADER | in_header, _claims() if told is None else told, by or rsa_key(), "RS256")


def _hmac(secret: bytes, **in_header: Any) -> str:
    """Signed with a secret that is what everybody may read: our public key in one of its forms."""
    parts = ({**HEADER, "alg": "HS256", **in_header}, _claims())
    signed = ".".join(b64(json.dumps(part).encode()) for part in parts)
    return f"{signed}.{b64(hmac.digest(secret, signed.encode(), 'sha256'))}"


def _unsigned(alg: object, signature: str = "") -> str:
    parts = (json.dumps({**HEADER, "alg": alg}), json.dumps(_claims()))
    return ".".join([*(b64(part.encode()) for part in parts), signature])


def _as(token: str) -> bytes:
    return ask(QUESTION, token=token)


def _sending(*values: str) -> bytes:
    return said(json.dumps({"query": QUESTION}), more=[("Authorization", value) for value in values])


MALLORY = RSAKey.generate_key(2048, parameters={"kid": "mallory"})
JWK = public(rsa_key())["keys"][0]
_PUBLIC = rsa_key().public_key
PEM = _PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
DER = _PUBLIC.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
PKCS1 = _PUBLIC.public_bytes(Encoding.PEM, PublicFormat.PKCS1)
GOOD = _signed()
RGK = make_token()[1]
URL = f"http://{TRAP}/keys"

ROWS: tuple[Attack, ...] = (
    claims("none that is wrong", _as(GOOD), 200, None),

    algorithm("none", _as(_unsigned("none")), 401, UNKNOWN),
    algorithm("None", _as(_unsigned("None")), 401, UNKNOWN),
    algorithm("nOnE with a signature", _as(_unsigned("nOnE", GOOD.split(".")[2])), 401, UNKNOWN),
    algorithm("empty", _as(_unsigned("")), 401, UNKNOWN),
    algorithm("a list", _as(_unsigned(["RS256", "none"])), 401, UNKNOWN),
    algorithm("null", _as(_unsigned(None)), 401, UNKNOWN),
    algorithm("RS256 without a signature", _as(_unsigned("RS256")), 401, UNKNOWN),
    algorithm("HS256 with the public key as PEM", _as(_hmac(PEM)), 401, UNKNOWN),
    algorithm("HS256 with the public key as PEM, no line at its end", _as(_hmac(PEM.strip())), 401, UNKNOWN),
    algorithm("HS256 with the public key as PKCS 1", _as(_hmac(PKCS1)), 401, UNKNOWN),
    algorithm("HS256 with the public key as DER", _as(_hmac(DER)), 401, UNKNOWN),
    algorithm("HS256 with the public key as JWK", _as(_hmac(json.dumps(JWK).encode())), 401, UNKNOWN),
    algorithm("HS256 with the modulus", _as(_hmac(JWK["n"].encode())), 401, UNKNOWN),
    algorithm("HS256 with nothing", _as(_hmac(b"\x00")), 401, UNKNOWN),
    algorithm("RS256 in the header, HS256 in truth", _as(_hmac(PEM, alg="RS256")), 401, UNKNOWN),
    algorithm("PS256, which the issuer does not use", _as(_signed(alg="PS256")), 401, UNKNOWN),
    algorithm("rs256", _as(_signed(alg="rs256")), 401, UNKNOWN),
    algorithm("ES256 with a signature of zeros", _as(_unsigned("ES256", b64(bytes(64)))), 401, UNKNOWN),

    kid("of nobody", _as(_signed(kid="nobody")), 401, UNKNOWN),
    kid("out of the folder", _as(_signed(kid="../../../../../../dev/null")), 401, UNKNOWN),
    kid("a query of a database", _as(_signed(kid="x' UNION SELECT 'secret' -- ")), 401, UNKNOWN),
    kid("an address", _as(_signed(kid=URL)), 401, UNKNOWN),
    kid("a command", _as(_signed(kid="|/usr/bin/id")), 401, UNKNOWN),
    kid("a line break", _as(_signed(kid="rsa-1\r\nrsa-1")), 401, UNKNOWN),
    kid("a null byte", _as(_signed(kid="rsa-1\u0000")), 401, UNKNOWN),
    kid("a list", _as(_signed(kid=["rsa-1"])), 401, UNKNOWN),
    kid("a number", _as(_signed(kid=1)), 401, UNKNOWN),
    kid("of 5,000 letters", _as(_signed(kid="a" * 5000)), 401, UNKNOWN),
    kid("the right one, and another's signature", _as(_signed(by=MALLORY)), 401, UNKNOWN),

    jose("jku", _as(_signed(by=MALLORY, jku=URL, kid="mallory")), 401, UNKNOWN),
    jose("jku and our kid", _as(_signed(by=MALLORY, jku=URL)), 401, UNKNOWN),
    jose("x5u", _as(_signed(by=MALLORY, x5u=URL, kid="mallory")), 401, UNKNOWN),
    jose("jwk", _as(_signed(by=MALLORY, jwk=public(MALLORY)["keys"][0], kid="mallory")), 401, UNKNOWN),
    jose("jwk and our kid", _as(_signed(by=MALLORY, jwk=public(MALLORY)["keys"][0])), 401, UNKNOWN),
    jose("x5c", _as(_signed(by=MALLORY, x5c=[b64(DER)])), 401, UNKNOWN),
    jose("crit of what nobody knows", _as(_signed(crit=["future"], future=1)), 401, UNKNOWN),
    jose("crit of b64", _as(_signed(crit=["b64"], b64=False)), 401, UNKNOWN),
    jose("crit that is empty", _as(_signed(crit=[])), 401, UNKNOWN),
    jose("zip", _as(_signed(by=MALLORY, zip="DEF")), 401, UNKNOWN),
    jose("typ of a logout", _as(_signed(typ="logout+jwt")), 401, UNKNOWN),
    jose("typ of a proof", _as(_signed(typ="dpop+jwt")), 401, UNKNOWN),
    jose("cty of a token in a token", _as(assembled({**HEADER, "cty": "JWT"}, GOOD.encode(), rsa_key(), "RS256")), 401,
         UNKNOWN),

    claims("expired", _as(_signed(_claims(exp=NOW - HOUR_S))), 401, EXPIRED),
    claims("expired, by somebody else", _as(_signed(_claims(exp=NOW - HOUR_S), by=MALLORY)), 401, EXPIRED),
    claims("no end", _as(_signed(_claims(exp=None))), 401, UNKNOWN),
    claims("an end in words", _as(_signed(_claims(exp="never"))), 401, UNKNOWN),
    claims("an end that is true", _as(_signed(_claims(exp=True))), 401, UNKNOWN),
    claims("not yet", _as(_signed(_claims(nbf=NOW + HOUR_S))), 401, UNKNOWN),
    claims("made tomorrow", _as(_signed(_claims(iat=NOW + 24 * HOUR_S))), 401, UNKNOWN),
    claims("another issuer", _as(_signed(_claims(iss="https://login.evil.example"))), 401, UNKNOWN),
    claims("nearly our issuer", _as(_signed(_claims(iss=ISSUER + "/"))), 401, UNKNOWN),
    claims("no issuer", _as(_signed(_claims(iss=None))), 401, UNKNOWN),
    claims("a list of issuers", _as(_signed(_claims(iss=[ISSUER]))), 401, UNKNOWN),
    claims("the demo's issuer", _as(_signed(_claims(iss="urn:retailgraph:demo"))), 401, UNKNOWN),
    claims("for another service", _as(_signed(_claims(aud="https://other.example"))), 401, UNKNOWN),
    claims("for nobody", _as(_signed(_claims(aud=None))), 401, UNKNOWN),
    claims("for nobody in a list", _as(_signed(_claims(aud=[]))), 401, UNKNOWN),
    claims("for nearly us", _as(_signed(_claims(aud=AUDIENCE + ".evil.example"))), 401, UNKNOWN),
    claims("for an object", _as(_signed(_claims(aud={AUDIENCE: 1}))), 401, UNKNOWN),
    claims("of nobody", _as(_signed(_claims(sub=None))), 401, UNKNOWN),
    claims("of a number", _as(_signed(_claims(sub=17))), 401, UNKNOWN),
    claims("of a name with a line break", _as(_signed(_claims(sub="a\nlevel=error"))), 401, UNKNOWN),
    claims("of a kind that the issuer may not speak for", _as(_signed(_claims(retailgraph_audience="operations"))), 401,
           UNKNOWN),
    claims("of a kind within it", _as(_signed(_claims(retailgraph_audience="operations/x"))), 401, UNKNOWN),
    claims("of a kind that is none", _as(_signed(_claims(retailgraph_audience="admin"))), 401, UNKNOWN),
    claims("200 scopes", _as(_signed(_claims(scope=" ".join(f"s{n}" for n in range(200))))), 401, UNKNOWN),
    claims("a scope that is an object", _as(_signed(_claims(scope={"operations:write": True}))), 401, UNKNOWN),

    form("two parts", _as("a.b"), 401, UNKNOWN),
    form("four parts", _as(GOOD + "." + b64(b"x")), 401, UNKNOWN),
    form("five parts, as an encrypted one", _as(".".join([b64(b'{"alg":"dir","enc":"A256GCM"}'), "", b64(bytes(12)),
                                                         b64(b"x"), b64(bytes(16))])), 401, UNKNOWN),
    form("empty parts", _as(".."), 401, UNKNOWN),
    form("with padding", _as(GOOD + "=="), 401, UNKNOWN),
    form("a last letter that means the same", _as(GOOD[:-1] + chr(ord(GOOD[-1]) + 1)), 401, UNKNOWN),
    form("standard base64", _as(GOOD.replace("-", "+").replace("_", "/") + "+"), 401, UNKNOWN),
    form("a header that is a list", _as(f"{b64(b'[]')}.{b64(b'{}')}.{b64(b'x')}"), 401, UNKNOWN),
    form("claims that are no JSON", _as(f"{b64(json.dumps(HEADER).encode())}.{b64(b'x')}.{b64(b'x')}"), 401, UNKNOWN),
    form("claims 2,000 deep", _as(f"{b64(json.dumps(HEADER).encode())}.{b64(b'[' * 2000)}.{b64(b'x')}"), 401, UNKNOWN),
    form("claims with a key twice",
         _as(assembled(HEADER, b'{"iss":"x",' + json.dumps(_claims()).encode()[1:-1] + b',"aud":"x"}', rsa_key(),
         "RS256")),
         401, UNKNOWN),
    form("of 20,000 letters", _as(GOOD + "a" * 20_000), 401, UNKNOWN),

    header("two of them", _sending(f"Bearer {ADA}", f"Bearer {GOOD}"), 401, UNKNOWN),
    header("the same twice", _sending(f"Bearer {ADA}", f"Bearer {ADA}"), 401, UNKNOWN),
    header("a list of them", _sending(f"Bearer {ADA}, Bearer {GOOD}"), 401, UNKNOWN),
    header("in small letters, which is right", _sending(f"bearer {ADA}"), 200, None),
    header("Basic", _sending("Basic YWRtaW46YWRtaW4="), 401, UNKNOWN),
    header("no scheme", _sending(ADA), 401, UNKNOWN),
    header("nothing", _sending(""), 401, UNKNOWN),
    header("Bearer and nothing", _sending("Bearer "), 401, UNKNOWN),
    header("other letters", _sending("Bearer \xe9\xff"), 401, UNKNOWN),
    header("a tab between", _sending(f"Bearer\t{ADA}"), 401, UNKNOWN),
    header("its digest", _sending(f"Bearer {'0' * 64}"), 401, UNKNOWN),
    header("in the address", get([("query", '{ customer(id: "cust-00001") { id } }'), ("access_token", ADA)]), 200,
              None),

    key("that was made up", _as(RGK), 401, UNKNOWN),
    key("with another checksum", _as(RGK[:-1] + ("0" if RGK[-1] != "0" else "1")), 401, UNKNOWN),
    key("half of one", _as(RGK[:30]), 401, UNKNOWN),
    key("its beginning", _as("rgk_"), 401, UNKNOWN),
    key("of other letters", _as("rgk_' OR 1=1 --"), 401, UNKNOWN),
    key("of 8,000 letters", _as("rgk_" + "a" * 8000), 401, UNKNOWN),
)  # fmt: skip
