"""Orders, points and returns as channels send them, and the systems looked at and meddled with behind our back."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import httpx

from domains.sandbox import Sandbox
from tests.running import ROOT, Asked, Json, until

ADA, CLERK, OPS = "ada", "clerk", "ops"
TOKENS = "".join(
    f'[[identity.tokens]]\nsha256 = "{hashlib.sha256(name.encode()).hexdigest()}"\nsubject = "{name}"\n{who}\n'
    for name, who in (
        (ADA, 'customer = "cust-00001"'),
        (CLERK, 'audience = "associate"\nstore = "store-007"'),
        (OPS, 'audience = "operations"'),
    )
)
SHOPPERS = '[identity.anonymous]\naudience = "storefront"\n'
SUBMIT = """mutation Submit($input: OrderSubmitInput!) { orderSubmit(input: $input) {
  __typename ... on Order { id orderNumber } ... on Refusal { code message } } }"""
HOLD = """mutation Hold($input: LoyaltyRedemptionHoldInput!) { loyaltyRedemptionHold(input: $input) {
  __typename ... on LoyaltyRedemption { id } ... on Refusal { code message } } }"""
CANCEL = """mutation Cancel($input: OrderCancelInput!) { orderCancel(input: $input) {
  __typename ... on Order { id } ... on Refusal { code message } } }"""
AUTHORIZE = """mutation Authorize($input: ReturnAuthorizeInput!) { returnAuthorize(input: $input) {
  __typename ... on ReturnAuthorization { id rmaNumber lines { id } estimatedRefund { amount } }
  ... on Refusal { code message } } }"""
RECEIVE = """mutation Receive($input: ReturnReceiveInput!) { returnReceive(input: $input) {
  __typename ... on ReturnAuthorization { id } ... on Refusal { code message } } }"""
CANCEL_RETURN = """mutation Cancel($input: ReturnCancelInput!) { returnCancel(input: $input) {
  __typename ... on ReturnAuthorization { id } ... on Refusal { code message } } }"""
FLOWS = """query Flows($filter: FlowFilterInput) { flows(filter: $filter, first: 100) { nodes {
  id kind state subject correlationId steps { name state reference } } } }"""
KEYS = iter(f"key-{number}" for number in range(10_000))


def told(asked: Asked, mutation: str, who: str = ADA, **given: object) -> Json:
    """The answer to a mutation that is no refusal."""
    (answer,) = asked.data(mutation, {"input": {"idempotencyKey": next(KEYS), **given}}, who).values()
    assert isinstance(answer, dict)
    assert "code" not in answer, answer
    return answer


def ordered(asked: Asked, price: str = "20.00", sku: str = "SKU-00007", **given: object) -> Json:
    """An order of two of one product."""
    line = {"sku": sku, "quantity": "2", "unitPrice": {"amount": price, "currencyCode": "EUR"}}
    total = {"amount": f"{2 * float(price):.2f}", "currencyCode": "EUR"}
    return told(asked, SUBMIT, ADA, lines=[line], total=total, **given)


def held(asked: Asked, points: str = "100") -> str:
    """Points of the customer, set aside."""
    return str(told(asked, HOLD, membershipId="mem-00001", points=points)["id"])


def authorized(asked: Asked, order_id: str) -> Json:
    """A return of one piece of the first line, at the desk."""
    lines = [{"orderLineId": "1", "quantity": "1", "reason": "STYLE"}]
    goods = {"lines": lines, "method": "RETURN_IN_STORE", "refundType": "FULL_REFUND"}
    return told(asked, AUTHORIZE, CLERK, orderId=order_id, **goods)


def flows_of(asked: Asked, **wanted: object) -> list[Json]:
    found: list[Json] = asked.data(FLOWS, {"filter": wanted}, OPS)["flows"]["nodes"]
    return found


def over(asked: Asked, subject: str, kind: str, state: str = "COMPLETED") -> Json:
    """The newest flow of a kind about `subject`, once it is in a state."""

    def look() -> Json | None:
        newest = next(iter(flows_of(asked, subject=subject, kind=kind)), None)
        return newest if newest is not None and newest["state"] == state else None

    return until(look, f"{kind} {state} of {subject}")


def delivered(sandbox: Sandbox, order_id: str) -> None:
    """All of an order reaches its customer."""
    meddled(sandbox, "OMS", f"/_sandbox/orders/{bare(order_id)}/ship", {"to": "DELIVERED"})


def meddled(sandbox: Sandbox, system: str, path: str, body: Json) -> Json:
    """A write at a system that the gateway does not hear of."""
    headers = {"Idempotency-Key": next(KEYS)}
    answer = httpx.post(f"{sandbox.urls[system]}{path}", json=body, headers=headers, trust_env=False)
    answer.raise_for_status()
    said: Json = answer.json()
    return said


def bare(public: str) -> str:
    return public.rsplit(":", maxsplit=1)[-1]


def retailgraph(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command with the settings of the gateway that runs in `folder`."""
    words = [sys.executable, "-m", "gateway", *arguments, "--config", str(folder / "retailgraph.toml")]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def answered(folder: Path, *arguments: str, code: int = 0) -> Json:
    """What a command answers as JSON."""
    done = retailgraph(folder, *arguments, "--json")
    assert done.returncode == code, done.stderr + done.stdout
    said: Json = json.loads(done.stdout)
    return said
