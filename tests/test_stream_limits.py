"""How many streams there may be, for how long, and what becomes of them when the process ends or nobody reads."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import httpx
import msgspec

from tests.running import UNTIL_S, gateway_running, sandbox_running, until
from tests.streaming import ADA, SHOPPERS, SOURCES, STOCK, TOKENS, Heard, events, tell


async def test_limits_lifetime_and_the_way_down(tmp_path: Path) -> None:
    """A caller has so many streams; each lives so long; and one that is open when the process ends is told why."""
    numbers = "[streams]\nper_caller_max = 1\nlifetime_s = 2\n"
    query = {"query": STOCK, "variables": {"skus": ["SKU-00001"]}}
    with sandbox_running() as sandbox:
        running = gateway_running(sandbox.urls, tmp_path, TOKENS + numbers, SHOPPERS)
        url = str(running.__enter__().http.base_url)
        try:
            async with events(url, STOCK, {"skus": ["SKU-00001"]}, token=ADA) as stream:
                await stream.next()
                headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {ADA}"}
                more = await asyncio.to_thread(
                    httpx.post, f"{url}/graphql", json=query, headers=headers, trust_env=False
                )
                assert (more.status_code, more.json()["errors"][0]["extensions"]["code"]) == (429, "TOO_MANY_STREAMS")
                (end,) = await stream.rest()
            assert end == Heard(comment='end {"extensions":{"reason":"MAX_LIFETIME"}}')
            async with events(url, STOCK, {"skus": ["SKU-00001"]}, token=ADA) as stream:
                await stream.next()
                ended = asyncio.create_task(asyncio.to_thread(running.__exit__, None, None, None))
                (end,) = await stream.rest()
            assert end == Heard(comment='end {"extensions":{"reason":"SERVER_DRAINING"}}')
            await ended
        except BaseException:
            running.__exit__(None, None, None)
            raise


MANY = [f"SKU-{number:05}" for number in range(1, 101)]


def slow_client(url: str) -> socket.socket:
    """A client that asks for half a megabyte with each message, and takes none of it."""
    host, port = url.removeprefix("http://").split(":")
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(UNTIL_S)
    client.connect((host, int(port)))
    query = """subscription($skus: [String!]!, $at: [ID!]) { availabilityChanged(skus: $skus, locations: $at) {
      sku location { id name address { lines city postalCode countryCode } } promiseToken
      status semantics onHand availableToPromise reserved safetyStock incoming expectedAt pickUpTime
      freshness { observedAt ageSeconds maxAgeSeconds source tier } } }"""
    places = [f"store-{number:03}" for number in range(1, 21)]
    body = msgspec.json.encode({"query": query, "variables": {"skus": MANY, "at": places}})
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\nAuthorization: Bearer {ADA}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    client.sendall(head.encode() + body)
    return client


def test_a_slow_reader_is_let_go_and_told(tmp_path: Path) -> None:
    """Who takes nothing loses its stream and its place; if it reads on after all, it learns why at the end."""
    numbers = "[streams]\nper_caller_max = 1\nslow_reader_s = 2\nheartbeat_s = 0.2\n"
    with (
        sandbox_running() as sandbox,
        gateway_running(sandbox.urls, tmp_path, TOKENS + SOURCES + numbers, SHOPPERS) as asked,
        slow_client(str(asked.http.base_url).rstrip("/")) as slow,
    ):
        headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {ADA}"}
        query = {"query": 'subscription { availabilityChanged(skus: ["SKU-00001"]) { sku } }'}

        def status() -> int:
            with asked.http.stream("POST", "/graphql", json=query, headers=headers) as answer:
                return answer.status_code

        slow.recv(1, socket.MSG_PEEK)  # it has begun, and nobody else may have one
        assert status() == 429

        def ended() -> bool | None:
            # The two kernels take some megabytes for the client before the gateway notices that it takes none.
            moved = ({"sku": sku, "semantics": "ON_HAND", "onHand": "1"} for sku in MANY)
            tell(str(asked.http.base_url).rstrip("/"), "oms.stock.changed", *moved)
            return status() == 200 or None

        until(ended, "its end")
        said = bytearray()
        while chunk := slow.recv(65_536):
            said += chunk
            if said.endswith(b"0\r\n\r\n"):
                break
    assert len(said) > 400_000
    assert b'\n: end {"extensions":{"reason":"SLOW_READER"}}\n\n' in said[-200:]
