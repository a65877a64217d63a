"""Answers that the server gives by itself, whatever the connection has been through: each in its turn."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import orjson
import pytest
from starlette.types import Receive, Scope, Send

from gateway.http import Drain
from tests.gateway.http.neighbours import SHOWN, TEXT, Shown, known, request
from tests.gateway.http.show_window import MUCH, Shop
from tests.gateway.pipe import Pipe


def mixed() -> Iterator[bytes]:
    fresh = orjson.dumps({"query": '{ shown(sku: "b") }'})
    other = request().replace(TEXT, fresh).replace(b"%d" % len(TEXT), b"%d" % len(fresh))
    yield from [request(), other, request("GET"), request(), other, other, request("GET")]


@pytest.mark.parametrize("cut", [1, 7, 100, 333, 1_000, 100_000])
async def test_many_in_one_breath_are_answered_in_turn(cut: int) -> None:
    """Known or not, in whatever pieces they come."""
    pipe, sent = await known(Shop()), b"".join(mixed())
    answer = await pipe.sends(*(sent[place : place + cut] for place in range(0, len(sent), cut))).answered()
    said = [orjson.loads(body)["data"]["shown"] for body in Shown(answer).bodies]
    assert said == ["a", "b", "a", "a", "b", "b", "a"]
    assert pipe.reads


async def test_a_thousand_in_one_breath_are_no_burden() -> None:
    """One is answered at once; the others each have a turn of the loop, as ever."""
    pipe = await known(Shop())
    pipe.sends(request() * 1_000)
    assert len(pipe.writes) == 1
    for _ in range(20):
        if not pipe.served.pipeline:
            break
        await pipe.answered()
    assert not pipe.served.pipeline


async def test_a_body_that_is_not_there_is_waited_for_by_the_app() -> None:
    """And so is the rest of a head; what is complete at last is the same answer."""
    shop = Shop()
    pipe = await known(shop)
    whole = request()
    for cut in (len(whole) - 1, len(whole) - len(TEXT), 20):
        pipe.sends(whole[:cut])
        for _ in range(20):
            await asyncio.sleep(0)
        assert SHOWN in await pipe.asked(whole[cut:])
    assert shop.opened == 2  # the third was in two parts in its head, and then all there


async def test_half_a_body_is_not_taken_for_all_of_it() -> None:
    """Two questions of one length that begin alike have an answer each, however often they come in the same parts."""
    pipe = await known(Shop())
    for _ in range(3):
        for sku in ("b", "c"):
            asked = request().replace(b"shown", b'shown(sku: \\"%b\\")' % sku.encode())
            asked = asked.replace(b"Content-Length: %d" % len(TEXT), b"Content-Length: %d" % (len(TEXT) + 12))
            cut = asked.index(b"sku: ")
            pipe.sends(asked[:cut])
            for _ in range(20):
                await asyncio.sleep(0)
            assert b'"data":{"shown":"%b"}' % sku.encode() in await pipe.asked(asked[cut:])


async def test_a_slow_reader_is_waited_for() -> None:
    """Of large answers that are kept, no more is written than the first until the client has taken it."""
    shop = Shop()
    pipe = await known(shop)
    much = request("GET").replace(b"shown", b"much")
    for _ in range(3):
        await pipe.asked(much)
    pipe.room = 64 * 1024
    pipe.sends(much, much, much + much)
    for _ in range(20):
        await asyncio.sleep(0)
    written = len(pipe.writes)
    assert written == 1
    pipe.room = 1 << 30
    pipe.takes_all()
    assert [len(body) > MUCH for body in Shown(await pipe.answered()).bodies] == [True] * 4
    assert (shop.shown, shop.passed) == (2, 5)


@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_the_last_of_a_connection_ends_it(version: str) -> None:
    """Whoever wants no other answer, and HTTP/1.0, are given this one and the end, by the app."""
    shop = Shop()
    pipe = await known(shop)
    headers = {} if version == "1.0" else {"Connection": "close"}
    answer = await pipe.asked(request(headers=headers, version=version))
    assert SHOWN in answer
    assert b"\r\nconnection: close\r\n" in answer
    assert pipe.closed
    assert (shop.passed, shop.opened) == (1, 0)


async def test_while_going_down_the_app_says_so() -> None:
    """Each answer ends its connection."""
    drain, shop = Drain(), Shop()
    pipe = await known(shop, drain=drain)
    drain.begin()
    assert b"\r\nconnection: close\r\n" in await pipe.asked(request())
    assert (pipe.closed, shop.passed, drain.in_flight) == (True, 1, 0)


async def test_an_app_without_it_is_asked_as_ever() -> None:
    """Whoever has no such function, or one that never has an answer."""

    async def plain(scope: Scope, receive: Receive, send: Send) -> None:
        body = (await receive())["body"]
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})

    assert (await Pipe(plain).asked(request())).endswith(TEXT)
