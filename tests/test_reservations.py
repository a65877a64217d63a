"""Buyers at the same shelf, over real HTTP: what is granted is there, and what is given back can be bought."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from domains.sandbox import Sandbox
from tests.running import Asked, gateway_running, sandbox_running

BUYERS = 16
STORE = "Location:store-001"
CREATE = """mutation Reserve($input: InventoryReservationCreateInput!) { inventoryReservationCreate(input: $input) {
  __typename ... on Refusal { code message } ... on InventoryReservation { id state lines { sku quantity } }
  ... on InsufficientStock { lines { requested best { availableToPromise } } }
  ... on PromiseChanged { differences { promised available reason } } } }"""
RELEASE = """mutation Release($input: InventoryReservationReleaseInput!) { inventoryReservationRelease(input: $input) {
  __typename ... on Refusal { code } ... on InventoryReservation { id state } } }"""
SHELF = """query Shelf($sku: String!, $at: [ID!]) {
  availability(lines: [{sku: $sku, quantity: 1}], locations: $at) { best { availableToPromise promiseToken } } }"""


def token(name: str) -> str:
    return f"""
[[identity.tokens]]
sha256 = "{hashlib.sha256(name.encode()).hexdigest()}"
subject = "{name}"
"""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with sandbox_running() as running:
        yield running


@pytest.fixture(scope="module")
def asked(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    with gateway_running(sandbox.urls, tmp_path_factory.mktemp("buyers"), token("ada") + token("bob")) as running:
        yield running


def shelf(asked: Asked, sku: str, who: str = "ada") -> tuple[int, str]:
    """What may be promised at the store, and the token for it."""
    (line,) = asked.data(SHELF, {"sku": sku, "at": [STORE]}, who)["availability"]
    best = line["best"] or {}
    return int(best.get("availableToPromise") or 0), best.get("promiseToken") or ""


def create(asked: Asked, key: str, *lines: dict[str, Any], who: str = "ada") -> dict[str, Any]:
    answer: dict[str, Any] = asked.data(CREATE, {"input": {"lines": list(lines), "idempotencyKey": key}}, who)[
        "inventoryReservationCreate"
    ]
    return answer


def release(asked: Asked, id_: str, key: str, who: str = "ada") -> dict[str, Any]:
    answer: dict[str, Any] = asked.data(RELEASE, {"input": {"reservationId": id_, "idempotencyKey": key}}, who)[
        "inventoryReservationRelease"
    ]
    return answer


def line(sku: str, quantity: int, promise: str | None = None) -> dict[str, Any]:
    return {"sku": sku, "quantity": str(quantity), "locationId": STORE, "promiseToken": promise}


def plentiful(asked: Asked, first: int) -> tuple[str, int]:
    """A product of which the store has some, but not enough for every buyer."""
    for number in range(first, first + 10):
        sku = f"SKU-{number:05}"
        there, _ = shelf(asked, sku)
        if 4 <= there <= 3 * BUYERS:
            return sku, there
    raise AssertionError("the store is empty")


@pytest.mark.parametrize(("lines", "first"), [([3], 1), ([2, 1], 11)], ids=["one line", "two lines of one item"])
def test_buyers_at_once_are_granted_no_more_than_there_is(asked: Asked, lines: list[int], first: int) -> None:
    """Of many buyers at one shelf as many are served as it has goods for; the rest are told what is left."""
    sku, there = plentiful(asked, first)
    each = sum(lines)

    def buy(buyer: int) -> dict[str, Any]:
        return create(asked, f"rush-{first}-{buyer}", *(line(sku, quantity) for quantity in lines))

    with ThreadPoolExecutor(BUYERS) as buyers:
        answers = list(buyers.map(buy, range(BUYERS)))
    served = [answer for answer in answers if answer["__typename"] == "InventoryReservation"]
    refused = [answer for answer in answers if answer["__typename"] == "InsufficientStock"]
    assert len(served) + len(refused) == BUYERS, answers
    assert len(served) == min(BUYERS, there // each)
    granted = sum(Decimal(part["quantity"]) for answer in served for part in answer["lines"])
    assert granted == len(served) * each <= there
    for answer in refused:
        (short,) = answer["lines"]
        assert short["requested"] == str(each)
        assert int(short["best"]["availableToPromise"]) < each
    assert shelf(asked, sku)[0] == there - granted
    for number, answer in enumerate(served):
        assert release(asked, answer["id"], f"back-{first}-{number}")["state"] == "RELEASED"
    assert shelf(asked, sku)[0] == there


def test_a_repeat_reserves_once_and_a_release_gives_back_once(asked: Asked) -> None:
    """The same key gives the same reservation; released, its stock can be bought again, and it is over."""
    sku, there = plentiful(asked, 21)
    first = create(asked, "once", line(sku, there))
    assert first["state"] == "CREATED", first
    assert create(asked, "once", line(sku, there)) == first
    assert create(asked, "once", line(sku, 1))["code"] == "IDEMPOTENCY_CONFLICT"
    assert create(asked, "another", line(sku, 1))["__typename"] == "InsufficientStock"
    assert release(asked, first["id"], "mine", who="bob")["code"] == "RESERVATION_NOT_FOUND"
    for _ in range(2):
        assert release(asked, first["id"], "mine")["state"] == "RELEASED"
    assert release(asked, first["id"], "again")["code"] == "ILLEGAL_RESERVATION_STATE"
    assert create(asked, "another", line(sku, 1))["__typename"] == "InsufficientStock"  # its first answer
    assert create(asked, "a third", line(sku, there))["state"] == "CREATED"


def test_a_promise_is_honoured_or_told_apart(asked: Asked) -> None:
    """Two buyers hold the same promise: the first is served as promised, the second reads what has changed."""
    sku, there = plentiful(asked, 31)
    _, promise = shelf(asked, sku)
    _, other = shelf(asked, sku, "bob")
    assert create(asked, "promised", line(sku, there, promise))["state"] == "CREATED"
    changed = create(asked, "too-late", line(sku, there, other), who="bob")
    assert changed["code"] == "PROMISE_CHANGED", changed
    assert changed["differences"] == [{"promised": str(there), "available": "0", "reason": "STOCK_GONE"}]
    forged = create(asked, "forged", line(sku, 1, promise[:-1] + ("A" if promise[-1] != "A" else "B")))
    assert forged["differences"][0]["reason"] == "INVALID"
