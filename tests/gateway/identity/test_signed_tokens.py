"""Signed tokens: the good ones, and every way of forging one that is known."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc.jwk import OctKey

from gateway.identity import Unauthenticated
from gateway.identity.jwks import VerificationKey
from gateway.identity.refused import CredentialExpired
from gateway.identity.tokens import check_claims, check_signature, read_token
from tests.gateway.identity.minting import (
    AUDIENCE,
    CLAIMS,
    ISSUER,
    JWKS_URL,
    NOW,
    Publisher,
    Time,
    assembled,
    b64,
    bearer,
    doorkeeper,
    ec_key,
    ed_key,
    public,
    rsa_key,
    token,
)

HEADER = {"alg": "RS256", "typ": "JWT", "kid": "rsa-1"}


async def refused(text: str, publisher: Publisher | None = None, **given: Any) -> Unauthenticated:
    """The refusal of a token; fails when it is let in, or when anything else is raised."""
    async with doorkeeper(publisher, **given) as keeper:
        with pytest.raises(Unauthenticated) as told:
            await keeper.caller(bearer(text))
    return told.value


@pytest.mark.parametrize(
    ("key", "algorithm"), [(rsa_key, "RS256"), (rsa_key, "PS256"), (ec_key, "ES256"), (ed_key, "EdDSA")]
)
async def test_a_good_token_is_its_caller(key: Any, algorithm: str) -> None:
    """Each algorithm that the issuer uses is verified, and the claims become the caller under the issuer's name."""
    async with doorkeeper() as keeper:
        caller = await keeper.caller(bearer(token(key(), algorithm)))
    assert (caller.subject, caller.audience, caller.store_id) == ("login:u-17", "associate", "store-017")
    assert caller.scopes == {"returns", "orders"}


def claims(**given: Any) -> bytes:
    return json.dumps(CLAIMS | given).encode()


PUBLIC_PEM = rsa_key().as_pem(private=False)
MINE = ec_key("mine")
UNSIGNED = f"{b64(json.dumps({'alg': 'none', 'typ': 'JWT'}).encode())}.{b64(claims())}."
FORGED = {
    "no algorithm": UNSIGNED,
    "no algorithm, in other letters": f"{b64(json.dumps(HEADER | {'alg': 'nOnE'}).encode())}.{b64(claims())}.",
    "no signature": token().rsplit(".", 1)[0] + ".",
    "two parts": token().rsplit(".", 1)[0],
    "a detached payload": "{0}..{2}".format(*token().split(".")),
    "somebody else's key under the right name": token(rsa_key("other"), header={"kid": "rsa-1"}),
    "a key that is not published": token(rsa_key("other")),
    "another curve's key under the name": token(ec_key(), "ES256", header={"kid": "rsa-1"}),
    "an RSA signature under the name of a curve's key": token(header={"kid": "ec-1"}),
    "an algorithm that the key is not for": token(header={"kid": "ed-1", "alg": "ES256"}),
    "HS256 with the public key as its secret": assembled(
        HEADER | {"alg": "HS256"}, CLAIMS, OctKey(PUBLIC_PEM, PUBLIC_PEM), "HS256"
    ),
    "an embedded key": token(MINE, "ES256", header={"jwk": MINE.as_dict(private=False)}),
    "an embedded key under a good name": token(
        MINE, "ES256", header={"jwk": MINE.as_dict(private=False), "kid": "ec-1"}
    ),
    "a key elsewhere": token(MINE, "ES256", header={"jku": "https://evil.example/jwks", "kid": "mine"}),
    "a certificate elsewhere": token(MINE, "ES256", header={"x5u": "https://evil.example/crt", "kid": "ec-1"}),
    "a name that is a path": token(MINE, "ES256", header={"kid": "../../../dev/null"}),
    "a name that is a query": token(MINE, "ES256", header={"kid": "' UNION SELECT 'AA' --"}),
    "a name with a line break": token(header={"kid": "rsa-1\nadmin"}),
    "a long name": token(header={"kid": "k" * 257}),
    "a name that is no text": token(header={"kid": ["rsa-1"]}),
    "an extension that must be understood": token(header={"crit": ["exp"], "exp": 1}),
    "unencoded content": token(header={"crit": ["b64"], "b64": False}),
    "a logout token": token(header={"typ": "logout+jwt"}),
    "expired": token(exp=int(NOW) - 31),
    "without an end": token(exp=None),
    "an end that is no number": token(exp="never"),
    "an end that is not finite": assembled(HEADER, claims(exp=float("inf")), rsa_key(), "RS256"),
    "an end that is no number as IEEE has it": assembled(HEADER, claims(exp=float("nan")), rsa_key(), "RS256"),
    "an end that is true": token(exp=True),
    "not valid yet": token(nbf=int(NOW) + 31),
    "made in the future": token(iat=int(NOW) + 31),
    "for another service": token(aud="https://payments.example"),
    "for no service": token(aud=None),
    "for a part of our name": token(aud=AUDIENCE[:-1]),
    "of another issuer": token(iss="https://login.example.evil"),
    "of no issuer": token(iss=None),
    "of a list of issuers": token(iss=["https://login.example"]),
    "about nobody": token(sub=None),
    "about a number": token(sub=17),
    "about a line of a log": token(sub='u-17\n{"level":"error"}'),
    "of a kind that the issuer may not name": token(retailgraph_audience="operations"),
    "a header that is a list": assembled([], CLAIMS, rsa_key(), "RS256"),
    "claims that are a list": assembled(HEADER, [CLAIMS], rsa_key(), "RS256"),
    "a header that is not JSON": assembled(b"{'alg': 'RS256'}", CLAIMS, rsa_key(), "RS256"),
    "claims that are not UTF-8": assembled(HEADER, claims()[:-1] + b', "x": "\xff\xfe"}', rsa_key(), "RS256"),
    "a header of a thousand depths": assembled(
        b'{"alg":"RS256","kid":"rsa-1","x":' + b"[" * 1100 + b"]" * 1100 + b"}", CLAIMS, rsa_key(), "RS256"
    ),
    "a header of more depths than a stack": assembled(
        b'{"alg":"RS256","kid":"rsa-1","x":' + b"[" * 2500, CLAIMS, rsa_key(), "RS256"
    ),
    "an encrypted token": ".".join([token(), "AAAA", "AAAA"]),
    "padding": token() + "=",
    "a byte that is no base64url": token()[:-4] + "+" + token()[-3:],
    "a length that no base64 has": token() + "AAA",
    "eight kibibytes": token(filler="x" * 8200),
}


@pytest.mark.parametrize("what", FORGED)
async def test_a_forged_token_is_refused(what: str) -> None:
    """Each forgery is a coded refusal that repeats nothing of the token, and asks nobody but the issuer for keys."""
    publisher = Publisher(public(rsa_key(), ec_key(), ed_key()))
    told = await refused(FORGED[what], publisher, refetch_every_s=0.001)
    assert told.code in {"UNAUTHENTICATED", "TOKEN_EXPIRED"}
    assert told.challenge.startswith("Bearer ")
    assert "login.example" not in str(told)
    assert len(str(told)) < 150
    assert {str(url) for url in publisher.asked} <= {JWKS_URL}


async def test_an_embedded_key_is_ignored_and_not_feared() -> None:
    """What a good token says beside is not read: it is as good with an embedded key and an address as without."""
    said = {"jwk": MINE.as_dict(private=False), "jku": "https://evil.example/jwks", "x5u": "https://evil.example/crt"}
    publisher = Publisher(public(rsa_key()))
    async with doorkeeper(publisher) as keeper:
        assert (await keeper.caller(bearer(token(header=said)))).subject == "login:u-17"
    assert {str(url) for url in publisher.asked} == {JWKS_URL}


@pytest.mark.parametrize("name", ["a name with a line break", "a long name"])
async def test_a_name_that_no_key_has_asks_nobody(name: str) -> None:
    """What cannot be the name of a key is refused without fetching keys for it."""
    publisher, monotonic = Publisher(public(rsa_key())), Time(0)
    async with doorkeeper(publisher, monotonic=monotonic) as keeper:
        await keeper.caller(bearer(token()))
        monotonic.now = 10
        with pytest.raises(Unauthenticated):
            await keeper.caller(bearer(FORGED[name]))
        assert len(publisher.asked) == 1
        with pytest.raises(Unauthenticated):
            await keeper.caller(bearer(FORGED["a key that is not published"]))
        assert len(publisher.asked) == 2


@pytest.mark.parametrize("text", [f"{token()}.AAAA", token().rsplit(".", 1)[0]])
def test_a_token_has_three_parts(text: str) -> None:
    """More or fewer are no signed token."""
    with pytest.raises(Unauthenticated):
        read_token(text)


def test_claims_name_the_issuer_that_is_asked_for() -> None:
    """Whoever looked the issuer up, its claims are checked to name it."""
    with pytest.raises(Unauthenticated):
        check_claims(CLAIMS | {"iss": "https://login.example.evil"}, ISSUER, AUDIENCE, NOW, 0)


async def test_an_algorithm_that_was_not_chosen_is_refused() -> None:
    """A token that the issuer's own key has signed, in a way the settings do not list, is refused."""
    await refused(token(algorithm="RS256"), algorithms=["PS256"])
    await refused(token(ec_key(), "ES256"), algorithms=["RS256"])


async def test_a_key_is_used_for_its_own_algorithm_alone() -> None:
    """A key that is published for PS256 verifies no RS256."""
    publisher = Publisher(public(rsa_key(), alg="PS256"))
    await refused(token(algorithm="RS256"), publisher)
    async with doorkeeper(Publisher(public(rsa_key(), alg="PS256"))) as keeper:
        assert (await keeper.caller(bearer(token(algorithm="PS256")))).subject == "login:u-17"


def test_a_public_key_is_never_a_secret() -> None:
    """Were HS256 let past the list of algorithms, the key itself would still refuse to check it."""
    key = VerificationKey(rsa_key(), frozenset({"RS256"}), rsa_key().thumbprint())
    with pytest.raises(Unauthenticated):
        check_signature(read_token(FORGED["HS256 with the public key as its secret"]), key)


async def test_clocks_may_differ_by_the_leeway_and_no_more() -> None:
    """A token is good until `leeway_s` after its end, also when it is known already, and from `leeway_s` before."""
    clock = Time()
    ends, begins = token(exp=int(NOW) + 10), token(nbf=int(NOW) + 40)
    async with doorkeeper(clock=clock, leeway_s=30) as keeper:
        await keeper.caller(bearer(ends))
        with pytest.raises(Unauthenticated):
            await keeper.caller(bearer(begins))
        clock.now += 10
        await keeper.caller(bearer(begins))
        clock.now += 29
        await keeper.caller(bearer(ends))
        clock.now += 1
        with pytest.raises(CredentialExpired):
            await keeper.caller(bearer(ends))


GOOD = token()


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.integers(0, len(GOOD) - 1),
    put=st.text("ABCDEFGHabcdefgh0123456789-_.=+/", max_size=3),
    taken=st.integers(0, 3),
)
async def test_no_other_text_is_as_good(place: int, put: str, taken: int) -> None:
    """Whatever is put into a good token, or taken out of it, it is refused unless it is the same again."""
    text = GOOD[:place] + put + GOOD[place + taken :]
    async with doorkeeper(refetch_every_s=0.001) as keeper:
        if text == GOOD:
            assert (await keeper.caller(bearer(text))).subject == "login:u-17"
            return
        with pytest.raises(Unauthenticated):
            await keeper.caller(bearer(text))


async def test_the_last_letter_has_one_way_of_writing() -> None:
    """The two bits at the end of a signature that mean nothing are zero: else a token would have several texts."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = letters[letters.index(GOOD[-1]) + 1]
    await refused(GOOD[:-1] + other)


@settings(max_examples=200)
@given(
    st.fixed_dictionaries(
        {"alg": st.sampled_from(["none", "RS256", "ES256", "HS256", "EdDSA", ""])},
        optional={
            "kid": st.sampled_from(["rsa-1", "ec-1", "ed-1", "mine", ""]),
            "typ": st.sampled_from(["JWT", "at+jwt", "dpop+jwt"]),
            "jwk": st.just(MINE.as_dict(private=False)),
            "jku": st.just("https://evil.example/jwks"),
            "x5c": st.just(["AAAA"]),
            "crit": st.just(["b64"]),
        },
    ),
    st.sampled_from([(MINE, "ES256"), (rsa_key("other"), "RS256"), (OctKey(PUBLIC_PEM, PUBLIC_PEM), "HS256")]),
)
async def test_no_header_makes_a_strangers_signature_count(header: dict[str, Any], by: tuple[Any, str]) -> None:
    """Whatever the header says, a token that none of the issuer's keys has signed is refused."""
    await refused(assembled(header, CLAIMS, *by), refetch_every_s=0.001)
