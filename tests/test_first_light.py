"""The whole product over real HTTP: four systems, one schema, one answer."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from domains.sandbox import Sandbox
from tests.dealing import answered
from tests.running import ROOT, Asked, command, free_ports, gateway_running, sandbox_running, until

WITHOUT_CACHE = "[cache]\nenabled = false\n"
FIRST = (ROOT / "gateway/explorer/first.graphql").read_text()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with sandbox_running() as running:
        yield running


@pytest.fixture(scope="module")
def served(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    with gateway_running(sandbox.urls, tmp_path_factory.mktemp("first"), WITHOUT_CACHE) as asked:
        yield asked


@pytest.fixture
def asked(served: Asked) -> Asked:
    served.reset()
    return served


def test_the_first_query_is_answered_by_four_systems_one_call_a_level(asked: Asked) -> None:
    """One query over product, availability, customer, balance and orders asks each system once per level."""
    data = asked.data(FIRST)
    assert data["product"]["name"]
    assert data["product"]["freshness"]["source"] == "erp:projection"
    assert [stock["location"]["id"] for stock in data["product"]["availability"]] == [
        "Location:store-001",
        "Location:store-002",
        "Location:store-003",
    ]
    assert all(stock["freshness"]["ageSeconds"] >= 0 for stock in data["product"]["availability"])
    assert data["customer"]["loyalty"]["balance"]["available"]["value"]
    assert len(data["customer"]["orders"]["nodes"]) == 10
    assert asked.calls() == {
        "OMS": {"POST /v1/stock/lookup": 1, "POST /v1/locations/lookup": 1, "POST /v1/orders/search": 1},
        "LOYALTY": {"POST /v1/memberships/by-customer": 1, "POST /v1/balances/lookup": 1},
        "CRM": {"POST /v1/customers/lookup": 1},
    }


def test_a_page_of_24_products_with_availability_is_one_call(asked: Asked) -> None:
    """24 products with stock at three stores are one call to the OMS, and none to the ERP, which was read before."""
    skus = [f"SKU-{number:05}" for number in range(1, 25)]
    query = """
        query Page($skus: [String!]!) {
          products(skus: $skus) { sku name availability(locations: ["store-001", "store-002", "store-003"]) {
            status availableToPromise } } }
    """
    data = asked.data(query, {"skus": skus})
    assert [product["sku"] for product in data["products"]] == skus
    assert all(len(product["availability"]) == 3 for product in data["products"])
    assert asked.calls() == {"OMS": {"POST /v1/stock/lookup": 1}}


def test_everything_but_the_crm_is_answered_without_the_crm(tmp_path: Path) -> None:
    """With the CRM process stopped, its fields are null with an error that names it, and every other field stands."""
    with sandbox_running() as sandbox, gateway_running(sandbox.urls, tmp_path) as asked:
        sandbox.stop("CRM")
        body = asked.ask(
            """{
              product(sku: "SKU-00001") { name availability(locations: ["store-001"]) { status } }
              customer(id: "cust-00001") { displayName }
              order(id: "ord-000001") { orderNumber status lines { sku product { name } } customer { displayName } }
            }"""
        )
    assert body["data"]["product"]["name"]
    assert body["data"]["product"]["availability"][0]["status"]
    assert body["data"]["customer"] is None
    assert body["data"]["order"]["orderNumber"]
    assert body["data"]["order"]["lines"][0]["product"]["name"]
    assert {tuple(error["path"]) for error in body["errors"]} <= {("customer",), ("order", "customer")}
    for error in body["errors"]:
        assert error["extensions"]["system"] == "CRM"
        assert error["extensions"]["capability"] == "customers"
        assert error["extensions"]["retryable"] is True
        assert "127.0.0.1" not in error["message"]


def test_points_are_held_and_given_back(asked: Asked) -> None:
    """A hold moves points from available to held, a void moves them back, and a repeat of either changes nothing."""
    ask_balance = 'customer(id: "cust-00001") { loyalty { balance { available { value } held { value } } } }'
    hold = """mutation Hold($points: Decimal!, $key: String!) {
      loyaltyRedemptionHold(input: {membershipId: "mem-00001", points: $points, idempotencyKey: $key}) {
        __typename ... on LoyaltyRedemption { id state points { value } } ... on Refusal { code message }
        ... on InsufficientPoints { available { value } } } }"""
    before = asked.data(f"{{ {ask_balance} }}")["customer"]["loyalty"]["balance"]
    first = asked.data(hold, {"points": "100", "key": "first-light-hold"})["loyaltyRedemptionHold"]
    again = asked.data(hold, {"points": "100", "key": "first-light-hold"})["loyaltyRedemptionHold"]
    assert first["state"] == "HELD"
    assert again["id"] == first["id"]
    held = asked.data(f"{{ {ask_balance} }}")["customer"]["loyalty"]["balance"]
    assert float(held["available"]["value"]) == float(before["available"]["value"]) - 100
    assert float(held["held"]["value"]) == float(before["held"]["value"]) + 100
    void = f"""mutation {{ loyaltyRedemptionVoid(input: {{redemptionId: "{first["id"]}", idempotencyKey: "v1"}}) {{
        __typename ... on LoyaltyRedemption {{ state }} ... on Refusal {{ code message }} }} }}"""
    assert asked.data(void)["loyaltyRedemptionVoid"] == {"__typename": "LoyaltyRedemption", "state": "VOIDED"}
    assert asked.data(f"{{ {ask_balance} }}")["customer"]["loyalty"]["balance"] == before
    refused = asked.data(hold, {"points": "99999999", "key": "too-many"})["loyaltyRedemptionHold"]
    assert refused["__typename"] == "InsufficientPoints"
    assert refused["available"]["value"] == before["available"]["value"]


def test_a_return_is_authorized_once_and_not_beyond_what_was_bought(asked: Asked) -> None:
    """An associate authorises what is returnable; one piece too many is QuantityExceeded, saying how many are left."""
    orders = asked.data(
        """{ customer(id: "cust-00001") { orders(first: 50) { nodes { id returnableLines {
             quantity notReturnable estimatedRefund { amount } line { id sku } } } } } }"""
    )["customer"]["orders"]["nodes"]
    order, line = next(
        (order, line)
        for order in orders
        for line in order["returnableLines"]
        if line["notReturnable"] is None and float(line["quantity"]) > 0
    )
    authorize = """mutation Authorize($input: ReturnAuthorizeInput!) { returnAuthorize(input: $input) { __typename
      ... on ReturnAuthorization { rmaNumber status estimatedRefund { amount } lines { quantityAuthorized } }
      ... on Refusal { code message } ... on QuantityExceeded { available } } }"""
    given = {
        "orderId": order["id"],
        "lines": [{"orderLineId": line["line"]["id"], "quantity": line["quantity"], "reason": "UNWANTED"}],
        "method": "RETURN_IN_STORE",
        "refundType": "FULL_REFUND",
        "idempotencyKey": "first-light-return",
    }
    done = asked.data(authorize, {"input": given})["returnAuthorize"]
    assert done["__typename"] == "ReturnAuthorization", done
    assert done["status"] == "AUTHORIZED"
    assert done["estimatedRefund"] == line["estimatedRefund"]
    more = asked.data(authorize, {"input": {**given, "idempotencyKey": "once-more"}})["returnAuthorize"]
    assert more["__typename"] in {"QuantityExceeded", "ItemNotReturnable"}, more


BAD = [
    ("{ product(sku: 12) { sku } }", "GRAPHQL_VALIDATION_FAILED"),
    ('{ customer(id: "cust-00001") { orders(first: -1) { nodes { id } } } }', "BAD_USER_INPUT"),
    ('{ customer(id: "cust-00001") { orders(after: "nonsense") { nodes { id } } } }', "BAD_USER_INPUT"),
    ("{ products(skus: [" + ",".join(f'"S{n}"' for n in range(101)) + "]) { sku } }", "BAD_USER_INPUT"),
    ('{ availability(lines: [{sku: "SKU-00001", quantity: "-1"}]) { sku } }', "BAD_USER_INPUT"),
    ('{ availability(lines: [{sku: "SKU-00001", quantity: "1E+999999"}]) { sku } }', "GRAPHQL_VALIDATION_FAILED"),
    ('{ product(sku: "SKU-00001") { availability(fulfillment: TELEPORT) { sku } } }', "GRAPHQL_VALIDATION_FAILED"),
    ("{ locations(first: 99999999999999999999) { nodes { id } } }", "GRAPHQL_VALIDATION_FAILED"),
]


@pytest.mark.parametrize(("query", "code"), BAD)
def test_bad_input_is_a_coded_error_at_its_place(asked: Asked, query: str, code: str) -> None:
    """What a client gets wrong is answered with a code and the place, and reaches no outside system with it."""
    body = asked.ask(query)
    assert [error["extensions"]["code"] for error in body["errors"]] == [code], body
    assert body["errors"][0].get("path") or body["errors"][0].get("locations")


def test_an_unknown_sku_is_null_and_no_error(asked: Asked) -> None:
    """What does not exist is null, in its place."""
    assert asked.data('{ products(skus: ["NO-SUCH", "SKU-00001"]) { sku } }') == {
        "products": [None, {"sku": "SKU-00001"}]
    }


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_demo_answers_the_first_query_and_ends_with_all_it_started(number: signal.Signals) -> None:
    """`retailgraph demo --port N` serves on N to N+4, answers what it prints, and leaves nothing behind."""
    port = free_ports(5)
    with command("demo", "--port", str(port), "--latency-scale", "0") as process:
        here = f"http://127.0.0.1:{port}"
        _until_answered(f"{here}/readyz")
        answer = httpx.post(f"{here}/graphql", json={"query": FIRST}, trust_env=False, timeout=20).json()
        assert "errors" not in answer
        assert httpx.get(f"{here}/", trust_env=False).status_code == 200
        assert [
            next(iter(httpx.get(f"http://127.0.0.1:{port + n}/_sandbox/calls", trust_env=False).json()))
            for n in range(1, 5)
        ]
        process.send_signal(number)
        said, _ = process.communicate(timeout=15)
        assert process.returncode in {0, 130}, said
    for place in range(5):
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://127.0.0.1:{port + place}/", trust_env=False)


def test_the_demo_sells_and_takes_back_without_the_erp_as_the_readme_has_it() -> None:
    """With the ERP hanging up, the README's order and return are accepted; by the settings that the demo names, the
    command line follows the return to the ERP's document once the ERP answers again."""
    sell, take_back = re.findall(r"```graphql\n(mutation .*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    port = free_ports(5)
    with command("demo", "--port", str(port), "--latency-scale", "0") as process:
        assert process.stdout is not None
        said = next(line for line in process.stdout if "export RETAILGRAPH_CONFIG=" in line)
        folder = Path(said.split("=", maxsplit=1)[1].strip()).parent
        asked = Asked(f"http://127.0.0.1:{port}", {})
        faults = f"http://127.0.0.1:{port + 1}/_sandbox/faults"
        httpx.post(faults, json={"reset": 1}, trust_env=False).raise_for_status()
        assert asked.data(sell, token="demo-customer")["orderSubmit"]["orderNumber"]
        assert asked.data(take_back, token="demo-associate")["returnAuthorize"]["rmaNumber"]
        until(lambda: _return_flow(asked, "WAITING"), "a flow that waits for the ERP")
        httpx.post(faults, json={"reset": 0}, trust_env=False).raise_for_status()
        flow_id = until(lambda: _return_flow(asked, "COMPLETED"), "its end")
        asked.close()
        shown = answered(folder, "flows", "show", flow_id)
    assert next(step for step in shown["steps"] if step["system"] == "ERP")["reference"]


def _return_flow(asked: Asked, state: str) -> str | None:
    """The id of the one return's flow, once it is in that state."""
    query = (
        'query Flows($state: FlowState) { flows(filter: {kind: "return.authorize", state: $state}) { nodes { id } } }'
    )
    nodes = asked.data(query, {"state": state}, "demo-operations")["flows"]["nodes"]
    return str(nodes[0]["id"]) if nodes else None


def _until_answered(url: str, limit_s: float = 30.0) -> None:
    deadline = time.monotonic() + limit_s
    while True:
        try:
            if httpx.get(url, trust_env=False, timeout=1).status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, f"{url} did not answer within {limit_s} s"
