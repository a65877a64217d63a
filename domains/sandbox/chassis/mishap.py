"""Answers that go wrong on their way: ASGI apps that stand in for a response."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from domains.sandbox.chassis.connection import hang_up, reset

Headers = dict[str, str]

GARBAGE = b'{"items": [\xff\xfe<html>upstream says: try again\x00'


class Reset:
    """The connection is reset; not a byte is answered."""

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        await reset(scope, receive)


class Truncated:
    """Announces all of `body`, sends half of it, and hangs up."""

    def __init__(self, body: bytes, headers: Headers) -> None:
        self._body = body
        self._whole = Response(body, headers=headers, media_type="application/json")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self._whole.raw_headers})
        half = self._body[: len(self._body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await hang_up(scope, receive)


def dripping(
    body: bytes, headers: Headers, ms_per_byte: float, sleep: Callable[[float], Awaitable[None]]
) -> StreamingResponse:
    """`body` one byte at a time. Ends early when the caller hangs up."""

    async def drops() -> AsyncIterator[bytes]:
        for place in range(len(body)):
            yield body[place : place + 1]
            await sleep(ms_per_byte / 1000)

    return StreamingResponse(
        drops(), headers={**headers, "content-length": str(len(body))}, media_type="application/json"
    )


def with_wrong_types(value: Any) -> Any:
    """`value` with numbers where strings were and strings where anything else was; its outline stays."""
    if isinstance(value, dict):
        return {name: with_wrong_types(member) for name, member in value.items()}
    if isinstance(value, list):
        return [with_wrong_types(item) for item in value]
    if value is None:
        return None
    return len(value) if isinstance(value, str) else f"not {value}"
