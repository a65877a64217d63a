"""Streams as clients see them: server-sent events as an EventSource reads them, and a socket of graphql-transport-ws;
who watches what, and what makes it happen."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from gateway.events import WebhookSecret, signed_headers
from tests.running import Json

WAIT_S = 20.0
SUBPROTOCOL = Subprotocol("graphql-transport-ws")

SECRET = "whsec_" + b64encode(b"of the tests, and nobody else's!").decode()
ADA, BOB, CLERK = "ada", "bob", "clerk"
TOKENS = "".join(
    f'[[identity.tokens]]\nsha256 = "{hashlib.sha256(name.encode()).hexdigest()}"\nsubject = "{name}"\n{who}\n'
    for name, who in (
        (ADA, 'customer = "cust-00001"'),
        (BOB, 'customer = "cust-00002"'),
        (CLERK, 'audience = "associate"\nstore = "store-007"'),
    )
)
SHOPPERS = '[identity.anonymous]\naudience = "storefront"\n'
SOURCES = "".join(
    f'[events.sources.{name}]\nsystem = "{name}"\nsecrets = ["{SECRET}"]\n' for name in ("oms", "loyalty")
)

STOCK = """subscription($skus: [String!]!, $at: [ID!]) {
  availabilityChanged(skus: $skus, locations: $at) { sku location { id } availableToPromise } }"""
RESERVE = """mutation($input: InventoryReservationCreateInput!) {
  inventoryReservationCreate(input: $input) { __typename ... on Refusal { code } } }"""
KEYS = iter(f"key-{number}" for number in range(10_000))


def tell(url: str, type_: str, *records: Json) -> None:
    """Events of the OMS about `records`, signed, to the gateway at `url`."""
    common = {"specversion": "1.0", "source": "/oms", "type": type_}
    body = msgspec.json.encode([common | {"id": next(KEYS), "data": {"record": record}} for record in records])
    signed = signed_headers(WebhookSecret.parse(SECRET), next(KEYS), int(time.time()), body)
    headers = {"Content-Type": "application/cloudevents-batch+json"} | signed
    answer = httpx.post(f"{url}/events/oms", content=body, headers=headers, trust_env=False)
    assert answer.status_code == 202, answer.text


def post(url: str, /, **body: Any) -> Json:
    answer = httpx.post(url, json=body, trust_env=False)
    assert answer.is_success, answer.text
    said: Json = answer.json()
    return said


@dataclass
class Heard:
    """One block of an event stream."""

    event: str | None = None
    data: str | None = None
    id: str | None = None
    retry: str | None = None
    comment: str | None = None

    @property
    def json(self) -> Json:
        assert self.data is not None, self
        body: Json = json.loads(self.data)
        return body


class Events:
    """An open event stream."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def block(self) -> Heard | None:
        """The next block, whatever it is; None at the end."""
        heard, empty = Heard(), True
        async with asyncio.timeout(WAIT_S):
            async for line in self._lines:
                if not line:
                    if empty:
                        continue
                    return heard
                empty = False
                name, _, value = line.partition(":")
                setattr(heard, name or "comment", value.removeprefix(" "))
        return None

    async def next(self) -> Heard:
        """The next `next` event."""
        while (heard := await self.block()) is not None:
            if heard.event == "next":
                return heard
            assert heard.event is None, heard
        raise AssertionError("the stream ended")

    async def rest(self) -> list[Heard]:
        """Everything until the end."""
        blocks = []
        while (heard := await self.block()) is not None:
            blocks.append(heard)
        return blocks


@asynccontextmanager
async def events(
    url: str, query: str, variables: Json | None = None, *, token: str | None = None, **headers: str
) -> AsyncIterator[Events]:
    """A stream of `query`, sent to the gateway at `url`; header names have _ for -."""
    sent = {"Accept": "text/event-stream", **{name.replace("_", "-"): value for name, value in headers.items()}}
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    body = {"query": query, "variables": variables or {}}
    async with (
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=WAIT_S) as http,
        http.stream("POST", "/graphql", json=body, headers=sent) as response,
    ):
        yield Events(response)


class Socket:
    """An open socket."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def subscribe(self, id_: str, query: str, variables: Json | None = None, **extensions: Any) -> None:
        payload = {"query": query, "variables": variables or {}, "extensions": extensions}
        await self.send(id=id_, type="subscribe", payload=payload)

    async def message(self) -> Json:
        """The next message that is no ping."""
        async with asyncio.timeout(WAIT_S):
            while True:
                message: Json = json.loads(await self.connection.recv())
                if message["type"] != "ping":
                    return message
                await self.send(type="pong")

    async def closed(self) -> tuple[int, str]:
        """How the other side closes the socket."""
        async with asyncio.timeout(WAIT_S):
            await self.connection.wait_closed()
        code, reason = self.connection.close_code, self.connection.close_reason
        assert code is not None
        assert reason is not None
        return code, reason


@asynccontextmanager
async def socket(
    url: str,
    *,
    init: Json | None = None,
    ready: bool = True,
    subprotocol: str | None = SUBPROTOCOL,
    **headers: str,
) -> AsyncIterator[Socket]:
    """A socket at the gateway at `url`, initialised with the payload `init` unless it shall not be `ready`."""
    address = url.replace("http://", "ws://") + "/graphql"
    async with connect(
        address,
        subprotocols=None if subprotocol is None else [Subprotocol(subprotocol)],
        additional_headers=headers,
        proxy=None,
        max_size=None,
    ) as connection:
        opened = Socket(connection)
        if ready:
            await opened.send(type="connection_init", payload=init)
            assert await opened.message() == {"type": "connection_ack"}
        yield opened
