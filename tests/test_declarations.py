"""The schema's @servedFrom lines are true: each field, alone and with nothing remembered, asks what it says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from graphql import OperationDefinitionNode, parse

from domains.vocabulary import ServingPath, ServingTier, SystemRole
from gateway.paths import Declared, Touch, offences, touches
from gateway.schema import build_schema, degradations, served
from tests.faults.documents import ASKINGS, Asking
from tests.running import ROOT, Asked, command, gateway_running, sandbox_running

SCHEMA = build_schema()
DECLARED = served(SCHEMA)
ME = '[identity.anonymous]\naudience = "associate"\ncustomer = "cust-00001"\n'
BASKET = """query Basket($sku: String!) {
  product(sku: $sku) { name listPrice { amount } availability { status availableToPromise promiseToken } }
  me { loyalty { balance { available { value } } } } }"""


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """A gateway that remembers nothing, in front of systems that count."""
    with (
        sandbox_running() as sandbox,
        gateway_running(sandbox.urls, tmp_path_factory.mktemp("true"), "[cache]\nenabled = false\n", ME) as running,
    ):
        yield running


def touched(selection: str) -> tuple[Touch, ...]:
    document = parse(f"{{ {selection} }}")
    (operation,) = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    return touches(SCHEMA._schema, document, operation, DECLARED)


def live(found: tuple[Touch, ...]) -> set[SystemRole]:
    return {system for touch in found if touch.served.tier is ServingTier.LIVE for system in touch.served.systems}


def undeclared(called: Mapping[str, object], selection: str, declared: set[SystemRole]) -> str:
    """The sentence of a build that fails, or nothing."""
    strange = {SystemRole(name) for name in called} - declared
    return f"{selection} asked {sorted(one.value for one in strange)}, which it does not declare" if strange else ""


@pytest.mark.parametrize("asking", ASKINGS, ids=lambda asking: f"{asking.system.value}-{asking.field}")
def test_a_field_asks_what_it_declares_and_nothing_else(asked: Asked, asking: Asking) -> None:
    """What was called is a subset of what the fields on the way declare, and a declared LIVE system is reached."""
    asked.reset()
    asked.ask(f"{{ {asking.selection} }}")
    called = asked.calls()
    assert not undeclared(called, asking.selection, live(touched(asking.selection)))
    if asking.projected:
        assert asking.system.value not in called
    else:
        assert asking.system.value in called


def test_an_undeclared_call_is_found(asked: Asked) -> None:
    """The check can fail: a field that reaches the ERP while its line says OMS is told with what it asked."""
    books = 'order(id: "ord-000003") { financialSummary { invoiced { amount } } }'
    asked.reset()
    asked.ask(f"{{ {books} }}")
    assert "asked ['ERP']" in undeclared(asked.calls(), books, {SystemRole.OMS})


def test_every_field_that_asks_a_system_says_which() -> None:
    """A field that degrades is a field that asks, and each says from where; so does every mutation."""
    assert set(degradations()) <= set(DECLARED)
    mutation = SCHEMA._schema.mutation_type
    assert mutation is not None
    assert {f"Mutation.{name}" for name in mutation.fields} <= set(DECLARED)


FOLLOWED = (
    ("availabilityChanged", SystemRole.OMS, '(skus: ["SKU-00003"]) { availableToPromise }'),
    ("orderStatusChanged", SystemRole.OMS, '(orderId: "ord-000003") { status }'),
    ("returnStatusChanged", SystemRole.OMS, '(returnAuthorizationId: "ret-000001") { status }'),
    ("loyaltyBalanceChanged", SystemRole.LOYALTY, '(membershipId: "mem-00001") { available { value } }'),
)
"""Each subscription, the system that its first message comes from, and how it is asked for."""


@pytest.mark.parametrize(("field", "system", "rest"), FOLLOWED, ids=[field for field, _, _ in FOLLOWED])
def test_a_subscription_asks_what_it_declares_and_nothing_else(
    asked: Asked, field: str, system: SystemRole, rest: str
) -> None:
    """The first message of a stream comes from the system that the field declares, and from no other."""
    asked.reset()
    headers = {"Accept": "text/event-stream"}
    with asked.http.stream(
        "POST", "/graphql", json={"query": f"subscription {{ {field}{rest} }}"}, headers=headers
    ) as stream:
        said = next(line for line in stream.iter_lines() if line.startswith("data:"))
    assert json.loads(said.removeprefix("data:"))["data"][field]
    lines = DECLARED[f"Subscription.{field}"]
    declared = {one for line in lines if line.tier is ServingTier.LIVE for one in line.systems}
    assert not undeclared(asked.calls(), field, declared)
    assert system.value in asked.calls()


def test_every_live_line_has_a_way_to_it() -> None:
    """Each declared LIVE system of each query and subscription field is reached by one of the documents above."""
    reached = {(asking.field, asking.system) for asking in ASKINGS}
    reached |= {(f"Subscription.{field}", system) for field, system, _ in FOLLOWED}
    lines = {
        (field, system)
        for field, said in DECLARED.items()
        if not field.startswith("Mutation.")
        for line in said
        if line.tier is ServingTier.LIVE
        for system in line.systems
    }
    assert lines - reached == set()


@pytest.fixture(scope="module")
def till(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """The same, asked by a shopper."""
    shopper = '[identity.anonymous]\naudience = "storefront"\ncustomer = "cust-00001"\n'
    with (
        sandbox_running() as sandbox,
        gateway_running(sandbox.urls, tmp_path_factory.mktemp("till"), anonymous=shopper) as running,
    ):
        yield running


def test_a_checkout_operation_that_could_reach_the_erp_is_refused_before_anything_runs(till: Asked) -> None:
    """The refusal names the field, how the document got there, and what to ask instead; no system is asked."""
    till.reset()
    body = till.ask(
        """query { me { orders(first: 1) { nodes { ...Card } } } }
           fragment Card on Order { orderNumber ...Books }
           fragment Books on Order { financialSummary { paid { amount } } }"""
    )
    (error,) = body["errors"]
    assert error["extensions"]["code"] == "ERP_ON_CHECKOUT_PATH"
    assert error["extensions"]["field"] == "me.orders.nodes.financialSummary"
    assert "through ...Card ...Books" in error["message"]
    assert "Order.financialStatus" in error["message"]
    assert error["locations"] == [{"line": 3, "column": 38}]
    assert "data" not in body or body["data"] is None
    assert till.calls() == {}


def test_a_basket_is_answered_on_checkout_without_the_erp(till: Asked) -> None:
    """Price, availability, a promise and the balance come without one call to the ERP."""
    till.reset()
    data = till.data(BASKET, {"sku": "SKU-00005"})
    assert data["product"]["listPrice"]["amount"]
    assert data["product"]["availability"][0]["promiseToken"]
    assert data["me"]["loyalty"]["balance"]["available"]["value"]
    assert "ERP" not in till.calls()


def test_check_proves_documents_or_names_the_field(tmp_path: Path) -> None:
    """`retailgraph check` exits with 0 and a proof, 1 and the counter-example, 2 for what it cannot read."""
    (tmp_path / "basket.graphql").write_text(BASKET)
    with command("check", str(tmp_path), "--json") as process:
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 0, said
    (basket,) = json.loads(said)["operations"]
    assert basket["systems"]["ERP"] == {"tier": "PROJECTION", "callsMax": 0}
    (tmp_path / "parts.graphql").write_text(
        "query Bad { me { ...A } } fragment A on Customer { ...B } fragment B on Customer { ...C } "
        "fragment C on Customer { accountStatus }"
    )
    with command("check", str(tmp_path)) as process:
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "me.accountStatus (through ...A ...B ...C)" in said
    (tmp_path / "parts.graphql").write_text("query Bad { nothing }")
    with command("check", str(tmp_path)) as process:
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "parts.graphql:1" in said


def test_the_first_query_of_the_demo_holds_on_checkout() -> None:
    """What a shop's page would ask first needs no ERP."""
    text = (ROOT / "gateway/explorer/first.graphql").read_text()
    document = parse(text)
    (operation,) = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    declared: Declared = DECLARED
    assert offences(touches(SCHEMA._schema, document, operation, declared), ServingPath.CHECKOUT) == ()
