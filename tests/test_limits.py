"""Limits over real HTTP: budgets in calls to systems, costs of operations, rates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import OperationDefinitionNode, parse

from gateway.documents import digest_of
from gateway.limits import estimate
from gateway.paths import touches
from gateway.schema import build_schema, priced, served
from tests.cache.valkey import Valkey
from tests.faults.documents import ASKINGS, Asking
from tests.limiting import (
    ACME,
    ADA,
    CLERK,
    GLOBEX,
    GRAPHQL,
    HOME,
    LIMITS,
    PROBE,
    STOCK,
    TOKENS,
    error,
    limited,
    orders_of,
    sent,
)
from tests.running import Asked, command, gateway_running, sandbox_running

SCHEMA = build_schema()
DECLARED, PRICED = served(SCHEMA), priced(SCHEMA)


@pytest.fixture(scope="module")
def systems() -> Iterator[dict[str, str]]:
    with sandbox_running() as sandbox:
        yield sandbox.urls


@pytest.fixture(scope="module")
def asked(systems: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    with limited(systems, tmp_path_factory.mktemp("limits")) as running:
        yield running


def test_a_partner_that_spends_its_erp_budget_waits_while_others_are_served(asked: Asked) -> None:
    """Three ERP calls a minute: the fourth is a 429 that names cost, budget and wait; nobody else notices."""
    orders = orders_of(asked, 4)
    answers = [sent(asked, ACME, documentId="Books", variables=order) for order in orders]
    for answer in answers[:3]:
        assert answer.json()["data"]["orderByNumber"]["orderNumber"], answer.text
    refused = answers[3]
    assert refused.status_code == 429
    told = error(refused)
    assert told["extensions"]["code"] == "BUDGET_SPENT"
    assert told["message"].startswith("This operation may cost 1 call to ERP, and 0 are left of the 3 a minute that")
    wait = told["extensions"]["retryAfterSeconds"]
    assert 0 < wait <= 20
    assert refused.headers["retry-after"] == str(wait)
    assert "data" not in refused.json()

    asked.reset()
    assert sent(asked, GLOBEX, documentId="Books", variables=orders[0]).json()["data"]["orderByNumber"]
    assert sent(asked, ADA, documentId="Books", variables=orders[0]).json()["data"]["orderByNumber"]
    assert sent(asked, ACME, query=STOCK).json()["data"]["product"]["availability"]
    assert asked.calls()["ERP"] == {"POST /v1/ledgers/lookup": 2}


def test_what_is_paid_is_what_was_called(asked: Asked) -> None:
    """An operation that may cost five calls and makes one pays for one."""
    five = "query Five($no: Boolean!) { " + " ".join(
        f's{place}: product(sku: "SKU-0000{place}") {{ availability {skip} {{ status }} }}'
        for place, skip in enumerate(["", *["@skip(if: $no)"] * 4], 1)
    )
    for _ in range(3):
        answer = sent(asked, GLOBEX, query=five + "}", variables={"no": True})
        assert answer.status_code == 200, answer.text


def test_an_operation_that_is_too_dear_or_too_long_names_its_limit(asked: Asked) -> None:
    """Cost and limit stand in the answer; nothing was asked of any system."""
    asked.reset()
    six = " ".join(f's{n}: orderByNumber(orderNumber: "R1", email: "a@b.c") {{ status }}' for n in range(6))
    dear = sent(asked, GLOBEX, GRAPHQL, query=f"{{ {six} }}")
    assert dear.status_code == 400
    assert error(dear)["extensions"] == {"code": "COST_EXCEEDED", "system": "OMS", "cost": 6, "limit": 5}
    text = "query Many($skus: [String!]!) { products(skus: $skus) { name } }"
    long = sent(asked, GLOBEX, GRAPHQL, query=text, variables={"skus": [f"SKU-{n:05}" for n in range(301)]})
    assert error(long)["extensions"] == {"code": "LIST_TOO_LONG", "found": 301, "limit": 300}
    assert asked.calls() == {}


def test_a_caller_who_asks_too_often_is_told_when_to_come_back(asked: Asked) -> None:
    """Two at once and then one in a hundred seconds: the third is a 429 before anything is parsed."""
    answers = [sent(asked, PROBE, query="{ __typename }") for _ in range(2)]
    refused = sent(asked, PROBE, query="{ not graphql")
    assert [answer.status_code for answer in answers] == [200, 200]
    assert refused.status_code == 429
    told = error(refused)["extensions"]
    assert told["code"] == "RATE_LIMITED"
    assert told["burst"] == 2
    assert refused.headers["retry-after"] == str(told["retryAfterSeconds"])
    assert 90 < told["retryAfterSeconds"] <= 100
    assert sent(asked, CLERK, query="{ __typename }").status_code == 200


@pytest.mark.parametrize("asking", ASKINGS, ids=lambda asking: f"{asking.system.value}-{asking.field}")
def test_an_estimate_is_never_less_than_what_is_called(asked: Asked, asking: Asking) -> None:
    """Each field alone, with nothing remembered, makes at most the calls that the limits count for it."""
    text = f"{{ {asking.selection} }}"
    document = parse(text)
    (operation,) = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    touched = touches(SCHEMA._schema, document, operation, DECLARED)
    cost = estimate(SCHEMA._schema, document, operation, touched, PRICED).of({})
    counted = {system.value: calls for system, calls in cost.calls.items()}
    asked.reset()
    asked.ask(text)
    for system, endpoints in asked.calls().items():
        assert sum(endpoints.values()) <= counted.get(system, 0), endpoints


def test_a_budget_is_one_for_all_processes(systems: dict[str, str], tmp_path: Path) -> None:
    """With a shared store a partner's budget that is spent in one process is spent in the other."""
    valkey = Valkey()
    extra = TOKENS + f'{LIMITS}url = "{valkey.url}"\n'
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    try:
        with (
            gateway_running(systems, tmp_path / "one", extra) as one,
            gateway_running(systems, tmp_path / "two", extra) as two,
        ):
            for each in (one, two) * 4:
                assert sent(each, ACME, query=STOCK).status_code == 200
            refused = sent(one, ACME, query=STOCK)
            assert (refused.status_code, error(refused)["extensions"]["budgetPerMinute"]) == (429, 8)
            apq = {"persistedQuery": {"version": 1, "sha256Hash": digest_of(HOME)}}
            assert sent(one, ADA, query=HOME, extensions=apq).status_code == 200
            assert sent(two, ADA, extensions=apq).json()["data"]["product"]["name"]
            valkey.kill()
            assert sent(two, ACME, query=STOCK).status_code == 200  # each counts for itself now
    finally:
        valkey.kill()


def test_the_limits_in_force_can_be_printed() -> None:
    """`serve --print-policies` shows each audience's numbers, and marks what a deployment changed."""
    env = {f"RETAILGRAPH_SYSTEMS__{role}__URL": "http://127.0.0.1:1" for role in ("ERP", "OMS", "LOYALTY", "CRM")}
    env["RETAILGRAPH_AUDIENCES__LIMITS"] = '{"partner": {"budget_per_min": {"erp": 7}}}'
    with command("serve", "--print-policies", env=env) as process:
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "budget_per_min ERP" in said
    assert "7 (default 30)" in said
