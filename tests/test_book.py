"""What is said of stock and places while the OMS is away: the ERP's books, carefully, over real HTTP."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from domains.sandbox import Sandbox
from tests.running import Asked, Json, gateway_running

SKUS = [f"SKU-{number:05}" for number in range(1, 25)]
PLACES = ["store-001", "store-002", "dc-001"]
FIGURES = "sku location { id name } status semantics availableToPromise promiseToken freshness { tier source }"
STOCK = f"""query($skus: [String!]!, $at: [ID!]) {{
  products(skus: $skus) {{ availability(locations: $at) {{ {FIGURES} }} }} }}"""
BASKET = f"""{{ availability(lines: [{{sku: "SKU-00003", quantity: 1}}], near: {{latitude: 52.52, longitude: 13.40}}) {{
  fulfillable best {{ {FIGURES} }} }} }}"""
ONE = """{ product(sku: "SKU-00003") {
  availability(locations: ["store-001"]) { availableToPromise freshness { source } } } }"""
QUICK = """[projection]
calls_per_s = 1000
delta_every_s = 0.2
[cache.freshness."projection.positions"]
fresh_s = 0
[cache.freshness."inventory.stock"]
fresh_s = 0
stale_while_revalidate_s = 0
"""
PATIENCE_S = 20.0

Shelf = tuple[str, str]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.start(0, seed=1, latency_scale=0, products=40) as running:
        yield running


def book(sandbox: Sandbox) -> dict[Shelf, Decimal]:
    """What the ERP's books leave of each shelf, by its own feed; shelves that nobody counted are left out."""
    left: dict[Shelf, Decimal] = {}
    after = None
    while True:
        asked = httpx.post(f"{sandbox.urls['ERP']}/v1/positions/pages", json={"after": after}, trust_env=False)
        page = asked.json()
        for row in (item["record"] for item in page["items"]):
            if "onHand" in row:
                kept = Decimal(row["reserved"]) + Decimal(row["safetyStock"])
                left[row["sku"], row["locationId"]] = Decimal(row["onHand"]) - kept
        after = page["next"]
        if after is None:
            return left


def stock(body: Json) -> dict[Shelf, Json]:
    """The answers by shelf."""
    rows = [one for product in body["data"]["products"] for one in product["availability"] or () if one]
    return {(row["sku"], row["location"]["id"].removeprefix("Location:")): row for row in rows}


def until(said: Callable[[], bool]) -> None:
    """Wait until `said`, and fail when it never is."""
    deadline = time.monotonic() + PATIENCE_S
    while not said():
        assert time.monotonic() < deadline, "it did not come to be"


def test_an_oms_that_was_never_there_is_stood_in_for_by_the_books(sandbox: Sandbox, tmp_path: Path) -> None:
    """A gateway that starts without its OMS answers stock from the ERP's books as soon as it has read them: said to be
    degraded, never plentiful, never as much as the books leave, and without a promise."""
    sandbox.stop("OMS")
    left = book(sandbox)
    asked_of = {"skus": SKUS, "at": PLACES}
    with gateway_running(sandbox.urls, tmp_path) as asked:
        until(lambda: "errors" not in asked.ask(STOCK, asked_of))  # the last of them: others are known a page before
        answers = stock(asked.ask(STOCK, asked_of))
        assert answers.keys() == left.keys() & {(sku, place) for sku in SKUS for place in PLACES}
        for shelf, row in answers.items():
            assert row["freshness"] == {"tier": "STALE_DEGRADED", "source": "erp:projection"}
            assert (row["semantics"], row["promiseToken"]) == ("SELLABLE", None)
            assert row["status"] != "IN_STOCK"
            assert (row["status"] == "LIMITED_AVAILABILITY") == (left[shelf] > 0)
            assert 0 <= Decimal(row["availableToPromise"]) < max(left[shelf], Decimal(1))
            assert row["location"]["name"]
        everywhere = asked.data(STOCK, {"skus": SKUS[:1]})["products"][0]["availability"][0]
        assert (
            0
            < Decimal(everywhere["availableToPromise"])
            < sum(max(figure, Decimal(0)) for (sku, _), figure in left.items() if sku == SKUS[0])
        )
        (line,) = asked.data(BASKET)["availability"]
        assert line["fulfillable"] is True
        assert line["best"]["freshness"]["source"] == "erp:projection"
        places = asked.data("{ locations(first: 3) { nodes { id name } } }")["locations"]["nodes"]
        assert len(places) == 3
        sandbox.start_again("OMS")
        until(lambda: stock(asked.ask(STOCK, asked_of))["SKU-00001", "store-001"]["freshness"]["source"] == "oms:open")
        again = stock(asked.ask(STOCK, asked_of))
        for shelf in answers:
            assert again[shelf]["semantics"] == "AVAILABLE_TO_PROMISE"
            assert Decimal(again[shelf]["availableToPromise"]) == max(left[shelf], Decimal(0))


def test_an_oms_that_answers_is_believed_and_the_books_are_not_read(sandbox: Sandbox, tmp_path: Path) -> None:
    """The OMS's figure is answered with a promise, whatever the books say; when it goes, the smaller one holds."""
    with gateway_running(sandbox.urls, tmp_path, QUICK) as asked:
        (row,) = asked.data(STOCK, {"skus": ["SKU-00003"], "at": ["store-001"]})["products"][0]["availability"]
        assert (row["status"], row["semantics"]) == ("IN_STOCK", "AVAILABLE_TO_PROMISE")
        assert row["freshness"] == {"tier": "LIVE", "source": "oms:open"}
        assert row["promiseToken"]
        known = Decimal(row["availableToPromise"])
        _count(sandbox, "500")
        until(lambda: _booked(tmp_path) == "500")
        assert _figure(asked) == (known, "oms:open")
        sandbox.stop("OMS")
        figure, source = _figure(asked)
        assert (0 < figure < known, source) == (True, "oms:open")
        _count(sandbox, "4")
        until(lambda: _booked(tmp_path) == "4")
        figure, source = _figure(asked)
        assert (figure < 4, source) == (True, "erp:projection+oms:open")


def test_nothing_is_known_when_neither_was_ever_read(sandbox: Sandbox, tmp_path: Path) -> None:
    """With an empty projection and no OMS stock is not known: null and an error that names the OMS, never zero."""
    sandbox.stop("OMS")
    sandbox.stop("ERP")
    with gateway_running(sandbox.urls, tmp_path, "[projection]\nwait_at_start_s = 0\n") as asked:
        for question in (BASKET, '{ availability(lines: [{sku: "SKU-00003", quantity: 1}]) { best { sku } } }'):
            body = asked.ask(question)
            assert body["data"] == {"availability": [None]}
            assert {error["extensions"]["system"] for error in body["errors"]} == {"OMS"}


def _count(sandbox: Sandbox, pieces: str) -> None:
    """Somebody counts the shelf, and writes into the ERP's books what lies there."""
    counted = {"sku": "SKU-00003", "locationId": "store-001", "onHand": pieces}
    httpx.post(f"{sandbox.urls['ERP']}/_sandbox/positions", json=counted, trust_env=False).raise_for_status()


def _booked(folder: Path) -> str | None:
    """What the projection has been told of that shelf."""
    with closing(sqlite3.connect(folder / "retailgraph.db")) as database:
        found = database.execute(
            "SELECT payload FROM projection_positions WHERE sku = 'SKU-00003' AND location_id = 'store-001'"
        ).fetchone()
    told: str | None = found and json.loads(found[0]).get("onHand")
    return told


def _figure(asked: Asked) -> tuple[Decimal, str]:
    (row,) = asked.data(ONE)["product"]["availability"]
    return Decimal(row["availableToPromise"]), row["freshness"]["source"]
