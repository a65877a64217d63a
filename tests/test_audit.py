"""The audit log of a running gateway: whatever changes something, by whichever way it came, can be told later."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from domains.sandbox import Sandbox
from tests.running import ROOT, Asked, Json, gateway_running, sandbox_running
from tests.streaming import ADA, CLERK, KEYS, RESERVE, SHOPPERS, TOKENS, socket

SETTINGS = "[http]\nbatch_max = 4\n[durable]\nworkers_in_serve = false\n"
PROXIED = 'trusted_proxies = ["127.0.0.1"]\n'
FORWARDED = {"X-Forwarded-For": "9.9.9.9, 203.0.113.7, 127.0.0.1"}


@dataclass(frozen=True)
class Shop:
    asked: Asked
    config: Path

    @property
    def url(self) -> str:
        return str(self.asked.http.base_url).rstrip("/")

    def post(self, body: object, who: str | None = ADA, **headers: str) -> httpx.Response:
        named = {} if who is None else {"Authorization": f"Bearer {who}"}
        return self.asked.http.post("/graphql", json=body, headers={**named, **headers})

    def records(self, *arguments: str) -> list[Json]:
        return [json.loads(line) for line in self.exported("--json", *arguments).splitlines()]

    def exported(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "gateway", "audit", "export", "--config", str(self.config), *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with sandbox_running() as running:
        yield running


@pytest.fixture(scope="module")
def shop(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Behind a proxy on this machine."""
    folder = tmp_path_factory.mktemp("audit")
    with gateway_running(sandbox.urls, folder, TOKENS + SETTINGS, SHOPPERS, server=PROXIED) as asked:
        yield Shop(asked, folder / "retailgraph.toml")


def reserve(sku: str = "SKU-00011", quantity: str = "1", **more: object) -> Json:
    line = {"sku": sku, "quantity": quantity, "locationId": "store-001"}
    return {"query": RESERVE, "variables": {"input": {"lines": [line], **more}}}


def test_a_change_is_on_record_when_it_is_answered(shop: Shop) -> None:
    """Who, from where, under which ids and with what outcome: there as soon as the caller knows."""
    key = next(KEYS)
    answer = shop.post(reserve(idempotencyKey=key), **FORWARDED, **{"X-Correlation-Id": "audit-1"})
    assert answer.json()["data"]["inventoryReservationCreate"]["__typename"] == "InventoryReservation"
    (record,) = [one for one in shop.records() if one["correlation_id"] == "audit-1"]
    assert (record["subject"], record["audience"], record["customer"]) == (ADA, "storefront", "cust-00001")
    assert record["client"] == "203.0.113.7"
    assert (record["coordinate"], record["outcome"]) == ("Mutation.inventoryReservationCreate", "ACCEPTED")
    assert (record["key"], record["answer"], record["replayed"]) == (key, "InventoryReservation", False)
    assert record["named"]["id"]
    assert "SKU-00011" not in json.dumps(record)


def test_refusals_repeats_and_failures_are_told_apart(shop: Shop, sandbox: Sandbox) -> None:
    """A repeat is marked, a refusal has its type, an error its code; a key in the header is a key."""
    headers = {"X-Correlation-Id": "audit-2", "Idempotency-Key": f'"{next(KEYS)}"'}
    for body in (reserve(), reserve(), reserve(quantity="2")):
        shop.post(body, **headers)
    shop.post(reserve(quantity="100000", idempotencyKey=next(KEYS)), **{"X-Correlation-Id": "audit-2"})
    shop.post(reserve(quantity="-1", idempotencyKey=next(KEYS)), **{"X-Correlation-Id": "audit-2"})
    found = [one for one in shop.records() if one["correlation_id"] == "audit-2"]
    told = [(one["outcome"], one["answer"], one["replayed"]) for one in found]
    assert told[:3] == [
        ("ACCEPTED", "InventoryReservation", False),
        ("ACCEPTED", "InventoryReservation", True),
        ("REFUSED", "IdempotencyConflict", False),
    ]
    assert found[0]["key"] == headers["Idempotency-Key"].strip('"')
    assert told[3][0] == "REFUSED"
    assert found[3]["code"]
    assert found[4]["outcome"] in {"REFUSED", "FAILED"}
    assert found[4]["code"] == "BAD_USER_INPUT"


async def test_every_way_in_is_recorded(shop: Shop) -> None:
    """Batches, event streams and sockets run mutations too; queries by any of them are no records."""
    first, second, third, fourth = (reserve(idempotencyKey=next(KEYS)) for _ in range(4))
    correlated: dict[str, Any] = {"X-Correlation-Id": "audit-3"}
    batch = shop.post([first, {"query": "{ __typename }"}, second], **correlated)
    assert len(batch.json()) == 3
    stream = shop.post(third, **correlated, Accept="text/event-stream")
    assert "InventoryReservation" in stream.text
    async with socket(shop.url, Authorization=f"Bearer {ADA}", **correlated) as ws:
        await ws.subscribe("1", RESERVE, fourth["variables"])
        assert (await ws.message())["payload"]["data"]["inventoryReservationCreate"]["__typename"]
    found = [one for one in shop.records() if one["correlation_id"] == "audit-3"]
    assert [one["outcome"] for one in found] == ["ACCEPTED"] * 4


def test_what_was_refused_before_it_ran_is_recorded(shop: Shop) -> None:
    """A mutation that does not validate is a record of whoever sent it, if they said who they are."""
    bad = {"query": "mutation Guess { orderGiveAway(id: 1) { id } }"}
    for who in (CLERK, None):
        assert "errors" in shop.post(bad, who, **{"X-Correlation-Id": "audit-4"}).json()
    (record,) = [one for one in shop.records("--subject", CLERK) if one["correlation_id"] == "audit-4"]
    assert (record["coordinate"], record["outcome"]) == ("Mutation.orderGiveAway", "REFUSED")
    assert (record["operation"], record["code"]) == ("Guess", "GRAPHQL_VALIDATION_FAILED")
    assert len([one for one in shop.records() if one["correlation_id"] == "audit-4"]) == 1


def test_it_is_exported_for_other_programs(shop: Shop) -> None:
    """As a table with names, chosen by time; the terminal shows the newest."""
    rows = list(csv.DictReader(io.StringIO(shop.exported("--csv", "--since", "1h"))))
    assert {row["coordinate"] for row in rows} >= {"Mutation.inventoryReservationCreate"}
    assert not shop.records("--until", "1h")
    command = [sys.executable, "-m", "gateway", "audit", "list", "--config", str(shop.config), "--limit", "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert "2 records" in done.stdout
    assert "203.0.113.7" in done.stdout or "127.0.0.1" in done.stdout
