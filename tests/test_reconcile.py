"""The books compared, over real HTTP: nothing is found after a healthy day, and whatever somebody put wrong is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from domains.sandbox import Sandbox
from tests.dealing import (
    ADA,
    CANCEL,
    CANCEL_RETURN,
    CLERK,
    OPS,
    RECEIVE,
    SHOPPERS,
    TOKENS,
    answered,
    authorized,
    bare,
    delivered,
    held,
    meddled,
    ordered,
    over,
    retailgraph,
    told,
)
from tests.running import Asked, Json, gateway_running, sandbox_running

QUICK = """[durable.quotas.erp]
per_s = 1000.0
[reconcile]
calls_per_s = 1000.0
"""
RUNS = "{ reconciliations { nodes { id subject checked matched finishedAt mismatches { key what expected found } } } }"
EXCEPTIONS = """query($filter: ExceptionFilterInput) { businessExceptions(filter: $filter, first: 100) { nodes {
  id about title source severity actions resolvedAt note flow { id } } } }"""
RESOLVE = """mutation($input: BusinessExceptionResolveInput!) { businessExceptionResolve(input: $input) {
  __typename ... on BusinessException { id note resolvedAt } ... on Refusal { code } } }"""
RETRY = """mutation($input: BusinessExceptionRetryInput!) { businessExceptionRetry(input: $input) {
  __typename ... on Refusal { code message } ... on ActionNotOffered { offered } } }"""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with sandbox_running() as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("books")


@pytest.fixture(scope="module")
def asked(sandbox: Sandbox, folder: Path) -> Iterator[Asked]:
    with gateway_running(sandbox.urls, folder, TOKENS + QUICK, SHOPPERS) as running:
        yield running


@pytest.fixture(scope="module")
def day(asked: Asked, sandbox: Sandbox) -> dict[str, Json]:
    """A healthy day: orders with and without points, one canceled, one delivered and partly returned, one return
    called off, and one that could not be taken at all."""
    orders = {
        name: ordered(asked, **given)
        for name, given in {
            "plain": {},
            "with points": {"redemptionId": held(asked)},
            "canceled": {"redemptionId": held(asked)},
            "returned": {},
            "kept after all": {},
        }.items()
    }
    refused = ordered(asked, sku="SKU-00000", redemptionId=held(asked))
    over(asked, refused["id"], "order.submit", "COMPENSATED")
    for order in orders.values():
        over(asked, order["id"], "order.submit")
    told(asked, CANCEL, orderId=orders["canceled"]["id"])
    for name in ("returned", "kept after all"):
        delivered(sandbox, orders[name]["id"])
        returned = authorized(asked, orders[name]["id"])
        over(asked, returned["id"], "return.authorize")
        orders[f"return: {name}"] = returned
    came = {"lineId": orders["return: returned"]["lines"][0]["id"], "quantity": "1", "disposition": "RESTOCKED"}
    told(asked, RECEIVE, CLERK, returnId=orders["return: returned"]["id"], lines=[came])
    told(asked, CANCEL_RETURN, CLERK, returnId=orders["return: kept after all"]["id"])
    over(asked, orders["canceled"]["id"], "order.cancel")
    over(asked, orders["return: returned"]["id"], "return.receive")
    over(asked, orders["return: kept after all"]["id"], "return.cancel")
    return orders


def compared(folder: Path, *subjects: str, code: int = 0) -> dict[str, Json]:
    """What a run over these subjects finds, by subject."""
    options = [word for subject in subjects for word in ("--subject", subject)]
    report = answered(folder, "reconcile", *options, code=code)
    assert report["agrees"] is (code == 0)
    return {run["subject"]: run for run in report["subjects"]}


def differences(run: Json) -> dict[str, set[tuple[str, str, str]]]:
    found: dict[str, set[tuple[str, str, str]]] = {}
    for mismatch in run["mismatches"]:
        found.setdefault(mismatch["key"], set()).add((mismatch["what"], mismatch["expected"], mismatch["found"]))
    return found


def exceptions(asked: Asked, **wanted: object) -> dict[str, Json]:
    """Those of reconciliations, by what they are about."""
    given = {"filter": {"source": "RECONCILIATION", **wanted}}
    return {one["about"]: one for one in asked.data(EXCEPTIONS, given, OPS)["businessExceptions"]["nodes"]}


def test_after_a_healthy_day_everything_agrees(asked: Asked, day: dict[str, Json], folder: Path) -> None:
    """Orders, returns, redemptions and products agree in all systems; the runs can be read, and open no exception."""
    runs = compared(folder)
    assert {name: (run["checked"], run["mismatches"]) for name, run in runs.items() if name != "cached"} == {
        "orders": (6, []),
        "returns": (2, []),
        "redemptions": (3, []),
    }
    assert (runs["cached"]["checked"], runs["cached"]["matched"]) == (50, 50)
    shown = asked.data(RUNS, None, OPS)["reconciliations"]["nodes"]
    assert {run["subject"]: (run["checked"], run["matched"]) for run in shown} == {
        name: (run["checked"], run["matched"]) for name, run in runs.items()
    }
    assert all(run["finishedAt"] for run in shown)
    assert exceptions(asked) == {}


def test_what_is_done_behind_our_back_is_found_and_told(
    asked: Asked, sandbox: Sandbox, day: dict[str, Json], folder: Path
) -> None:
    """An order canceled at the OMS, a document reversed and a credit posted in the ERP, points given back and spent at
    the engine: each is named with what was expected and what is there, to the cent and to the point."""
    order, spent = day["plain"]["id"], day["with points"]["id"]
    meddled(sandbox, "OMS", f"/v1/orders/{bare(order)}/cancel", {})
    meddled(sandbox, "ERP", f"/v1/sales-orders/{bare(spent)}/reverse", {})
    kept = day["kept after all"]["id"]
    memo = {"returnId": "somebody", "rmaNumber": "X-1", "orderId": bare(kept)}
    meddled(sandbox, "ERP", "/v1/credit-memos", memo | {"amount": {"amount": "1.23", "currencyCode": "EUR"}})
    back = {"orderId": bare(kept), "reference": "somebody", "basis": {"amount": "10.00", "currencyCode": "EUR"}}
    meddled(sandbox, "LOYALTY", "/v1/accruals/reversals", back)
    returned = day["return: returned"]["id"]
    meddled(sandbox, "ERP", f"/v1/credit-memos/{bare(returned)}/reverse", {})
    redemption = held(asked)
    meddled(sandbox, "LOYALTY", f"/v1/redemptions/{bare(redemption)}/capture", {})

    runs = compared(folder, "orders", "returns", "redemptions", code=1)
    wrong = differences(runs["orders"])
    assert wrong[order] == {("its status in the order system", "not canceled", "CANCELED")}
    assert {what for what, _, _ in wrong[spent]} == {"its ERP document"}
    assert all(found.endswith(", reversed") for _, _, found in wrong[spent])
    assert ("what the books have invoiced", "40.00 EUR", "38.77 EUR") in wrong[kept]
    assert {what for what, _, _ in wrong[kept]} == {"what the books have invoiced", "what it earned"}
    assert {what for what, _, _ in differences(runs["returns"])[returned]} == {"its credit memo"}
    assert differences(runs["redemptions"]) == {redemption: {("its order", "an order that spent it", "nothing")}}
    assert runs["orders"]["checked"] - runs["orders"]["matched"] == len(wrong) == 3
    told_ = exceptions(asked)
    assert set(told_) == {
        *(f"orders/{id_}" for id_ in wrong),
        f"returns/{returned}",
        f"redemptions/{redemption}",
    }
    (canceled,) = (one for about, one in told_.items() if about == f"orders/{order}")
    assert canceled["title"] == (
        f"order {day['plain']['orderNumber']} does not agree everywhere: "
        "its status in the order system: CANCELED instead of not canceled"
    )
    assert (canceled["severity"], canceled["actions"], canceled["flow"]) == ("WARNING", ["RESOLVE"], None)


def test_an_exception_ends_by_itself_once_the_books_agree(
    asked: Asked, sandbox: Sandbox, day: dict[str, Json], folder: Path
) -> None:
    """What was put right is closed by the next run; what was not stays one exception, and what a person resolved is
    not opened again for the same."""
    before = exceptions(asked)
    plain, spent = f"orders/{day['plain']['id']}", f"orders/{day['with points']['id']}"
    assert {plain, spent} <= set(before)
    told(asked, CANCEL, orderId=day["with points"]["id"])
    over(asked, day["with points"]["id"], "order.cancel")
    note = {"exceptionId": before[plain]["id"], "note": "The customer called the OMS's own desk."}
    refused = asked.ask(RESOLVE, {"input": {**note, "idempotencyKey": "not mine"}}, ADA)
    assert refused["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"  # a customer's schema has no such
    resolved = told(asked, RESOLVE, OPS, **note)
    assert resolved["note"] == note["note"]
    retried = asked.data(RETRY, {"input": {"exceptionId": before[spent]["id"], "idempotencyKey": "r"}}, OPS)
    assert retried["businessExceptionRetry"]["code"] == "ACTION_NOT_OFFERED"
    assert retried["businessExceptionRetry"]["offered"] == ["RESOLVE"]

    compared(folder, "orders", code=1)
    after = exceptions(asked)
    assert set(after) == set(before) - {plain, spent}
    assert {about: one["id"] for about, one in after.items()} == {about: before[about]["id"] for about in after}
    closed = exceptions(asked, open=False)[spent]
    assert closed["note"] == "A later check found that they agree."
    codes = {error["extensions"]["code"] for error in asked.ask(EXCEPTIONS, {}, CLERK)["errors"]}
    assert codes == {"GRAPHQL_VALIDATION_FAILED"}  # nor does an associate's


def test_a_run_that_is_stopped_is_taken_up_again(sandbox: Sandbox, asked: Asked, folder: Path) -> None:
    """With the ERP away a run ends with a sentence and exit code 2; the next one finishes the same run."""
    meddled(sandbox, "ERP", "/_sandbox/faults", {"reset": 1})
    try:
        done = retailgraph(folder, "reconcile", "--subject", "orders")
        assert done.returncode == 2, done.stderr
        assert "Run it again to go on from there." in done.stderr
        assert "Traceback" not in done.stderr
    finally:
        meddled(sandbox, "ERP", "/_sandbox/faults", {})
    (stopped,) = (run for run in asked.data(RUNS, None, OPS)["reconciliations"]["nodes"] if run["finishedAt"] is None)
    finished = compared(folder, "orders", code=1)["orders"]
    assert f"Reconciliation:{finished['id']}" == stopped["id"]
    assert finished["checked"] == 6


def test_a_subject_nobody_knows_is_refused(asked: Asked, folder: Path) -> None:
    """The subjects are named, and the command ends with exit code 2."""
    done = retailgraph(folder, "reconcile", "--subject", "ordres")
    assert (done.returncode, done.stdout) == (2, "")
    assert "allowed: orders, returns, redemptions, cached." in done.stderr
