"""The contract's operations: right answers, and no more calls than the contract needs."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.peers.contract import CUSTOMER, SKUS, Contract, order, product, stock
from tests.running import ROOT

PDP = """query Pdp($sku: ID!) { product(sku: $sku) { sku name description price { amount currency } taxCode category
  availability { locations { locationId onHand reserved availableToPromise asOf } } } }"""
PLP = """query Plp($skus: [ID!]!) { products(skus: $skus) { sku name price { amount currency } category
  availability { locations { locationId availableToPromise } } } }"""
ACCOUNT = """query Account($id: ID!) { customer(id: $id) { id firstName lastName email segment
  loyalty { tier pointsBalance pendingPoints }
  orders(limit: 3) { id number status placedAt total { amount currency }
    lines { sku name quantity unitPrice { amount currency } } shipments { id carrier trackingNumber status } } } }"""
BASKET = """query Basket($skus: [ID!]!, $id: ID!) {
  availability(skus: $skus) { sku locations { locationId availableToPromise } }
  loyaltyAccount(customerId: $id) { tier pointsBalance } }"""
REDEEM = """mutation Redeem($input: RedeemPointsInput!) {
  redeemPoints(input: $input) { redemptionId pointsRedeemed balanceAfter status } }"""
_START_S, _STOP_S = 30.0, 15.0


class Peer:
    """The gateway as the comparison starts it, and what is behind it."""

    def __init__(self, contract: Contract, url: str) -> None:
        self.contract = contract
        self._http = httpx.Client(base_url=url, timeout=20, trust_env=False)

    def ask(self, query: str, **variables: object) -> dict[str, Any]:
        """The answer, with the counters of the services begun anew."""
        self.contract.calls.clear()
        body: dict[str, Any] = self._http.post("/graphql", json={"query": query, "variables": variables}).json()
        return body

    def at_once(self, query: str, each: list[dict[str, object]]) -> list[Any]:
        """The data of several requests of which the services answer none before they have all been sent."""
        contract = self.contract
        contract.calls.clear()
        contract.free.clear()
        with ThreadPoolExecutor(len(each)) as callers:
            asked = [callers.submit(self._post, query, variables) for variables in each]
            contract.seen(2)
            contract.free.set()
        return [one.result()["data"] for one in asked]

    def _post(self, query: str, variables: dict[str, object]) -> Any:
        return self._http.post("/graphql", json={"query": query, "variables": variables}).json()

    def data(self, query: str, **variables: object) -> Any:
        body = self.ask(query, **variables)
        assert "errors" not in body, body["errors"]
        return body["data"]

    def close(self) -> None:
        self._http.close()


@contextmanager
def serving(**env: str) -> Iterator[Peer]:
    contract = Contract()
    with contract.running():
        started = [sys.executable, "-m", "tests.peers"]
        environment = {**os.environ, "UPSTREAM": contract.url, "PORT": "0", **env}
        with subprocess.Popen(started, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                ready = select.select([process.stdout], [], [], _START_S)[0]
                port = process.stdout.readline().strip() if ready else ""
                assert port.isdigit(), "the gateway did not say where it listens"
                peer = Peer(contract, f"http://127.0.0.1:{port}")
                yield peer
                peer.close()
            finally:
                process.terminate()
                process.wait(_STOP_S)


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    """Without caches."""
    with serving() as peer:
        yield peer


@pytest.fixture(scope="module")
def remembering() -> Iterator[Peer]:
    """With the first tier of the cache."""
    with serving(CACHE="1") as peer:
        yield peer


@pytest.fixture(scope="module")
def answering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """With the cache, and whole answers to the product page."""
    folder = tmp_path_factory.mktemp("documents")
    (folder / "pdp.graphql").write_text(PDP)
    with serving(CACHE="1", DOCUMENTS=str(folder)) as peer:
        yield peer


def without(record: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}


def test_a_product_page(peer: Peer) -> None:
    """A product with its stock is one call of the ERP and one of the OMS, each time."""
    shown = {**without(product(SKUS[0]), "brand"), "availability": without(stock(SKUS[0]), "sku")}
    for _ in range(3):  # the first is executed, the others are compiled
        assert peer.data(PDP, sku=SKUS[0]) == {"product": shown}
        assert peer.contract.calls == {"products": 1, "stock": 1}


def test_a_list_of_products(peer: Peer) -> None:
    """24 products with their stock are one call of each service, and stand in the order asked for."""
    answer = peer.data(PLP, skus=list(reversed(SKUS[:24])))["products"]
    assert [one["sku"] for one in answer] == list(reversed(SKUS[:24]))
    assert answer[0]["availability"]["locations"][1] == {"locationId": "LOC-2", "availableToPromise": 5}
    assert peer.contract.calls == {"products": 1, "stock": 1}


def test_more_than_one_call_takes(peer: Peer) -> None:
    """More SKUs than the contract takes at once are split; one that does not exist is left out."""
    answer = peer.data(PLP, skus=[*SKUS[:70], "none"])["products"]
    assert [one["sku"] for one in answer] == list(SKUS[:70])
    assert peer.contract.calls == {"products": 2, "stock": 2}


def test_an_account(peer: Peer) -> None:
    """A customer with points and orders is one call of each of three services."""
    (customer,) = peer.data(ACCOUNT, id=CUSTOMER).values()
    assert (customer["firstName"], customer["loyalty"]["tier"]) == ("Ada", "GOLD")
    wanted = order("O2")
    assert customer["orders"][2] == {**wanted, "lines": [without(one, "lineId") for one in wanted["lines"]]}
    assert peer.contract.calls == {"customer": 1, "account": 1, "orders of": 1}


def test_a_customer_that_does_not_exist(peer: Peer) -> None:
    """A 404 of the CRM is null and no error, and nothing else is asked."""
    assert peer.data(ACCOUNT, id="C-2") == {"customer": None}
    assert peer.contract.calls == {"customer": 1}


def test_a_checkout(peer: Peer) -> None:
    """A basket's stock and points are a call each, and redeeming is one more."""
    answer = peer.data(BASKET, skus=list(SKUS[:5]), id=CUSTOMER)
    assert [one["sku"] for one in answer["availability"]] == list(SKUS[:5])
    assert answer["loyaltyAccount"] == {"tier": "GOLD", "pointsBalance": 900}
    assert peer.contract.calls == {"stock": 1, "account": 1}
    redeemed = peer.data(REDEEM, input={"customerId": CUSTOMER, "points": 100, "reference": "b-1"})["redeemPoints"]
    assert redeemed == {"redemptionId": "R-b-1", "pointsRedeemed": 100, "balanceAfter": 800, "status": "COMMITTED"}
    assert peer.contract.calls == {"redeem": 1}


def test_what_one_service_does_not_say(peer: Peer) -> None:
    """Without the OMS a product is shown with an error where its stock would be, and where it is from is told."""
    peer.contract.down.add("stock")
    try:
        answer = peer.ask(PDP, sku=SKUS[1])
    finally:
        peer.contract.down.clear()
    assert answer["data"]["product"]["name"] == f"Lamp {SKUS[1]}"
    assert answer["data"]["product"]["availability"] is None
    (error,) = answer["errors"]
    assert error["path"] == ["product", "availability"]
    assert answer["extensions"]["freshness"]["paths"] == {"product": "LIVE"}


def test_what_is_remembered(remembering: Peer) -> None:
    """With the cache the second time asks nobody; points are asked for again once some were redeemed."""
    for query, variables, calls in (
        (PDP, {"sku": SKUS[0]}, {"products": 1, "stock": 1}),
        (PLP, {"skus": list(SKUS[:24])}, {"products": 1, "stock": 1}),
        (ACCOUNT, {"id": CUSTOMER}, {"customer": 1, "account": 1, "orders of": 1}),
    ):
        first = remembering.data(query, **variables)
        assert remembering.contract.calls == calls
        assert remembering.data(query, **variables) == first
        assert not remembering.contract.calls
    remembering.data(REDEEM, input={"customerId": CUSTOMER, "points": 1, "reference": "b-2"})
    remembering.data(BASKET, skus=list(SKUS[:5]), id=CUSTOMER)
    assert remembering.contract.calls == {"account": 1}


def test_what_is_answered_again(answering: Peer) -> None:
    """A trusted document's answer is handed out again as it was, for these variables and no others."""
    first = answering.data(PDP, sku=SKUS[0])
    assert answering.contract.calls == {"products": 1, "stock": 1}
    assert answering.data(PDP, sku=SKUS[0]) == first
    assert not answering.contract.calls
    assert answering.data(PDP, sku=SKUS[1])["product"]["sku"] == SKUS[1]


@pytest.mark.parametrize("cache", ["0", "1"])
def test_requests_at_once(cache: str) -> None:
    """Requests that come while a service is busy share its calls, and each is answered its own."""
    with serving(
        CACHE=cache, RETAILGRAPH_GATHERING__CALLS_FREE="1", RETAILGRAPH_GATHERING__WINDOW_S="0.1"
    ) as busy:  # fmt: skip
        busy.data(PDP, sku=SKUS[100])
        read = busy.at_once(PDP, [{"sku": sku} for sku in SKUS[:12]])
        shown = [{**without(product(sku), "brand"), "availability": without(stock(sku), "sku")} for sku in SKUS[:12]]
        assert [one["product"] for one in read] == shown
        assert busy.contract.calls["products"] + busy.contract.calls["stock"] < 2 * len(read)


def test_requests_at_once_each_by_itself() -> None:
    """With gathering off each request makes calls of its own."""
    with serving(RETAILGRAPH_GATHERING__ENABLED="false") as alone:
        read = alone.at_once(PDP, [{"sku": sku} for sku in SKUS[:6]])
        assert [one["product"]["sku"] for one in read] == list(SKUS[:6])
        assert alone.contract.calls == {"products": 6, "stock": 6}
