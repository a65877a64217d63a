"""The subprotocol graphql-transport-ws, message by message, against a gateway process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from domains.sandbox import Sandbox
from tests.running import Json, gateway_running, sandbox_running, with_origins
from tests.streaming import (
    ADA,
    CLERK,
    KEYS,
    RESERVE,
    SECRET,
    SHOPPERS,
    SOURCES,
    STOCK,
    SUBPROTOCOL,
    TOKENS,
    events,
    post,
    socket,
)

GONE = "nobody"
NUMBERS = """[streams]
heartbeat_s = 1.0
init_timeout_s = 1.0
operations_max = 2
"""
ORDER = "subscription($id: ID!) { orderStatusChanged(orderId: $id) { id status } }"
WATCHED: Json = {"skus": ["SKU-00011"], "at": ["store-001"]}


@dataclass(frozen=True)
class Shop:
    url: str
    http: httpx.Client

    async def sell(self, sku: str = "SKU-00011") -> None:
        """Take one of the shelf of store-001, as a basket would."""
        line = {"sku": sku, "quantity": "1", "locationId": "store-001"}
        body = {"query": RESERVE, "variables": {"input": {"lines": [line], "idempotencyKey": next(KEYS)}}}
        answer = await asyncio.to_thread(
            self.http.post, "/graphql", json=body, headers={"Authorization": f"Bearer {ADA}"}
        )
        assert answer.json()["data"]["inventoryReservationCreate"]["__typename"] == "InventoryReservation"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with sandbox_running() as running:
        yield running


@pytest.fixture(scope="module")
def shop(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("sockets")
    audiences = with_origins(folder / "audiences", storefront="https://shop.example")
    with gateway_running(sandbox.urls, folder, TOKENS + SOURCES + NUMBERS + audiences, SHOPPERS) as asked:
        url = str(asked.http.base_url).rstrip("/")
        oms = next(address for role, address in sandbox.urls.items() if role.lower() == "oms")
        post(f"{oms}/_sandbox/webhook", url=f"{url}/events/oms", secret=SECRET)
        yield Shop(url, asked.http)


async def test_any_operation_runs_on_one_socket(shop: Shop) -> None:
    """A query ends with complete; a subscription goes on beside it until the client completes it; ids come back."""
    async with socket(shop.url) as ws:
        await ws.subscribe("a", "{ loyaltyProgram { name } }")
        answer = await ws.message()
        assert (answer["type"], answer["id"]) == ("next", "a")
        assert answer["payload"]["data"]["loyaltyProgram"]["name"]
        assert await ws.message() == {"type": "complete", "id": "a"}
        await ws.subscribe("a", STOCK, WATCHED)
        first = await ws.message()
        await shop.sell()
        second = await ws.message()
        before, after = (
            int(message["payload"]["data"]["availabilityChanged"][0]["availableToPromise"])
            for message in (first, second)
        )
        assert after == before - 1
        assert second["payload"]["extensions"]["freshness"]["tier"] in {"LIVE", "FRESH"}
        await ws.send(id="a", type="complete")
        await shop.sell()
        await ws.subscribe("a", "mutation { __typename }")
        assert (await ws.message())["payload"]["data"] == {"__typename": "Mutation"}


async def test_what_cannot_run_is_an_error_of_its_operation(shop: Shop) -> None:
    """Documents that do not validate, and what is not the caller's, end with `error`; the socket goes on."""
    async with socket(shop.url) as ws:
        for query, code in (
            ("{ nope }", "GRAPHQL_VALIDATION_FAILED"),
            ("{", "GRAPHQL_PARSE_FAILED"),
            (ORDER, "NOT_FOUND"),
        ):
            await ws.subscribe("x", query, {"id": "ord-000001"} if query == ORDER else {})
            refused = await ws.message()
            assert (refused["type"], refused["id"]) == ("error", "x")
            assert refused["payload"][0]["extensions"]["code"] == code


async def test_whoever_the_payload_names_is_asking(shop: Shop) -> None:
    """A browser cannot set headers, so the token may stand in the payload, and wins over the handshake's."""
    known, unknown = f"Bearer {ADA}", f"Bearer {GONE}"
    for init, header in (({"authorization": known}, unknown), (None, known)):
        async with socket(shop.url, init=init, Authorization=header) as ws:
            await ws.subscribe("1", ORDER, {"id": "ord-000001"})
            assert (await ws.message())["payload"]["data"]["orderStatusChanged"]["id"] == "Order:ord-000001"


@pytest.mark.parametrize(
    ("sent", "code", "reason"),
    [
        ([{"type": "subscribe", "id": "1", "payload": {"query": "{ a }"}}], 4401, "Unauthorized"),
        ([{"type": "connection_init"}] * 2, 4429, "Too many initialisation requests"),
        ([{"type": "connection_init", "payload": {"Authorization": f"Bearer {GONE}"}}], 4403, "The bearer token"),
        ([{"type": "connection_init", "payload": {"Authorization": 7}}], 4403, "Authorization"),
        ([{"type": "connection_init", "payload": "x"}], 4400, "A payload is"),
        ([{"type": "start"}], 4400, "A message has a type"),
        ([{"type": "connection_init"}, {"type": "subscribe", "payload": {"query": "{ a }"}}], 4400, "An id is"),
        ([{"type": "connection_init"}, {"type": "subscribe", "id": "1", "payload": {}}], 4400, "query is"),
        ([[]], 4400, "A message is a JSON object."),
        (["not json"], 4400, "The message is not valid JSON"),
        ([], 4408, "Connection initialisation timeout"),
    ],
)
async def test_what_breaks_the_protocol_closes_the_socket(shop: Shop, sent: list[Any], code: int, reason: str) -> None:
    """Each breach has the close code that the protocol gives it, and a reason."""
    async with socket(shop.url, ready=False) as ws:
        for message in sent:
            await ws.connection.send(message if isinstance(message, str) else json.dumps(message))
        closed = await ws.closed()
    assert closed[0] == code
    assert closed[1].startswith(reason)


async def test_an_id_in_use_closes_the_socket(shop: Shop) -> None:
    """A second subscriber of one id is 4409."""
    async with socket(shop.url) as ws:
        await ws.subscribe("1", STOCK, WATCHED)
        await ws.subscribe("1", STOCK, WATCHED)
        assert await ws.closed() == (4409, "Subscriber for 1 already exists")


async def test_binary_and_oversized_frames_close_the_socket(shop: Shop) -> None:
    """Messages are text; a frame beyond the bound is not even read."""
    async with socket(shop.url) as ws:
        await ws.connection.send(b"{}")
        assert (await ws.closed())[0] == 4400
    async with socket(shop.url) as ws:
        await ws.connection.send("x" * (1024 * 1024 + 1))
        assert (await ws.closed())[0] == 1009


async def test_other_subprotocols_are_not_spoken(shop: Shop) -> None:
    """The old protocol of the same purpose, and none at all, are closed with 4406."""
    for subprotocol in ("graphql-ws", None):
        async with socket(shop.url, ready=False, subprotocol=subprotocol) as ws:
            assert (await ws.closed())[0] == 4406


@pytest.mark.parametrize(
    ("origin", "welcome"), [("https://evil.example", False), ("https://shop.example", True), ("null", False)]
)
async def test_pages_of_other_origins_are_refused(shop: Shop, origin: str, welcome: bool) -> None:
    """A browser lets any page open a socket here; only those that the settings name, and our own, get one."""
    address = shop.url.replace("http://", "ws://") + "/graphql"
    opening = connect(address, subprotocols=[SUBPROTOCOL], origin=Origin(origin), proxy=None)
    if welcome:
        async with opening as ws:
            assert ws.subprotocol == SUBPROTOCOL
    else:
        with pytest.raises(InvalidStatus) as refused:
            await opening
        assert refused.value.response.status_code == 403
    async with socket(shop.url, Origin=shop.url) as own:
        await own.send(type="ping")
        assert await own.message() == {"type": "pong"}


async def test_a_page_asks_as_callers_of_its_own_audience(shop: Shop) -> None:
    """A page of the storefront opens a socket, and is closed with 4403 once it says that it is an associate's."""
    async with socket(shop.url, ready=False, Origin="https://shop.example") as ws:
        await ws.send(type="connection_init", payload={"authorization": f"Bearer {CLERK}"})
        assert (await ws.closed())[0] == 4403
    async with socket(shop.url, Origin="https://shop.example") as ws:
        await ws.subscribe("1", "{ loyaltyProgram { name } }")
        assert (await ws.message())["payload"]["data"]["loyaltyProgram"]["name"]


async def test_pings_are_answered_and_expected(shop: Shop) -> None:
    """A ping's payload comes back; a client that answers none of ours for a while is let go."""
    async with socket(shop.url) as ws:
        await ws.send(type="ping", payload={"at": 1})
        assert await ws.message() == {"type": "pong", "payload": {"at": 1}}
        assert await ws.closed() == (1012, "HEARTBEAT_MISSED")


async def test_a_socket_runs_so_many_operations(shop: Shop) -> None:
    """One too many is refused by itself; the others go on."""
    async with socket(shop.url) as ws:
        for number in ("1", "2", "3"):
            await ws.subscribe(number, STOCK, WATCHED)
        said = [await ws.message() for _ in range(3)]
    (refused,) = (message for message in said if message["type"] == "error")
    assert (refused["id"], refused["payload"][0]["extensions"]["code"]) == ("3", "TOO_MANY_OPERATIONS")


async def test_a_socket_resumes_where_an_event_stream_was(shop: Shop) -> None:
    """The id of the last event, in an operation's extensions or the socket's payload, continues on either transport."""
    async with events(shop.url, STOCK, WATCHED) as stream:
        left = (await stream.next()).id
    await shop.sell()
    async with events(shop.url, STOCK, WATCHED, Last_Event_ID=str(left)) as stream:
        told = await stream.next()
    assert told.json["extensions"]["stream"] == {"eventId": told.id, "resumed": True}
    for init, extensions in (({"lastEventId": left}, {}), (None, {"lastEventId": left})):
        async with socket(shop.url, init=init) as ws:
            await ws.subscribe("1", STOCK, WATCHED, **extensions)
            again = (await ws.message())["payload"]
        assert again["extensions"]["stream"]["resumed"] is True
        assert again["data"] == told.json["data"]


async def test_sockets_are_closed_with_a_reason_when_the_process_ends(sandbox: Sandbox, tmp_path: Path) -> None:
    """1012 and why: standard clients open another socket and subscribe again by themselves."""
    running = gateway_running(sandbox.urls, tmp_path, TOKENS, SHOPPERS)
    url = str(running.__enter__().http.base_url).rstrip("/")
    try:
        async with socket(url) as idle, socket(url) as busy:
            await busy.subscribe("1", STOCK, WATCHED)
            await busy.message()
            ended = asyncio.create_task(asyncio.to_thread(running.__exit__, None, None, None))
            assert await idle.closed() == await busy.closed() == (1012, "SERVER_DRAINING")
        await ended
    except BaseException:
        running.__exit__(None, None, None)
        raise
