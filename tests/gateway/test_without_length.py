"""Answers that do not say how long they are, to those who know no chunks."""

from __future__ import annotations

import pytest

from tests.gateway.test_exchange import DATE, Script, body, piped, request, start


@pytest.mark.parametrize("asks", [(), ("Connection: keep-alive",)])
@pytest.mark.parametrize("version", ["1.0", "0.9"])
async def test_who_knows_no_chunks_is_sent_none(version: str, asks: tuple[str, ...]) -> None:
    """An answer to HTTP/1.0 that does not say how long it is goes on to the end of its connection."""
    pieces = (body(b"data: 1\n\n", more_body=True), body(b"", more_body=True), body(b"data: 2\n\n"))
    pipe = piped(Script(start((b"content-type", b"text/event-stream")), *pieces))
    head, _, sent = (await pipe.asked(request("GET", *asks, version=version))).partition(b"\r\n\r\n")
    assert head == b"HTTP/1.1 200 OK\r\n" + DATE + b"content-type: text/event-stream\r\nconnection: close"
    assert sent == b"data: 1\n\ndata: 2\n\n"
    assert pipe.closed
