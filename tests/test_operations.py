"""Looking after slow writes while they run, by command and over GraphQL: followed, stuck, retried, called off."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from domains.sandbox import Sandbox
from tests.dealing import (
    ADA,
    CLERK,
    KEYS,
    OPS,
    SHOPPERS,
    SUBMIT,
    TOKENS,
    answered,
    bare,
    flows_of,
    meddled,
    ordered,
    over,
    retailgraph,
    told,
)
from tests.gateway.events.posting import SECRET, cloud_event, signed
from tests.running import Asked, Json, gateway_running, sandbox_running, until

SOURCES = f'[events.sources.erp]\nsystem = "erp"\nsecrets = ["{SECRET}"]\n'
FOLLOW = """query Follow($correlation: String!) { flow(correlationId: $correlation) {
  id kind state subject title steps { name system state attempts reference why } } }"""
POSTING = "query($id: ID!) { order(id: $id) { erpPosting @maxStale(seconds: 0) { state documentNumber } flow { id } } }"
EXCEPTIONS = """query($filter: ExceptionFilterInput) { businessExceptions(filter: $filter, first: 100) { nodes {
  id about title source severity actions note flow { id state } } } }"""
RETRY = """mutation($input: BusinessExceptionRetryInput!) { businessExceptionRetry(input: $input) {
  __typename ... on BusinessException { id note resolvedAt } ... on Refusal { code message } } }"""
POSTS = "post-sales-order"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with sandbox_running() as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("operations")


@pytest.fixture(scope="module")
def asked(sandbox: Sandbox, folder: Path) -> Iterator[Asked]:
    with gateway_running(sandbox.urls, folder, TOKENS + SOURCES, SHOPPERS) as running:
        yield running


def credit(sandbox: Sandbox, status: str) -> None:
    """Whether the books sell to the customer."""
    meddled(sandbox, "ERP", "/_sandbox/accounts", {"customerId": "cust-00001", "status": status})


def stuck(asked: Asked, sandbox: Sandbox) -> Json:
    """The flow of an order that the ERP refuses."""
    credit(sandbox, "CREDIT_HOLD")
    return over(asked, ordered(asked)["id"], "order.submit", "NEEDS_PERSON")


def exceptions(asked: Asked, **wanted: object) -> list[Json]:
    found: list[Json] = asked.data(EXCEPTIONS, {"filter": wanted}, OPS)["businessExceptions"]["nodes"]
    return found


def about(asked: Asked, flow: Json, **wanted: object) -> list[Json]:
    return [one for one in exceptions(asked, **wanted) if one["about"] == bare(flow["id"])]


def test_an_order_is_followed_from_the_storefront_to_its_document(asked: Asked, sandbox: Sandbox) -> None:
    """The correlation id of the shop's own request leads to the flow, and the flow to the number in the books."""
    line = {"sku": "SKU-00007", "quantity": "1", "unitPrice": {"amount": "20.00", "currencyCode": "EUR"}}
    given = {"lines": [line], "total": line["unitPrice"], "idempotencyKey": next(KEYS)}
    headers = {"X-Correlation-Id": "shop-4711", "Authorization": f"Bearer {ADA}"}
    answer = asked.http.post("/graphql", json={"query": SUBMIT, "variables": {"input": given}}, headers=headers)
    order = answer.json()["data"]["orderSubmit"]
    over(asked, order["id"], "order.submit")
    for who in (OPS, ADA):
        flow = asked.data(FOLLOW, {"correlation": "shop-4711"}, who)["flow"]
        assert (flow["kind"], flow["subject"], flow["title"]) == (
            "order.submit",
            order["id"],
            f"order {order['orderNumber']}",
        )
        (document,) = (step["reference"] for step in flow["steps"] if step["name"] == POSTS)
        keys = {"keys": [{"subject": "ORDER", "id": bare(order["id"])}]}
        looked_up = httpx.post(f"{sandbox.urls['ERP']}/v1/postings/lookup", json=keys, trust_env=False).json()
        assert document == looked_up["items"][0]["documentNumber"]
    assert asked.data(FOLLOW, {"correlation": "shop-4711"}, None)["flow"] is None
    shown = asked.data(POSTING, {"id": order["id"]}, CLERK)["order"]
    assert shown["erpPosting"] == {"state": "POSTED", "documentNumber": document}
    assert shown["flow"]["id"] == flow["id"]


def test_an_exception_is_retried_in_the_schema(asked: Asked, sandbox: Sandbox) -> None:
    """What the ERP refuses is told in business words; a retry too early is told again, one in time ends it, and a
    repeat of it with the same key changes nothing."""
    flow = stuck(asked, sandbox)
    shown = asked.data(POSTING, {"id": flow["subject"]}, CLERK)["order"]
    assert shown["erpPosting"] == {"state": "EXCEPTION", "documentNumber": None}
    (exception,) = about(asked, flow)
    assert exception["severity"] == "URGENT"
    assert "the customer's credit is blocked" in exception["title"]
    assert exception["flow"] == {"id": flow["id"], "state": "NEEDS_PERSON"}
    refused = asked.ask(RETRY, {"input": {"exceptionId": exception["id"], "idempotencyKey": "a"}}, CLERK)
    assert refused["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"  # a clerk's schema has no such
    unknown = {"exceptionId": exception["id"], "fromStep": "no-such-step", "idempotencyKey": "b"}
    assert asked.data(RETRY, {"input": unknown}, OPS)["businessExceptionRetry"]["code"] == "STEP_NOT_FOUND"

    assert told(asked, RETRY, OPS, exceptionId=exception["id"])["note"] == "It was tried again."
    again = until(lambda: next(iter(about(asked, flow)), None), "the second exception")
    assert again["id"] != exception["id"]
    credit(sandbox, "ACTIVE")
    key = {"exceptionId": again["id"], "fromStep": POSTS, "idempotencyKey": "once"}
    first = asked.data(RETRY, {"input": key}, OPS)["businessExceptionRetry"]
    assert first["note"] == f"It was tried again from {POSTS}."
    over(asked, flow["subject"], "order.submit")
    assert asked.data(RETRY, {"input": key}, OPS)["businessExceptionRetry"] == first
    assert about(asked, flow) == []
    (posted,) = (
        step["state"] for step in flows_of(asked, subject=flow["subject"])[0]["steps"] if step["name"] == POSTS
    )
    assert posted == "DONE"


def test_the_command_line_shows_what_stands_still(asked: Asked, sandbox: Sandbox, folder: Path) -> None:
    """`flows list` and `show` tell of it, and `dead-letters`; a refusal has exit code 1 and its code."""
    flow = stuck(asked, sandbox)
    listed = answered(folder, "flows", "list", "--state", "needs-person", "--subject", flow["subject"])
    assert [one["id"] for one in listed["items"]] == [bare(flow["id"])]
    assert f" {POSTS} " in retailgraph(folder, "flows", "list", "--subject", flow["subject"]).stdout
    shown = retailgraph(folder, "flows", "show", bare(flow["id"]))
    assert shown.returncode == 0
    assert f"{POSTS} " in shown.stdout
    assert "credit is blocked" in shown.stdout
    letters = answered(folder, "dead-letters", "--source", "flow")["items"]
    assert bare(flow["id"]) in {one["about"] for one in letters}
    nothing = retailgraph(folder, "flows", "retry", "flow-none")
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert nothing.stderr == "retailgraph: FLOW_NOT_FOUND: There is no flow flow-none.\n"


def test_the_command_line_retries_and_cancels(asked: Asked, sandbox: Sandbox, folder: Path) -> None:
    """`retry` reaches the workers of a running gateway, and `cancel` takes an order back."""
    retried, canceled = stuck(asked, sandbox), stuck(asked, sandbox)
    credit(sandbox, "ACTIVE")
    answered(folder, "flows", "retry", bare(retried["id"]), "--from-step", "take-order")
    answered(folder, "flows", "cancel", bare(canceled["id"]))
    over(asked, retried["subject"], "order.submit")
    over(asked, canceled["subject"], "order.submit", "CANCELED")
    assert asked.data("query($id: ID!) { order(id: $id) { status } }", {"id": canceled["subject"]}, CLERK) == {
        "order": {"status": "CANCELED"}
    }
    over_already = answered(folder, "flows", "cancel", bare(retried["id"]), code=1)
    assert over_already["code"] == "ILLEGAL_FLOW_STATE"


def test_a_quota_is_changed_while_everything_runs(asked: Asked, sandbox: Sandbox, folder: Path) -> None:
    """With nothing granted to the ERP an order waits for its document and says QUEUED; with the old quota it has it."""
    credit(sandbox, "ACTIVE")
    before = answered(folder, "flows", "quota", "erp")
    assert before == {"system": "ERP", "atOnce": 4, "perS": 10.0}
    assert answered(folder, "flows", "quota", "erp", "--at-once", "0")["atOnce"] == 0
    order = ordered(asked)
    over(asked, order["id"], "order.submit", "WAITING")
    waits = asked.data(POSTING, {"id": order["id"]}, CLERK)["order"]["erpPosting"]
    assert waits == {"state": "QUEUED", "documentNumber": None}
    assert answered(folder, "flows", "quota", "erp", "--per-s", "20") == before | {"atOnce": 0, "perS": 20.0}
    assert answered(folder, "flows", "quota", "erp", "--reset") == before
    over(asked, order["id"], "order.submit")


def test_events_are_taken_once_more(asked: Asked, folder: Path) -> None:
    """Events are replayed by time, entity and id; one that cannot be taken is a dead letter that can be retried."""
    sent = [
        signed(cloud_event(f"e-{number}", type_), id_=f"msg-{number}", at=time.time())
        for number, type_ in ((1, "erp.position.changed"), (2, "erp.position.changed"), (3, "erp.nobody.knows"))
    ]
    for headers, body in sent:
        assert asked.http.post("/events/erp", content=body, headers=headers).status_code == 202
    rejected = until(lambda: next(iter(exceptions(asked, source="EVENT")), None), "the rejected event")
    assert (rejected["about"], rejected["actions"]) == ("erp//erp#e-3", ["RETRY", "RESOLVE"])
    (letter,) = answered(folder, "dead-letters", "--source", "EVENT")["items"]
    assert f"BusinessException:{letter['id']}" == rejected["id"]
    assert told(asked, RETRY, OPS, exceptionId=rejected["id"])["note"] == "It was tried again."
    again = until(lambda: next(iter(exceptions(asked, source="EVENT")), None), "the event, rejected again")
    assert again["id"] != rejected["id"]

    for option, value, count in (("--entity", "erp/SKU-1", 3), ("--id", "e-2", 1), ("--since", "10m", 3)):
        replayed = answered(folder, "events", "replay", option, value, "--wait", "20")
        assert replayed == {"replayed": count, "waiting": 0}, option
    for wrong in ((), ("--since", "yesterday")):
        done = retailgraph(folder, "events", "replay", *wrong)
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
