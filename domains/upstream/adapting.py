"""Between httpx and letters, in both directions: whoever speaks httpx may stand on either side of a Wire."""

from __future__ import annotations

import asyncio

import aiohttp
import httpx

from domains.upstream.call import DECODED
from domains.upstream.correlation import Said
from domains.upstream.frames import without_frames
from domains.upstream.head import Head
from domains.upstream.letter import DEADLINE_HEADER, Answer, Letter, Limits, Lost

# Everything a transport raises; anything else is a bug of ours and stays loud. TimeoutError is an OSError.
TRANSPORT_FAULTS = (
    httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict, httpx.StreamError, aiohttp.ClientError, OSError,
)  # fmt: skip

# They describe the body as it travelled; the response we hand on holds it unpacked and whole.
_OF_THE_JOURNEY = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})


class OverHttpx:
    """A Carrier over any transport of httpx: of an application in this process, of a script in a test."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def carry(self, letter: Letter, said: Said, limits: Limits) -> Answer | Lost | None:
        request = letter.as_request()
        request.headers.update({DEADLINE_HEADER: str(limits.limit_ms), **dict(said.headers)})
        limit_s = limits.limit_s
        request.extensions["timeout"] = {
            "connect": min(limits.connect_s, limit_s), "read": limit_s, "write": limit_s, "pool": limit_s,
        }  # fmt: skip
        reading_body = False
        limit = asyncio.timeout(limit_s)
        try:
            async with limit:
                response = await self._inner.handle_async_request(request)
                reading_body = True
                try:
                    body, is_whole = await _bounded_body(response, limits.body_max_bytes)
                finally:
                    await response.aclose()
        except TRANSPORT_FAULTS as fault:
            without_frames(fault)  # the type and the text say all there is to say
            return None if limit.expired() else Lost(fault, reading_body)
        return Answer(response.status_code, Head.of(response.headers.raw), body, is_whole)

    async def aclose(self) -> None:
        await self._inner.aclose()


def as_response(answer: Answer, request: httpx.Request) -> httpx.Response:
    """For a client of httpx: the answer, and its value where `decoded` looks for it."""
    return httpx.Response(
        answer.status,
        headers=[header for header in answer.head.fields() if header[0] not in _OF_THE_JOURNEY],
        content=answer.body,
        request=request,
        extensions={DECODED: answer.value},
    )


async def _bounded_body(response: httpx.Response, max_bytes: int) -> tuple[bytes, bool]:
    """The unpacked body up to `max_bytes`, and whether that is all of it."""
    body = bytearray()
    async for chunk in response.aiter_bytes():  # unpacked: a small archive may hold a large body
        body += chunk
        if len(body) > max_bytes:
            return bytes(body[:max_bytes]), False
    return bytes(body), True
