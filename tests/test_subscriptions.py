"""Subscriptions over real HTTP and WebSockets: two gateways on one database, fed by the systems' own events."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from domains.sandbox import Sandbox
from tests.running import Asked, gateway_running, sandbox_running, until
from tests.streaming import (
    ADA,
    BOB,
    CLERK,
    KEYS,
    RESERVE,
    SECRET,
    SHOPPERS,
    SOURCES,
    STOCK,
    TOKENS,
    Heard,
    events,
    post,
    tell,
)

ORDER = "subscription($id: ID!) { orderStatusChanged(orderId: $id) { id status freshness { tier } } }"
BALANCE = "subscription($id: ID!) { loyaltyBalanceChanged(membershipId: $id) { available { value } } }"
RETURN = "subscription($id: ID!) { returnStatusChanged(returnAuthorizationId: $id) { id status } }"
HOLD = """mutation($input: LoyaltyRedemptionHoldInput!) {
  loyaltyRedemptionHold(input: $input) { __typename ... on Refusal { code } } }"""
NOBODYS_NEWS = 999_999_999
NEW, RELEASED, PICKING, CLOSED = "ord-000004", "ord-000005", "ord-000008", "ord-000001"
"""Orders of cust-00001."""


class House:
    """Two gateways on one database, and the systems, which tell the first one what happens."""

    def __init__(self, sandbox: Sandbox, taking: Asked, other: Asked) -> None:
        self.urls = {role.lower(): url for role, url in sandbox.urls.items()}
        self.taking = str(taking.http.base_url).rstrip("/")
        self.other = str(other.http.base_url).rstrip("/")
        self.asked = taking
        for name in ("oms", "loyalty"):
            post(f"{self.urls[name]}/_sandbox/webhook", url=f"{self.taking}/events/{name}", secret=SECRET)

    def ship(self, order_id: str, to: str | None = None) -> None:
        post(f"{self.urls['oms']}/_sandbox/orders/{order_id}/ship", **({} if to is None else {"to": to}))


@contextmanager
def houses(folder: Path, extra: str = "") -> Iterator[House]:
    database = f'[database]\nurl = "sqlite:///{folder / "shared.db"}"\n'
    settings = TOKENS + SOURCES + database + extra
    (folder / "other").mkdir()
    with (
        sandbox_running() as sandbox,
        gateway_running(sandbox.urls, folder, settings, SHOPPERS) as taking,
        gateway_running(sandbox.urls, folder / "other", settings, SHOPPERS) as other,
    ):
        yield House(sandbox, taking, other)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with houses(tmp_path_factory.mktemp("house"), "[streams]\nheartbeat_s = 0.5\n") as running:
        yield running


async def test_an_order_is_followed_from_another_process(house: House) -> None:
    """The OMS tells one gateway, and who watches the order through the other sees each step, read anew."""
    order_id = PICKING
    async with events(house.other, ORDER, {"id": order_id}, token=ADA) as stream:
        assert stream.response.headers["content-type"] == "text/event-stream; charset=utf-8"
        before = (await stream.next()).json["data"]["orderStatusChanged"]["status"]
        house.ship(order_id, "SHIPPED")
        seen = before
        while seen == before:
            message = await stream.next()
            seen = message.json["data"]["orderStatusChanged"]["status"]
            assert message.json["extensions"]["stream"] == {"eventId": message.id}
            assert message.json["extensions"]["freshness"]["tier"] in {"LIVE", "FRESH"}


async def test_stock_is_told_by_product_and_place(house: House) -> None:
    """All that is watched comes first; then only the product whose stock moved, and only at the places watched."""
    at, elsewhere = "store-001", "store-002"
    skus = {"skus": ["SKU-00001", "SKU-00002"], "at": [at]}
    async with events(house.other, STOCK, skus) as stream:
        first = (await stream.next()).json["data"]["availabilityChanged"]
        assert [(one["sku"], one["location"]["id"]) for one in first] == [
            ("SKU-00001", "Location:store-001"),
            ("SKU-00002", "Location:store-001"),
        ]
        for sku, place in (("SKU-00001", elsewhere), ("SKU-00002", at)):
            line = {"sku": sku, "quantity": "1", "locationId": place}
            given = {"input": {"lines": [line], "idempotencyKey": next(KEYS)}}
            made = house.asked.data(RESERVE, given, ADA)["inventoryReservationCreate"]
            assert made["__typename"] == "InventoryReservation", made
        (moved,) = (await stream.next()).json["data"]["availabilityChanged"]
        assert moved["sku"] == "SKU-00002"
        assert int(moved["availableToPromise"]) == int(first[1]["availableToPromise"]) - 1


async def test_points_are_told_when_they_move(house: House) -> None:
    """A hold that one gateway takes is seen by whoever watches the balance through the other."""
    async with events(house.other, BALANCE, {"id": "mem-00001"}, token=ADA) as stream:
        before = (await stream.next()).json["data"]["loyaltyBalanceChanged"]["available"]["value"]
        given = {"membershipId": "mem-00001", "points": "1", "idempotencyKey": next(KEYS)}
        held = house.asked.data(HOLD, {"input": given}, ADA)["loyaltyRedemptionHold"]
        assert held["__typename"] == "LoyaltyRedemption", held
        after = (await stream.next()).json["data"]["loyaltyBalanceChanged"]["available"]["value"]
    assert int(after) == int(before) - 1


async def test_a_return_is_followed_and_events_may_come_in_at_any_door(house: House) -> None:
    """An event that the other gateway heard reaches a stream of the first."""
    found = post(f"{house.urls['oms']}/v1/returns/lookup", returnIds=["ret-000001"])
    (record,) = found["items"]
    async with events(house.taking, RETURN, {"id": "ReturnAuthorization:ret-000001"}, token=CLERK) as stream:
        first = await stream.next()
        tell(house.other, "oms.return.changed", record)
        second = await stream.next()
    assert first.json["data"] == second.json["data"]
    assert int(first.id or 0) < int(second.id or 0)


@pytest.mark.parametrize(("token", "seen"), [(ADA, True), (CLERK, True), (BOB, False), (None, False)])
async def test_only_whoever_may_see_it_may_watch_it(house: House, token: str | None, seen: bool) -> None:
    """Somebody else's order is refused as one that does not exist is, before the stream goes on."""
    async with events(house.taking, ORDER, {"id": CLOSED}, token=token) as stream:
        first = (await stream.next()).json
        if seen:
            assert first["data"]["orderStatusChanged"] is not None
            return
        assert first["errors"][0]["extensions"]["code"] == "NOT_FOUND"
        (end,) = await stream.rest()
    assert (end.event, end.data) == ("complete", "")


async def test_nobody_at_a_till_waits_for_the_erp_here_either(house: House) -> None:
    """A selection that would reach the ERP is refused on the checkout path as in a query, and nothing is sent."""
    query = "subscription($id: ID!) { orderStatusChanged(orderId: $id) { financialSummary { paid { amount } } } }"
    async with events(house.taking, query, {"id": "ord-000001"}, token=ADA) as stream:
        (refused, end) = await stream.rest()
    assert refused.json["errors"][0]["extensions"]["code"] == "ERP_ON_CHECKOUT_PATH"
    assert "data" not in refused.json
    assert end.event == "complete"


@pytest.mark.parametrize(
    "accept", ["application/json", "application/graphql-response+json, application/json, text/event-stream", "*/*"]
)
def test_who_does_not_ask_for_a_stream_is_told_how(house: House, accept: str) -> None:
    """Clients that list the event type beside JSON, as urql always does, get JSON: here 400 with a code."""
    body = {"query": ORDER, "variables": {"id": "ord-000001"}}
    answer = httpx.post(f"{house.taking}/graphql", json=body, headers={"Accept": accept}, trust_env=False)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["extensions"]["code"]) == (400, "SUBSCRIPTION_UNSUPPORTED")
    assert "text/event-stream" in error["message"]
    assert "graphql-transport-ws" in error["message"]


async def test_any_operation_can_be_answered_as_events(house: House) -> None:
    """A query is one event and the end; by GET, as an EventSource sends it, it may also be a subscription."""
    async with events(house.taking, "{ loyaltyProgram { name } }") as stream:
        (answer, end) = await stream.rest()
    assert answer.json["data"]["loyaltyProgram"]["name"]
    assert (end.event, end.data) == ("complete", "")
    params = {"query": 'subscription { availabilityChanged(skus: ["SKU-00001"]) { sku } }'}
    with httpx.stream(
        "GET", f"{house.taking}/graphql", params=params, headers={"Accept": "text/event-stream"}, trust_env=False
    ) as response:
        said = next(chunk for chunk in response.iter_text() if "event: next" in chunk)
    assert "SKU-00001" in said
    with httpx.stream(
        "GET",
        f"{house.taking}/graphql",
        params={"query": "mutation { __typename }"},
        headers={"Accept": "text/event-stream"},
        trust_env=False,
    ) as response:
        assert "METHOD_NOT_ALLOWED" in response.read().decode()


def test_a_token_that_is_not_known_opens_no_stream(house: House) -> None:
    """401 with a challenge, as for a query."""
    headers = {"Accept": "text/event-stream", "Authorization": "Bearer nobody"}
    answer = httpx.post(f"{house.taking}/graphql", json={"query": ORDER}, headers=headers, trust_env=False)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_stream_is_resumed_at_another_gateway(house: House) -> None:
    """What happened since the last event is told, once and as it stands now; without news there is only a heartbeat."""
    order_id = RELEASED
    given = {"id": order_id}
    async with events(house.taking, ORDER, given, token=ADA) as stream:
        left = (await stream.next()).id
    assert left is not None
    async with events(house.other, ORDER, given, token=ADA, Last_Event_ID=left) as stream:
        quiet = [await stream.block() for _ in range(2)]
    assert [(heard and heard.event) for heard in quiet] == [None, None]
    assert quiet[1] == Heard(comment="", id=left)
    house.ship(order_id, "SHIPPED")
    until(lambda: told_after(house, left), "the news")
    async with events(house.other, ORDER, given, token=ADA, Last_Event_ID=left) as stream:
        message = await stream.next()
    assert message.json["data"]["orderStatusChanged"]["status"] in {"SHIPPED", "DELIVERED", "COMPLETED"}
    assert message.json["extensions"]["stream"] == {"eventId": message.id, "resumed": True}


def told_after(house: House, left: str) -> bool | None:
    """Whether something was told behind an event, as a stream that resumes there would find."""
    with httpx.stream(
        "POST",
        f"{house.other}/graphql",
        json={"query": STOCK, "variables": {"skus": ["SKU-00003"]}},
        headers={"Accept": "text/event-stream"},
        trust_env=False,
    ) as response:
        said = next(line for line in response.iter_lines() if line.startswith("id:"))
    return int(said[3:]) > int(left) or None


@pytest.mark.parametrize("last", [str(NOBODYS_NEWS), "soon", "-1"])
async def test_who_comes_from_nowhere_is_told_so(house: House, last: str) -> None:
    """An id that is not in the news any more, or never was, begins anew and is marked."""
    async with events(house.taking, ORDER, {"id": CLOSED}, token=ADA, Last_Event_ID=last) as stream:
        assert (await stream.next()).json["extensions"]["stream"]["resumed"] is False


async def test_what_a_failing_system_left_out_is_told_when_it_is_back(house: House) -> None:
    """While the OMS fails an event brings what stands in, marked or null with an error; then, unasked, the truth."""
    order_id = NEW
    faults = f"{house.urls['oms']}/_sandbox/faults"
    async with events(house.other, ORDER, {"id": order_id}, token=ADA) as stream:
        assert (await stream.next()).json["data"]["orderStatusChanged"]["status"]
        post(faults, error_ratio=1)
        house.ship(order_id, "PROCESSING")
        told = (await stream.next()).json
        shown = told["data"]["orderStatusChanged"]
        assert "errors" in told or shown["freshness"]["tier"] == "STALE_DEGRADED", told
        post(faults, error_ratio=0)
        healed = (await stream.next()).json["data"]["orderStatusChanged"]
    assert (healed["status"], healed["freshness"]["tier"]) == ("PROCESSING", "LIVE")
