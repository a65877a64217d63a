"""Personal data over HTTP: masked, withheld without consent, and kept in its region."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from domains.sandbox import Sandbox
from tests.running import Asked, Json, gateway_running, sandbox_running, until

ADA, CLERK, READER, OPS, WEB = "ada", "clerk", "reader", "ops", "web"
EVA, UMA, MARS, DESK_EU = "eva", "uma", "mars", "desk-eu"
WHO = {
    ADA: 'customer = "cust-00001"',
    CLERK: 'audience = "associate"\nstore = "store-007"',
    READER: 'audience = "associate"\nscopes = ["pii:read"]',
    OPS: 'audience = "operations"',
    WEB: 'audience = "partner/marketplace"\nchannel = "WEB"',
    EVA: 'customer = "cust-00002"\nregion = "eu"',
    UMA: 'customer = "cust-00002"',
    MARS: 'customer = "cust-00002"\nregion = "mars"',
    DESK_EU: 'audience = "associate"\nregion = "eu"\nscopes = ["pii:read"]',
}
TOKENS = "".join(
    f'[[identity.tokens]]\nsha256 = "{hashlib.sha256(name.encode()).hexdigest()}"\nsubject = "{name}"\n{who}\n'
    for name, who in WHO.items()
)
SHOPPERS = '[identity.anonymous]\naudience = "storefront"\n'
PEOPLE = [f"cust-{number:05}" for number in range(1, 41)]
ME = "{ me { displayName email phone segments } }"
SOMEBODY = "query($id: ID!) { customer(id: $id) { displayName email phone segments consents { purpose state } } }"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with sandbox_running() as running:
        yield running


@pytest.fixture(scope="module")
def europe() -> Iterator[Sandbox]:
    """Another CRM, with other people under the same ids."""
    with Sandbox.start({"CRM": 0}, seed=2, latency_scale=0.0) as running:
        yield running


@pytest.fixture(scope="module")
def asked(sandbox: Sandbox, europe: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    regions = f'[systems.crm.regions.eu]\nurl = "{europe.urls["CRM"]}"\n'
    with gateway_running(sandbox.urls, tmp_path_factory.mktemp("privacy"), regions + TOKENS, SHOPPERS) as running:
        yield running


def profile(sandbox: Sandbox, id_: str) -> Json:
    """What a CRM itself says of a customer."""
    body = {"customerIds": [id_]}
    (found,) = httpx.post(f"{sandbox.urls['CRM']}/v1/customers/lookup", json=body, trust_env=False).json()["items"]
    said: Json = found
    return said


@contextmanager
def failing(sandbox: Sandbox, *systems: str, **faults: object) -> Iterator[None]:
    """The systems fail in a way of `faults` until the context ends."""
    try:
        for system in systems:
            httpx.post(f"{sandbox.urls[system]}/_sandbox/faults", json=faults, trust_env=False).raise_for_status()
        yield
    finally:
        for system in systems:
            httpx.delete(f"{sandbox.urls[system]}/_sandbox/faults", trust_env=False)


def asked_of(sandbox: Sandbox) -> dict[str, int]:
    """How often its CRM was asked for customers since the last time."""
    calls: dict[str, int] = httpx.get(f"{sandbox.urls['CRM']}/_sandbox/calls", trust_env=False).json()
    httpx.delete(f"{sandbox.urls['CRM']}/_sandbox/calls", trust_env=False)
    return calls


# ---- masks


def test_everybody_reads_what_is_their_own_and_staff_what_they_need(asked: Asked, sandbox: Sandbox) -> None:
    """A customer reads their own; an associate the name; operations initials; who has pii:read everything."""
    told = profile(sandbox, "cust-00001")
    name, email, phone = told["displayName"], told["email"], told["phone"]
    given = {"id": "cust-00001"}
    mine = asked.data(ME, token=ADA)["me"]
    assert (mine["displayName"], mine["email"], mine["phone"]) == (name, email, phone)
    whole = asked.data(SOMEBODY, given, READER)["customer"]
    assert (whole["displayName"], whole["email"], whole["phone"]) == (name, email, phone)
    served = asked.data(SOMEBODY, given, CLERK)["customer"]
    assert (served["displayName"], served["email"], served["phone"]) == (name, "a***@e***.com", f"***{phone[-2:]}")
    assert served["segments"] == told["segments"]
    kept = asked.data(SOMEBODY, given, OPS)["customer"]
    assert (kept["displayName"], kept["email"], kept["segments"]) == ("A. K.", "a***@e***.com", None)


def test_a_mask_holds_by_every_way_to_a_field(asked: Asked) -> None:
    """As a node, as an entity, behind an order, under an alias and in a fragment it is the same field."""
    text = """query($order: ID!) { node(id: "Customer:cust-00001") { ...Them }
      _entities(representations: [{__typename: "Customer", id: "cust-00001"}]) { ...Them }
      order(id: $order) { customer { ...Them } } }
      fragment Them on Customer { reach: email phone }"""
    nodes = asked.data('{ customer(id: "cust-00001") { orders(first: 1) { nodes { id } } } }', token=CLERK)
    data = asked.data(text, {"order": nodes["customer"]["orders"]["nodes"][0]["id"]}, CLERK)
    seen = [data["node"], *data["_entities"], data["order"]["customer"]]
    assert seen == [{"reach": "a***@e***.com", "phone": seen[0]["phone"]}] * 3
    assert seen[0]["phone"].startswith("***")


# ---- consent


def test_without_a_consent_to_marketing_nobody_is_told_of_segments(asked: Asked, sandbox: Sandbox) -> None:
    """Of forty customers those are shown who agreed and did not take it back, to staff as to anybody else."""
    shown, agreed = {}, {}
    for id_ in PEOPLE:
        found = asked.data(SOMEBODY, {"id": id_}, READER)["customer"]
        shown[id_] = found["segments"]
        wanted = {one["state"] for one in found["consents"] if one["purpose"] == "marketing"}
        agreed[id_] = profile(sandbox, id_)["segments"] if "OPTED_IN" in wanted else None
    assert shown == agreed
    assert None in shown.values()
    assert any(shown.values())
    withheld = next(id_ for id_, segments in shown.items() if segments is None)
    assert all(asked.data(SOMEBODY, {"id": withheld}, who)["customer"]["segments"] is None for who in (CLERK, OPS))


# ---- regions


def test_a_customer_is_read_in_their_region_and_in_no_other(asked: Asked, sandbox: Sandbox, europe: Sandbox) -> None:
    """The same id is somebody else there; no other CRM hears of the question, also when a cache could answer it."""
    here, there = profile(sandbox, "cust-00002"), profile(europe, "cust-00002")
    assert here["displayName"] != there["displayName"]
    for _ in range(2):
        for who, own, mine, others in ((EVA, there, europe, sandbox), (UMA, here, sandbox, europe)):
            asked_of(sandbox), asked_of(europe)
            assert asked.data(ME, token=who)["me"]["displayName"] == own["displayName"]
            assert asked_of(others) == {}
            asked_of(mine)
    text = "query($email: String!) { customer(email: $email) { id displayName } }"
    assert asked.data(text, {"email": there["email"]}, DESK_EU)["customer"]["displayName"] == there["displayName"]
    assert asked_of(sandbox) == {}


def test_a_region_that_nobody_serves_is_answered_by_nobody(asked: Asked, sandbox: Sandbox, europe: Sandbox) -> None:
    """Null with a code, and neither CRM is asked."""
    asked_of(sandbox), asked_of(europe)
    answer = asked.ask(ME, token=MARS)
    assert answer["data"] == {"me": None}
    assert answer["errors"][0]["extensions"]["code"] == "REGION_NOT_SERVED"
    assert answer["errors"][0]["extensions"]["retryable"] is False
    assert (asked_of(sandbox), asked_of(europe)) == ({}, {})


def test_staff_without_a_region_find_customers_of_all(asked: Asked, sandbox: Sandbox, europe: Sandbox) -> None:
    """Home is asked first; an address that it does not know is found in the other region."""
    there = profile(europe, "cust-00033")
    text = "query($email: String!) { customer(email: $email) { id } }"
    asked_of(sandbox), asked_of(europe)
    assert asked.data(text, {"email": there["email"]}, CLERK)["customer"] == {"id": "Customer:cust-00033"}
    assert asked_of(sandbox)["POST /v1/customers/resolve"] == 1
    assert asked_of(europe) == {"POST /v1/customers/resolve": 1}


def test_an_outage_of_one_region_is_nobody_elses(asked: Asked, sandbox: Sandbox, europe: Sandbox) -> None:
    """With the European CRM down until its breaker opens, home answers everybody it knows, and its own breaker stays
    shut."""
    text = "query($id: ID!) { customer(id: $id) { displayName } }"
    with failing(europe, "CRM", reset=1):
        for number in range(100, 140):
            answer = asked.ask(text, {"id": f"cust-{number:05}"}, DESK_EU)
        assert answer["errors"][0]["extensions"]["code"] in {"UPSTREAM_BREAKER_OPEN", "UPSTREAM_UNREACHABLE"}
        for number in range(200, 210):
            id_ = f"cust-{number:05}"
            found = asked.data(text, {"id": id_}, CLERK)["customer"]
            assert found["displayName"] == profile(sandbox, id_)["displayName"]

    def back() -> Json | None:
        there = asked.ask(text, {"id": "cust-00141"}, DESK_EU)
        return None if "errors" in there else there

    until(back, "the European CRM")
