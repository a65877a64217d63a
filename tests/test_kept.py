"""The house with its pantry, over real HTTP: what is asked again, what is not, and what stands in for a failure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from domains.sandbox import Sandbox
from tests.running import Asked, gateway_running, sandbox_running

STOCK = '{ product(sku: "%s") { name availability(locations: ["store-001"]) { status freshness { tier } } } }'
BALANCE = """{ customer(id: "cust-00001") { loyalty { balance {
  available { value } held { value } freshness { tier source } } } } }"""
HOLD = """mutation { loyaltyRedemptionHold(input: {membershipId: "mem-00001", points: "10", idempotencyKey: "kept"}) {
  ... on LoyaltyRedemption { id state } ... on Refusal { code message } } }"""
TOKEN = "till"
ASSOCIATE = f"""
[[identity.tokens]]
sha256 = "{hashlib.sha256(TOKEN.encode()).hexdigest()}"
subject = "till"
audience = "associate"
[cache.freshness."inventory.stock"]
fresh_s = 0
"""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with sandbox_running() as running:
        yield running


@pytest.fixture
def asked(sandbox: Sandbox, tmp_path: Path) -> Iterator[Asked]:
    with gateway_running(sandbox.urls, tmp_path, ASSOCIATE) as running:
        yield running


def tiers(answer: dict[str, object]) -> str:
    product = answer["product"]
    assert isinstance(product, dict)
    tier: str = product["availability"][0]["freshness"]["tier"]
    return tier


def test_what_was_just_asked_is_not_asked_again(asked: Asked) -> None:
    """The first answer is LIVE, the second FRESH and costs no call."""
    place = '{ location(id: "store-001") { name } }'
    assert asked.ask(place)["extensions"]["freshness"]["tier"] == "LIVE"
    asked.reset()
    assert asked.ask(place)["extensions"]["freshness"]["tier"] == "FRESH"
    assert asked.calls() == {}


def test_a_stopped_system_is_answered_for_by_what_is_known(asked: Asked, sandbox: Sandbox) -> None:
    """With the OMS gone, stock that was seen stands and is marked; an order never seen is null with a typed error."""
    seen = asked.data(STOCK % "SKU-00003", token=TOKEN)
    sandbox.stop("OMS")
    again = asked.data(STOCK % "SKU-00003", token=TOKEN)
    assert tiers(seen) == "LIVE"
    assert tiers(again) in {"STALE_OK", "STALE_DEGRADED"}
    unknown = asked.ask('{ order(id: "ord-000004") { status } }', token=TOKEN)
    assert unknown["data"] == {"order": None}
    assert unknown["errors"][0]["extensions"]["system"] == "OMS"


def test_products_are_answered_without_the_erp(asked: Asked, sandbox: Sandbox) -> None:
    """With the ERP gone, a product nobody has asked for yet is answered from the projection; the books are not."""
    sandbox.stop("ERP")
    product = asked.data('{ product(sku: "SKU-01999") { name listPrice { amount } freshness { source } } }')["product"]
    assert product["freshness"] == {"source": "erp:projection"}
    books = asked.ask('{ order(id: "ord-000001") { orderNumber financialSummary { paid { amount } } } }', token=TOKEN)
    assert books["data"]["order"]["orderNumber"]
    assert books["data"]["order"]["financialSummary"] is None
    assert books["errors"][0]["extensions"]["system"] == "ERP"


def test_a_write_makes_what_it_changed_forgotten(asked: Asked) -> None:
    """A balance read before a hold is not the one read after it, however fresh."""
    before = asked.data(BALANCE, token=TOKEN)["customer"]["loyalty"]["balance"]
    assert asked.data(HOLD, token=TOKEN)["loyaltyRedemptionHold"]["state"] == "HELD"
    after = asked.data(BALANCE, token=TOKEN)["customer"]["loyalty"]["balance"]
    assert float(after["available"]["value"]) == float(before["available"]["value"]) - 10
    assert after["freshness"] == {"tier": "LIVE", "source": "loyalty:open"}


def test_private_answers_are_kept_for_their_owner_alone(asked: Asked) -> None:
    """A caller with a name is answered from what was loaded for it; a nameless one always asks."""
    asked.data(BALANCE, token=TOKEN)
    asked.reset()
    asked.data(BALANCE, token=TOKEN)
    assert asked.calls() == {}
    asked.data(BALANCE)
    asked.data(BALANCE)
    assert asked.calls()["CRM"] == {"POST /v1/customers/lookup": 2}
