"""One question and its answer: sent, read to the end and decoded within one time limit."""

from __future__ import annotations

import asyncio

import aiohttp
import httpx
import msgspec

from domains.upstream.call import DECODED, Call
from domains.upstream.frames import without_frames
from domains.upstream.translate import translate_fault, translate_status
from domains.vocabulary import SystemRole, UpstreamError, UpstreamGarbled

# Everything a transport raises; anything else is a bug of ours and stays loud. TimeoutError is an OSError.
TRANSPORT_FAULTS = (
    httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict, httpx.StreamError, aiohttp.ClientError, OSError,
)  # fmt: skip

# They describe the body as it travelled; the response we hand on holds it unpacked and whole.
_OF_THE_JOURNEY = (b"content-encoding", b"content-length", b"transfer-encoding")


class OutOfTime(Exception):
    """The attempt was cut because its time was up. Whose time that was is for the Wire to say."""


async def ask(
    inner: httpx.AsyncBaseTransport,
    request: httpx.Request,
    call: Call,
    system: SystemRole,
    *,
    limit_s: float,
    body_max_bytes: int,
) -> httpx.Response:
    """Send `request` once. The limit covers connecting, headers and the last byte of the body, however slowly it drips.

    Hands back what was answered, of whatever status, with the body read. Raises OutOfTime, or the UpstreamError that a
    fault of the transport stands for; UpstreamGarbled when a 2xx body is larger than `body_max_bytes`.
    """
    reading_body = False
    limit = asyncio.timeout(limit_s)
    try:
        async with limit:
            response = await inner.handle_async_request(request)
            reading_body = True
            try:
                body, is_whole = await _bounded_body(response, body_max_bytes)
            finally:
                await response.aclose()
    except TRANSPORT_FAULTS as fault:
        without_frames(fault)  # the type and the text say all there is to say
        if limit.expired():
            raise OutOfTime from fault
        raise translate_fault(fault, system, call.capability, reading_body=reading_body) from fault
    if response.is_success and not is_whole:
        raise UpstreamGarbled(system, call.capability, f"the body has more than {body_max_bytes} bytes")
    headers = [(name, value) for name, value in response.headers.raw if name.lower() not in _OF_THE_JOURNEY]
    return httpx.Response(
        response.status_code, headers=headers, content=body, request=request, extensions=dict(response.extensions)
    )


def read(response: httpx.Response, call: Call, system: SystemRole) -> httpx.Response:
    """The same response with its decoded value. Raises the UpstreamError that its status or its body stands for."""
    error = translate_status(system, call.capability, response.status_code, response.headers, response.content)
    if error is not None:
        try:
            raise error
        finally:
            del error  # its traceback holds this frame, which would hold it: see without_frames
    try:
        value = call.decode(response.content)
    except UpstreamError:
        raise
    except (msgspec.DecodeError, ValueError, RecursionError) as fault:  # RecursionError: JSON nested without end
        raise UpstreamGarbled(system, call.capability, f"{type(fault).__name__} {fault}") from fault
    response.extensions[DECODED] = value
    return response


async def _bounded_body(response: httpx.Response, max_bytes: int) -> tuple[bytes, bool]:
    """The unpacked body up to `max_bytes`, and whether that is all of it."""
    body = bytearray()
    async for chunk in response.aiter_bytes():  # unpacked: a small archive may hold a large body
        body += chunk
        if len(body) > max_bytes:
            return bytes(body[:max_bytes]), False
    return bytes(body), True
