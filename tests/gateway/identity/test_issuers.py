"""What the words of an issuer become here, and how long a verdict on a token is believed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import OctKey

from gateway.identity import ANONYMOUS, Unauthenticated
from gateway.identity.doorkeeper import Doorkeeper
from gateway.identity.issuers import Issuers
from gateway.identity.settings import Identity
from resolvers.context import Caller
from tests.gateway.identity.minting import (
    CLAIMS,
    ISSUER,
    JWKS_URL,
    NOW,
    Publisher,
    Time,
    assembled,
    bearer,
    doorkeeper,
    issuer_settings,
    public,
    rsa_key,
    token,
)


async def caller_of(text: str, **given: Any) -> Caller:
    async with doorkeeper(**given) as keeper:
        return await keeper.caller(bearer(text))


async def test_every_claim_reaches_the_caller() -> None:
    """Subject, kind, scopes, customer, store, region and channel are read from their claims."""
    said: dict[str, Any] = {
        "retailgraph_customer": "cust-00001",
        "retailgraph_region": "eu",
        "retailgraph_channel": "MARKET",
    }
    caller = await caller_of(token(**said, scope=None, scp=["a", "b"]))
    scopes = frozenset({"a", "b"})
    assert caller == Caller("login:u-17", "associate", scopes, caller.customer_id, caller.store_id, "eu", "MARKET")
    assert (caller.customer_id, caller.store_id) == ("cust-00001", "store-017")


async def test_claims_may_have_other_names() -> None:
    """Where the settings say so, the customer is the subject, and the store stands in somebody's own claim."""
    names = {"customer": "sub", "store": "https://shop.example/store", "audience": "role", "scopes": ["permissions"]}
    said: dict[str, Any] = {"https://shop.example/store": "store-003", "role": "storefront", "permissions": ["returns"]}
    caller = await caller_of(token(**said), claims=names)
    assert (caller.customer_id, caller.store_id, caller.audience) == ("u-17", "store-003", "storefront")
    assert caller.scopes == {"returns"}


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"retailgraph_audience": None}, "storefront"),
        ({"retailgraph_audience": None, "azp": "till-app"}, "associate"),
        ({"retailgraph_audience": "storefront", "client_id": "till-app"}, "associate"),
        ({"retailgraph_audience": "associate", "azp": "shop", "client_id": "till-app"}, "storefront"),
        ({"retailgraph_audience": "associate", "azp": "unknown"}, "associate"),
        ({"retailgraph_audience": "associate/outlet"}, "associate/outlet"),
    ],
)
async def test_the_kind_of_caller_follows_from_the_client_then_the_claim(said: dict[str, Any], kind: str) -> None:
    """A client that is listed decides, else the claim does, else it is the issuer's usual kind."""
    by_client = {"till-app": "associate", "shop": "storefront"}
    assert (await caller_of(token(**said), by_client=by_client)).audience == kind


@pytest.mark.parametrize(
    "said",
    [
        {"retailgraph_audience": "operations"},
        {"retailgraph_audience": "operations/associate"},
        {"retailgraph_audience": ["associate"]},
        {"retailgraph_customer": 17},
        {"retailgraph_store": ""},
        {"retailgraph_region": "e\nu"},
        {"scope": 7},
        {"scope": ["a", 7]},
        {"scope": " ".join(map(str, range(101)))},
        {"sub": "x" * 256},
        {"azp": {"id": "till-app"}},
    ],
)
async def test_a_claim_of_the_wrong_kind_is_refused(said: dict[str, Any]) -> None:
    """Claims are names and lists of names; nothing else becomes a part of a caller."""
    with pytest.raises(Unauthenticated):
        await caller_of(token(**said))


async def test_an_issuer_speaks_for_its_own_callers_alone() -> None:
    """Two issuers may use the same subject: the callers differ, and neither key signs for the other."""
    other = issuer_settings(name="staff", issuer="https://staff.example", jwks_url="https://staff.example/jwks")
    sets = {JWKS_URL: public(rsa_key("a")), other["jwks_url"]: public(rsa_key("b"))}
    publisher = Publisher({})

    class Both(Publisher):
        def answer(self, request: Any) -> Any:
            self.document = sets[str(request.url)]
            return super().answer(request)

    settings = Identity.model_validate({"issuers": [issuer_settings(), other]})
    keeper = Doorkeeper(settings, "sqlite:///nowhere.db", client=Both(publisher.document).client(), clock=Time())
    async with keeper.running():
        ours = await keeper.caller(bearer(token(rsa_key("a"))))
        theirs = await keeper.caller(bearer(token(rsa_key("b"), iss="https://staff.example")))
        assert (ours.subject, theirs.subject) == ("login:u-17", "staff:u-17")
        for key, iss in (("a", "https://staff.example"), ("b", ISSUER)):
            with pytest.raises(Unauthenticated):
                await keeper.caller(bearer(token(rsa_key(key), iss=iss, header={"kid": "a"})))


async def test_a_shared_secret_signs_where_no_keys_are_published(tmp_path: Path) -> None:
    """With a secret file HS256 is verified, whatever the token calls the key; another secret is not."""
    path = tmp_path / "secret"
    path.write_bytes(b"0123456789abcdef0123456789abcdef\n")
    header = {"alg": "HS256", "kid": "whatever"}
    given = {"jwks_url": None, "secret_file": str(path), "algorithms": ["HS256"]}
    good = assembled(header, CLAIMS, OctKey.import_key(b"0123456789abcdef0123456789abcdef"), "HS256")
    assert (await caller_of(good, **given)).subject == "login:u-17"
    with pytest.raises(Unauthenticated):
        await caller_of(assembled(header, CLAIMS, OctKey.import_key(b"x" * 32), "HS256"), **given)
    with pytest.raises(Unauthenticated):
        await caller_of(token(), **given)


class Counting(Issuers):
    """Counts how many tokens were verified."""

    judged = 0

    async def _judged(self, *token: Any) -> Caller:
        self.judged += 1
        return await super()._judged(*token)


async def test_a_token_is_verified_once() -> None:
    """What is known of a token is believed until the token ends, and no longer; other tokens do not push it out."""
    clock, publisher = Time(), Publisher(public(rsa_key()))
    async with doorkeeper(publisher, clock=clock) as keeper:
        issuers = Counting(keeper._issuers._issuers.values(), verdicts_max=2, verdict_s=1e6, clock=clock)
        for _ in range(5):
            await issuers.caller(token(), b"digest")
        assert issuers.judged == 1
        clock.now = NOW + 600 + 30
        with pytest.raises(Unauthenticated):
            await issuers.caller(token(), b"digest")
        clock.now = NOW
        for digest in (b"1", b"2", b"3"):
            await issuers.caller(token(), digest)
        assert len(issuers._verdicts) == 2


async def test_a_verdict_ends_with_its_key() -> None:
    """Once the set that is at hand has the key no more, or another one under its name, the token is refused."""
    publisher = Publisher(public(rsa_key()))
    for instead in (public(rsa_key("b")), {"keys": [{**rsa_key("b").as_dict(private=False), "kid": "rsa-1"}]}):
        publisher.document = public(rsa_key())
        monotonic = Time(0)
        async with doorkeeper(publisher, monotonic=monotonic, fresh_s=100) as keeper:
            assert await keeper.caller(bearer(token())) != ANONYMOUS
            publisher.document = instead
            monotonic.now = 79
            assert await keeper.caller(bearer(token())) != ANONYMOUS
            monotonic.now = 100
            with pytest.raises(Unauthenticated):
                await keeper.caller(bearer(token()))
