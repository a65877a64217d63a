"""WebSockets out of order: each is closed with the code that its protocol has for it, or told a coded error."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.attacks.house import ADA, INIT_TIMEOUT_S, OPERATIONS_MAX, PHONE, Target
from tests.attacks.insides import shown
from tests.attacks.wire import sent

LIMIT_S = 2.0
PROTOCOL = "graphql-transport-ws"
INIT = '{"type":"connection_init","payload":{"Authorization":"Bearer ' + ADA + '"}}'
WATCH = 'subscription { availabilityChanged(skus: ["SKU-00001"]) { sku } }'


def _subscribe(id_: str, query: str = "{ __typename }") -> str:
    return json.dumps({"id": id_, "type": "subscribe", "payload": {"query": query}})


@dataclass(frozen=True)
class Row:
    """What is sent, frame by frame, and the code of the close frame that it ends with."""

    name: str
    frames: Sequence[str | bytes]
    code: int
    within_s: float = LIMIT_S


ROWS = (
    Row("nothing at all", [], 4408, INIT_TIMEOUT_S + LIMIT_S),
    Row("pings and no init", ['{"type":"ping"}'] * 20, 4408, INIT_TIMEOUT_S + LIMIT_S),
    Row("init twice", [INIT, INIT], 4429),
    Row("subscribe without init", [_subscribe("a")], 4401),
    Row("subscribe before init", [_subscribe("a"), INIT], 4401),
    Row("an id twice", [INIT, _subscribe("a", WATCH), _subscribe("a", WATCH)], 4409),
    Row("an id of 300 letters", [INIT, _subscribe("a" * 300)], 4400),
    Row("no id", [INIT, '{"type":"subscribe","payload":{"query":"{ a }"}}'], 4400),
    Row("an id that is a number", [INIT, '{"id":1,"type":"subscribe","payload":{"query":"{ a }"}}'], 4400),
    Row("a payload that is a text", [INIT, '{"id":"a","type":"subscribe","payload":"{ a }"}'], 4400),
    Row("no payload", [INIT, '{"id":"a","type":"subscribe"}'], 4400),
    Row("no JSON", ["hello"], 4400),
    Row("an empty frame", [""], 4400),
    Row("a list", ["[]"], 4400),
    Row("a message of the old protocol", ['{"type":"start","id":"a","payload":{"query":"{ a }"}}'], 4400),
    Row("a message of the server", [INIT, '{"type":"next","id":"a","payload":{}}'], 4400),
    Row("a type that is an object", ['{"type":{"$ne":""}}'], 4400),
    Row("bytes", [b"\x00\xff"], 4400),
    Row("half a surrogate pair", ['{"type":"\\ud800"}'], 4400),
    Row("100,000 levels", ["[" * 100_000], 4400),
    Row("2 MiB", [" " * 2_097_152], 1009),
    Row("a token of nobody", ['{"type":"connection_init","payload":{"Authorization":"Bearer nobody"}}'], 4403),
    Row("two tokens", ['{"type":"connection_init","payload":{"Authorization":"Bearer a","authorization":"Bearer b"}}'],
        4403),
    Row("a token that is a list", ['{"type":"connection_init","payload":{"Authorization":["Bearer a"]}}'], 4403),
)  # fmt: skip


def _address(target: Target) -> str:
    return f"ws://127.0.0.1:{target.port}/graphql"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_a_socket_out_of_order_is_closed(target: Target, row: Row) -> None:
    """With the code that the protocol has for it, in time, and with a reason that shows nothing of us."""
    before = target.calls()
    began = time.monotonic()
    async with asyncio.timeout(row.within_s + LIMIT_S):
        async with connect(_address(target), subprotocols=[Subprotocol(PROTOCOL)], proxy=None) as socket:
            try:
                for frame in row.frames:
                    await socket.send(frame)
                while True:
                    await socket.recv()
            except ConnectionClosed:
                pass
        assert socket.close_code == row.code, socket.close_reason
    assert time.monotonic() - began <= row.within_s
    assert shown(socket.close_reason or "") == []
    assert target.calls() == before


@pytest.mark.parametrize(
    ("protocols", "code"), [([], 4406), (["graphql-ws"], 4406), (["a" * 5000], 4406), (["mqtt", "soap"], 4406)]
)
async def test_another_subprotocol_is_turned_away(target: Target, protocols: list[str], code: int) -> None:
    """Without one, with the old one, and with ones that nobody knows."""
    offered = [Subprotocol(name) for name in protocols] or None
    async with asyncio.timeout(LIMIT_S), connect(_address(target), subprotocols=offered, proxy=None) as socket:
        await socket.wait_closed()
    assert socket.close_code == code


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("another page", ["Origin: https://evil.example"]),
        ("no page", ["Origin: null"]),
        ("two pages", ["Origin: http://127.0.0.1", "Origin: https://evil.example"]),
        ("100 KiB of a header", ["X-A: " + "a" * 102_400]),
        ("no key", ["Sec-WebSocket-Key:"]),
        ("an old version", ["Sec-WebSocket-Version: 8"]),
    ],
)
def test_a_bad_handshake_is_refused(target: Target, name: str, lines: list[str]) -> None:
    """A 4xx before anything is a WebSocket."""
    head = {
        "Host": "127.0.0.1",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": PROTOCOL,
    }
    kept = [f"{name}: {value}" for name, value in head.items() if not any(line.startswith(name) for line in lines)]
    raw = "\r\n".join(["GET /graphql HTTP/1.1", *kept, *lines, "", ""]).encode()
    got = sent(target.port, raw)
    assert 400 <= got.status < 500, got.text
    assert shown(got.text) == []
    assert got.seconds < LIMIT_S


async def test_ten_thousand_subscriptions_on_one_socket(target: Target) -> None:
    """So many run as may, the others are refused with a code, and the socket still answers when they have ended."""
    count, refused = 10_000, 0
    async with (
        asyncio.timeout(60),
        connect(_address(target), subprotocols=[Subprotocol(PROTOCOL)], proxy=None, ping_interval=None) as socket,
    ):
        await socket.send(INIT)
        assert json.loads(await socket.recv())["type"] == "connection_ack"

        async def flood() -> None:
            for number in range(count):
                await socket.send(_subscribe(str(number), WATCH))

        flooding = asyncio.create_task(flood())
        while refused < count - OPERATIONS_MAX:
            message = json.loads(await socket.recv())
            if message["type"] == "error":
                assert message["payload"][0]["extensions"]["code"] == "TOO_MANY_OPERATIONS"
                refused += 1
        await flooding
        for number in range(OPERATIONS_MAX):
            await socket.send(f'{{"id":"{number}","type":"complete"}}')
        await socket.send(_subscribe("after"))
        while (message := json.loads(await socket.recv())).get("id") != "after":
            assert message["type"] in {"next", "complete", "ping"}, message
        assert message["payload"]["data"] == {"__typename": "Query"}


async def test_what_is_refused_by_http_is_refused_on_a_socket(target: Target) -> None:
    """Documents made to cost, and the schema to whom it is shut: coded errors, and the socket goes on."""
    asked = {
        "deep": ("{ a " * 200 + "}" * 200, "DOCUMENT_TOO_LARGE"),
        "wide": ("{" + " ".join(f"a{n}: __typename" for n in range(60)) + "}", "DOCUMENT_TOO_LARGE"),
        "schema": ("{ __schema { types { name } } }", "INTROSPECTION_FORBIDDEN"),
        "long": ("{ " + "a" * 60_000 + " }", "DOCUMENT_TOO_LARGE"),
        "broken": ("{", "GRAPHQL_PARSE_FAILED"),
        "watched": ("subscription { flows { id } }", "GRAPHQL_VALIDATION_FAILED"),
    }
    async with (
        asyncio.timeout(20),
        connect(_address(target), subprotocols=[Subprotocol(PROTOCOL)], proxy=None) as socket,
    ):
        await socket.send(INIT.replace(ADA, PHONE))
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        for id_, (query, code) in asked.items():
            await socket.send(_subscribe(id_, query))
            text = str(await socket.recv())
            message = json.loads(text)
            assert (message["id"], message["type"]) == (id_, "error")
            assert message["payload"][0]["extensions"]["code"] == code
            assert shown(text) == []
            assert len(text) < 4096
