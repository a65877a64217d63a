"""Points of an engine that only takes and gives them, over real HTTP: the gateway holds, two of its processes agree."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from domains.sandbox import Sandbox
from tests.running import Asked, Json, command, gateway_running, sandbox_running, until

ADA, CLERK = "ada", "clerk"
TOKENS = "".join(
    f"""
[[identity.tokens]]
sha256 = "{hashlib.sha256(name.encode()).hexdigest()}"
subject = "{name}"
{who}
"""
    for name, who in ((ADA, 'customer = "cust-00001"'), (CLERK, 'audience = "associate"'))
)
SHOPPERS = '[identity.anonymous]\naudience = "storefront"\n'
SETTINGS = "[durable]\nworkers_in_serve = false\n"
DEBIT = '\nholds = "debit"\npoint_value = "0.01 EUR"\n'
MEMBER = "mem-00001"
HOLD = """mutation Hold($input: LoyaltyRedemptionHoldInput!) { loyaltyRedemptionHold(input: $input) {
  __typename ... on LoyaltyRedemption { id state value { amount } } ... on Refusal { code message }
  ... on InsufficientPoints { available { value } } } }"""
CAPTURE = """mutation Capture($input: LoyaltyRedemptionCaptureInput!) { loyaltyRedemptionCapture(input: $input) {
  __typename ... on LoyaltyRedemption { id state } ... on Refusal { code message } } }"""
VOID = """mutation Void($input: LoyaltyRedemptionVoidInput!) { loyaltyRedemptionVoid(input: $input) {
  __typename ... on LoyaltyRedemption { id state } ... on Refusal { code message } } }"""
SUBMIT = """mutation Submit($input: OrderSubmitInput!) { orderSubmit(input: $input) {
  __typename ... on Order { id } ... on Refusal { code message } } }"""
CANCEL = """mutation Cancel($input: OrderCancelInput!) { orderCancel(input: $input) {
  __typename ... on Order { id } ... on Refusal { code message } } }"""
POINTS = """{ me { loyalty { balance { available { value } held { value } }
  redemptions(first: 50) { nodes { id state } } } } }"""
KEYS = iter(f"key-{number}" for number in range(10_000))
LINE = {"sku": "SKU-00007", "quantity": "1", "unitPrice": {"amount": "20.00", "currencyCode": "EUR"}}
TOTAL = {"amount": "20.00", "currencyCode": "EUR"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with sandbox_running() as running:
        yield running


@pytest.fixture(scope="module")
def gateways(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Asked, Asked, Path]]:
    """Two processes of one deployment, each with a cache of its own, and the settings of both."""
    database = tmp_path_factory.mktemp("database") / "shared.db"
    extra = f'{TOKENS}{SETTINGS}[database]\nurl = "sqlite:///{database}"\n'
    systems = {role: url for role, url in sandbox.urls.items() if role != "LOYALTY"}
    # The last of the systems' sections, so that its own keys can follow.
    systems["LOYALTY"] = sandbox.urls["LOYALTY"]
    with ExitStack() as stack:
        folders = [tmp_path_factory.mktemp(name) for name in ("one", "two")]
        one, two = (
            stack.enter_context(gateway_running(systems, folder, DEBIT + extra, SHOPPERS)) for folder in folders
        )
        yield one, two, folders[0] / "retailgraph.toml"


def told(asked: Asked, mutation: str, who: str = ADA, **given: Any) -> Json:
    (answer,) = asked.data(mutation, {"input": {"idempotencyKey": next(KEYS), **given}}, who).values()
    assert isinstance(answer, dict)
    return answer


def held(asked: Asked, points: int, **given: Any) -> str:
    answer = told(asked, HOLD, membershipId=MEMBER, points=str(points), **given)
    assert answer.get("state") == "HELD", answer
    return str(answer["id"])


def points(asked: Asked) -> tuple[int, int]:
    """Ada's points, available and held, as this process shows them."""
    balance = shown(asked)["balance"]
    return int(balance["available"]["value"]), int(balance["held"]["value"])


def shown(asked: Asked) -> Json:
    loyalty: Json = asked.data(POINTS, {}, ADA)["me"]["loyalty"]
    return loyalty


def state(asked: Asked, redemption: str) -> str | None:
    return {one["id"]: str(one["state"]) for one in shown(asked)["redemptions"]["nodes"]}.get(redemption)


def engine(sandbox: Sandbox) -> int:
    """What the engine itself has for Ada."""
    asking = {"membershipIds": [MEMBER]}
    answer = httpx.post(f"{sandbox.urls['LOYALTY']}/v1/balances/lookup", json=asking, trust_env=False).json()
    return int(answer["items"][0]["available"]["value"])


def ledger(sandbox: Sandbox) -> list[tuple[str, int]]:
    """The newest entries of the engine's ledger for Ada: kind and points."""
    asking = {"queries": [{"membershipId": MEMBER, "first": 10}]}
    answer = httpx.post(f"{sandbox.urls['LOYALTY']}/v1/ledger/search", json=asking, trust_env=False).json()
    return [(row["type"], int(row["points"]["value"])) for row in answer["pages"][0]["items"]]


def test_a_hold_is_seen_by_every_process_at_once(gateways: tuple[Asked, Asked, Path], sandbox: Sandbox) -> None:
    """Held points are off both balances though the engine knows nothing of it; what exceeds the rest is refused, and
    what is given back is there again."""
    one, two, _ = gateways
    (available, held_before), has = points(one), engine(sandbox)
    assert points(two) == (available, held_before)
    redemption = held(one, available - 100)
    assert points(one) == points(two) == (100, held_before + available - 100)
    assert engine(sandbox) == has
    refused = told(two, HOLD, membershipId=MEMBER, points="101")
    assert (refused["__typename"], refused["available"]) == ("InsufficientPoints", {"value": "100"})
    assert told(two, VOID, redemptionId=redemption)["state"] == "VOIDED"
    assert points(one) == points(two) == (available, held_before)
    assert state(one, redemption) == "VOIDED"


def test_a_hold_ends_by_itself(gateways: tuple[Asked, Asked, Path]) -> None:
    """After its time the points are available again, and nothing is left to spend."""
    one, two, _ = gateways
    before = points(one)
    redemption = held(one, 100, ttlSeconds=1)
    until(lambda: points(two) == before or None, "the end of the hold")
    assert state(two, redemption) == "EXPIRED"
    assert told(one, CAPTURE, CLERK, redemptionId=redemption)["code"] == "ILLEGAL_REDEMPTION_STATE"


def test_points_are_spent_at_a_till(gateways: tuple[Asked, Asked, Path], sandbox: Sandbox) -> None:
    """Who serves customers spends a hold by a debit, once; a shopper cannot."""
    one, two, _ = gateways
    (available, held_before), has = points(one), engine(sandbox)
    redemption = held(one, 100)
    refused = one.ask(CAPTURE, {"input": {"redemptionId": redemption, "idempotencyKey": next(KEYS)}}, ADA)
    assert refused["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"  # a customer's schema has no such
    assert told(one, CAPTURE, CLERK, redemptionId=redemption)["state"] == "CAPTURED"
    assert told(two, CAPTURE, CLERK, redemptionId=redemption)["code"] == "ILLEGAL_REDEMPTION_STATE"
    assert points(one) == points(two) == (available - 100, held_before)
    assert engine(sandbox) == has - 100
    assert ledger(sandbox)[0] == ("REDEMPTION", -100)


def test_a_debit_whose_answer_is_lost_is_found(gateways: tuple[Asked, Asked, Path], sandbox: Sandbox) -> None:
    """The engine's ledger says that the points are spent, so the till is told so, and they are spent once."""
    one, _, _ = gateways
    redemption, has = held(one, 100), engine(sandbox)
    faults = f"{sandbox.urls['LOYALTY']}/_sandbox/faults"
    httpx.post(faults, json={"lost_reply": 1, "endpoints": ["/v1/ledger/debits"]}, trust_env=False).raise_for_status()
    one.reset()
    captured = told(one, CAPTURE, CLERK, redemptionId=redemption)
    httpx.delete(faults, trust_env=False)
    assert captured.get("state") == "CAPTURED", captured
    assert one.calls()["LOYALTY"]["POST /v1/ledger/debits"] == 1
    assert engine(sandbox) == has - 100


def test_an_order_spends_what_is_held(gateways: tuple[Asked, Asked, Path], sandbox: Sandbox) -> None:
    """The flow of an order debits the hold, and the flow of its cancellation credits it; balances follow."""
    one, two, config = gateways
    (available, held_before), has = points(one), engine(sandbox)
    redemption = held(one, 100)
    order = told(one, SUBMIT, lines=[LINE], total=TOTAL, redemptionId=redemption)
    assert order["__typename"] == "Order", order
    assert points(two) == (available - 100, held_before + 100)
    with command("work", "--config", str(config)):
        until(lambda: state(two, redemption) == "CAPTURED" or None, "the debit")
        assert engine(sandbox) == has - 100
        assert points(one) == points(two) == (available - 100, held_before)
        assert told(one, CANCEL, orderId=order["id"])["__typename"] == "Order"
        until(lambda: state(two, redemption) == "REVERSED" or None, "the credit")
        until(lambda: points(one) == (available, held_before) or None, "the points")
    assert engine(sandbox) == has
