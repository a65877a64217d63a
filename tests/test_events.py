"""Events over real HTTP: told by the systems, kept before they are acknowledged, seen in the next answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from domains.sandbox import Sandbox
from tests.gateway.events.posting import KEY, SECRET, cloud_event, signed
from tests.running import Asked, Json, gateway_running, sandbox_running, until

SOURCES = "".join(f'[events.sources.{role}]\nsystem = "{role}"\nsecrets = ["{SECRET}"]\n' for role in ("erp", "oms"))
# Kept for so long that only an event can make an answer change.
STILL = """[projection]
calls_per_s = 1000
delta_every_s = 3600
[cache.freshness."products.by_sku"]
fresh_s = 3600
[cache.freshness."inventory.stock"]
fresh_s = 3600
"""
PRICE = '{ product(sku: "SKU-00003") { listPrice { amount } } }'


@pytest.fixture(scope="module")
def systems() -> Iterator[Sandbox]:
    with sandbox_running() as sandbox:
        yield sandbox


@pytest.fixture
def gateway(systems: Sandbox, tmp_path: Path) -> Iterator[Asked]:
    with gateway_running(systems.urls, tmp_path, SOURCES + STILL) as asked:
        yield asked


def listen(asked: Asked, systems: Sandbox, role: str, **more: object) -> None:
    """Have a system tell the gateway what happens there."""
    told = {"url": f"{asked.http.base_url}/events/{role.lower()}", "secret": SECRET, **more}
    httpx.post(f"{systems.urls[role]}/_sandbox/webhook", json=told, trust_env=False).raise_for_status()


def post(asked: Asked, source: str, headers: dict[str, str], body: bytes) -> httpx.Response:
    return asked.http.post(f"/events/{source}", content=body, headers=headers)


def price(asked: Asked) -> str:
    amount: str = asked.data(PRICE)["product"]["listPrice"]["amount"]
    return amount


@pytest.mark.parametrize("weather", [{}, {"duplicate": 1.0, "reorder": True}])
def test_a_price_change_is_seen_without_a_refresh(gateway: Asked, systems: Sandbox, weather: Json) -> None:
    """The ERP tells a price, twice and out of order if it must; the projection and the cache have it, and no older one
    comes back."""
    listen(gateway, systems, "ERP", **weather)
    before = price(gateway)
    for amount in ("1.23", "2.34", f"{3 if before != '3.45' else 4}.45"):
        body = {"sku": "SKU-00003", "listPrice": {"amount": amount, "currencyCode": "EUR"}}
        httpx.post(f"{systems.urls['ERP']}/_sandbox/products", json=body, trust_env=False).raise_for_status()
    until(lambda: price(gateway) == amount or None, "the last price")


def test_stock_that_the_oms_counts_anew_is_asked_for_again(gateway: Asked, systems: Sandbox) -> None:
    """A reservation made at the OMS by somebody else shows in the next answer, though the old one was still fresh."""
    listen(gateway, systems, "OMS")
    query = '{ product(sku: "SKU-00003") { availability(locations: ["dc-001"]) { reserved } } }'

    def reserved() -> object:
        return gateway.data(query)["product"]["availability"][0]["reserved"]

    before = reserved()
    draft = {"kind": "SOFT", "lines": [{"sku": "SKU-00003", "locationId": "dc-001", "quantity": "1"}], "ttlS": 600}
    headers = {"Idempotency-Key": "somebody-else"}
    taken = httpx.post(f"{systems.urls['OMS']}/v1/reservations", json=draft, headers=headers, trust_env=False)
    taken.raise_for_status()
    until(lambda: reserved() != before or None, "the new count")


def test_an_event_is_acknowledged_once_it_is_kept_and_taken_once(gateway: Asked) -> None:
    """The same event twice is two acknowledgements and one event."""
    headers, body = signed(cloud_event("only-once"), at=time.time())
    first, second = post(gateway, "erp", headers, body), post(gateway, "erp", headers, body)
    assert (first.status_code, first.json()) == (202, {"accepted": 1, "repeated": 0})
    assert (second.status_code, second.json()) == (202, {"accepted": 0, "repeated": 1})


def test_what_is_not_signed_is_refused_and_leaves_nothing(gateway: Asked) -> None:
    """No signature, another's, and a source that nobody named are the same 401, with a code and what to do."""
    headers, body = signed(cloud_event(), at=time.time())
    unsigned = {"content-type": headers["content-type"]}
    for source, sent in (("erp", unsigned), ("erp", headers | {"webhook-id": "x"}), ("nobody", headers)):
        answer = post(gateway, source, sent, body)
        assert (answer.status_code, answer.json()["code"]) == (401, "NOT_AUTHENTIC")


def test_an_event_that_cannot_be_read_is_kept_for_a_person(gateway: Asked) -> None:
    """A signed body that is no event is acknowledged, and says why it was not taken."""
    headers, body = signed(b'{"specversion":"1.0"}', at=time.time())
    answer = post(gateway, "erp", headers, body)
    assert answer.status_code == 202
    assert answer.json()["unreadable"] == 1
    assert "missing required field" in answer.json()["why"]


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(gateway: Asked) -> None:
    """A body of more than 256 KiB is 413, however well it is signed."""
    headers, body = signed(b" " * (256 * 1024 + 1), at=time.time(), key=KEY)
    assert post(gateway, "erp", headers, body).status_code == 413
