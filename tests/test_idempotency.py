"""Repeats over real HTTP: one effect for one key, whoever asks how often, and whichever process answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from domains.sandbox import Sandbox
from tests.running import Asked, gateway_running, sandbox_running

AT_ONCE = 20
HOLD = """mutation Hold($input: LoyaltyRedemptionHoldInput!) { loyaltyRedemptionHold(input: $input) {
  __typename ... on Refusal { code retryable retryAfterSeconds } ... on LoyaltyRedemption { id state } } }"""
RESERVE = """mutation Reserve($input: InventoryReservationCreateInput!) { inventoryReservationCreate(input: $input) {
  __typename ... on Refusal { code } ... on InventoryReservation { id state lines { sku quantity } } } }"""
HELD, RESERVED = ("LOYALTY", "POST /v1/redemptions"), ("OMS", "POST /v1/reservations")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with sandbox_running() as running:
        yield running


@pytest.fixture(scope="module")
def served(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    with gateway_running(sandbox.urls, tmp_path_factory.mktemp("repeats")) as running:
        yield running


@pytest.fixture
def asked(served: Asked) -> Asked:
    served.reset()
    return served


def hold(points: str = "10", key: str | None = None) -> dict[str, Any]:
    return {"membershipId": "mem-00001", "points": points, "idempotencyKey": key}


def basket(quantity: str = "1", key: str | None = None) -> dict[str, Any]:
    return {"lines": [{"sku": "SKU-00001", "quantity": quantity}], "idempotencyKey": key}


def send(asked: Asked, query: str, given: dict[str, Any], header: str | None = None) -> httpx.Response:
    headers = {} if header is None else {"Idempotency-Key": header}
    return asked.http.post("/graphql", json={"query": query, "variables": {"input": given}}, headers=headers)


def told(response: httpx.Response) -> dict[str, Any]:
    body = response.json()
    assert "errors" not in body, body
    (answer,) = body["data"].values()
    assert isinstance(answer, dict)
    return answer


def is_replay(response: httpx.Response) -> bool:
    """Whether the answer is marked; both marks or none."""
    marked = bool(response.json().get("extensions", {}).get("replayed"))
    assert response.headers.get("idempotent-replayed") == ("true" if marked else None)
    return marked


def effects(asked: Asked, system: str, endpoint: str) -> int:
    return asked.calls().get(system, {}).get(endpoint, 0)


@pytest.mark.parametrize(
    ("query", "given", "other", "effect"),
    [
        (HOLD, hold(key="twice"), hold("11", key="twice"), HELD),
        (RESERVE, basket(key="twice"), basket("2", "twice"), RESERVED),
    ],
)
def test_a_repeat_is_one_call_and_marked(
    asked: Asked, query: str, given: dict[str, Any], other: dict[str, Any], effect: tuple[str, str]
) -> None:
    """The same key and input ask the system once and are answered alike; another input is refused without a call."""
    first = send(asked, query, given)
    again = send(asked, query, given)
    assert told(again) == told(first)
    assert (is_replay(first), is_replay(again)) == (False, True)
    assert told(send(asked, query, other))["code"] == "IDEMPOTENCY_CONFLICT"
    assert effects(asked, *effect) == 1


def test_many_at_once_are_one_effect(asked: Asked) -> None:
    """Of twenty equal requests at once one is carried out; the others hear its answer, or when to come back."""

    def press(_: int) -> httpx.Response:
        return send(asked, HOLD, hold(key="rush"))

    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(press, range(AT_ONCE)))
    kinds = Counter((told(answer)["__typename"], is_replay(answer)) for answer in answers)
    assert kinds[("LoyaltyRedemption", False)] == 1, kinds
    assert set(kinds) <= {("LoyaltyRedemption", False), ("LoyaltyRedemption", True), ("RetryLater", False)}
    ids = {told(answer).get("id") for answer in answers} - {None}
    assert len(ids) == 1
    assert effects(asked, *HELD) == 1
    assert is_replay(press(0))


def test_a_header_names_the_request(asked: Asked) -> None:
    """A key in the header, quoted as the draft has it or bare, is as good as one in the input."""
    first = send(asked, RESERVE, basket(), header='"by-header"')
    for again in (send(asked, RESERVE, basket(), "by-header"), send(asked, RESERVE, basket(key="by-header"))):
        assert told(again) == told(first)
        assert is_replay(again)
    assert effects(asked, *RESERVED) == 1
    (error,) = send(asked, RESERVE, basket()).json()["errors"]
    assert error["extensions"]["inputPath"] == ["input", "idempotencyKey"]


def test_what_a_system_did_unheard_is_not_done_again(asked: Asked) -> None:
    """A write that nobody heard and nobody could look for is refused for now; its repeat finds what was done."""
    loyalty = asked.systems["LOYALTY"]
    before = _held(asked)
    with httpx.Client(base_url=loyalty, trust_env=False) as knobs:
        # The write is done, and of this answer and of any to the look that follows half is lost.
        paths = ["/v1/redemptions", "/v1/redemptions/search"]
        knobs.post("/_sandbox/faults", json={"truncated": 1, "endpoints": paths})
        lost = told(send(asked, HOLD, hold(key="lost")))
        knobs.delete("/_sandbox/faults")
    assert (lost["__typename"], lost["retryable"]) == ("BackendUnavailable", True)
    repeat = send(asked, HOLD, hold(key="lost"))
    assert told(repeat)["state"] == "HELD"
    assert not is_replay(repeat)
    assert _held(asked) == before + 10
    assert effects(asked, *HELD) == 1


def test_what_a_system_did_unheard_is_found(asked: Asked) -> None:
    """When only the write's own answer is lost, the engine is asked what it did, and that is the answer."""
    before = _held(asked)
    with httpx.Client(base_url=asked.systems["LOYALTY"], trust_env=False) as knobs:
        knobs.post("/_sandbox/faults", json={"lost_reply": 1, "endpoints": ["/v1/redemptions"]})
        found = send(asked, HOLD, hold(key="found"))
        knobs.delete("/_sandbox/faults")
    assert told(found)["state"] == "HELD"
    assert _held(asked) == before + 10
    assert is_replay(send(asked, HOLD, hold(key="found")))
    assert effects(asked, *HELD) == 1


def _held(asked: Asked) -> float:
    query = '{ customer(id: "cust-00001") { loyalty { balance { held { value } } } } }'
    return float(asked.data(query)["customer"]["loyalty"]["balance"]["held"]["value"])


def test_a_repeat_is_known_after_a_restart(sandbox: Sandbox, tmp_path: Path) -> None:
    """Another process on the same database replays what the one before it answered."""
    with gateway_running(sandbox.urls, tmp_path) as before:
        first = told(send(before, RESERVE, basket(key="restart")))
    with gateway_running(sandbox.urls, tmp_path) as after:
        after.reset()
        again = send(after, RESERVE, basket(key="restart"))
        assert told(again) == first
        assert is_replay(again)
        assert effects(after, *RESERVED) == 0
