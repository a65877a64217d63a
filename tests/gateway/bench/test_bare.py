"""A server without a socket."""

from __future__ import annotations

import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.bench.bare import Bare, constant, request_of
from gateway.connections import Connection


async def echo(request: Request) -> JSONResponse:
    return JSONResponse({"got": await request.json(), "as": request.headers["authorization"]})


async def test_a_request_goes_through_the_servers_protocol() -> None:
    """Bytes in are parsed, the app is asked with head and body, and a whole answer comes out; again and again."""
    bare = Bare(Starlette(routes=[Route("/graphql", echo, methods=["POST"])]))
    for number in range(3):
        answer = await bare.ask(request_of("{ a }", {"n": number}, "somebody"))
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert orjson.loads(body) == {"got": {"query": "{ a }", "variables": {"n": number}}, "as": "Bearer somebody"}
    bare.close()


@pytest.mark.parametrize("protocol", [Connection, HttpToolsProtocol])
async def test_the_floor_answers_anything(protocol: type[HttpToolsProtocol]) -> None:
    """The constant answer is a whole one, by our protocol and by uvicorn's own."""
    bare = Bare(constant, protocol)
    head, _, body = (await bare.ask(request_of("{ a }", {}, "nobody"))).partition(b"\r\n\r\n")
    assert b"200 OK" in head
    assert orjson.loads(body)["data"]
    bare.close()
