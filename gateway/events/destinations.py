"""Where the news goes: a webhook of somebody's, or a Redis Stream."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from functools import partial

import aiohttp
import httpx
import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from domains.durable import Event
from gateway.events.settings import Webhook
from gateway.events.signatures import signed_headers
from gateway.events.telling import Destination, NotTaken

STREAM_TIMEOUT_S = 2.0

REST_TIMEOUT_S, REST_BYTES_MAX = 1.0, 16_384
"""Of an answer after its status: a word or two, in the next packet."""


def cloud_event(event: Event) -> bytes:
    """`event` as CloudEvents 1.0 JSON, structured mode; its place in the news is the `sequence` extension."""
    said = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "time": event.time,
        "datacontenttype": "application/json",
        "sequence": None if event.sequence is None else str(event.sequence),
        "subject": event.subject,
        "correlationid": event.correlation_id,
    }
    return msgspec.json.encode(
        {name: value for name, value in said.items() if value is not None} | {"data": event.data}
    )


def webhook(
    name: str, settings: Webhook, client: httpx.AsyncClient, clock: Callable[[], float] = time.time
) -> Destination:
    """A receiver that takes signed webhooks. Any 2xx is a yes; redirects are not followed.

    It needs no Wire: the teller asks one receiver one thing at a time, with its own pauses, and nobody waits for it.
    What it says beside its status is not waited for, or it could go on saying it.
    """
    secret = settings.keys[0]
    post = partial(client.stream, "POST", settings.url, timeout=settings.timeout_s, follow_redirects=False)

    async def send(event: Event) -> None:
        body = cloud_event(event)
        headers = signed_headers(secret, event.id, int(clock()), body) | {
            "content-type": "application/cloudevents+json"
        }
        try:
            async with asyncio.timeout(settings.timeout_s) as limit, post(content=body, headers=headers) as answer:
                if not answer.is_success:
                    raise NotTaken(f"it answered {answer.status_code}")
                limit.reschedule(None)  # it has taken the event, and the rest has a limit of its own
                await _heard_out(answer)
        # The transport passes on what it has no other name for, such as an answer that is not HTTP.
        except (httpx.HTTPError, aiohttp.ClientError, OSError, TimeoutError) as exc:
            raise NotTaken(f"it could not be reached ({type(exc).__name__})") from exc

    return Destination(f"webhook/{name}", send, settings.types)


async def _heard_out(answer: httpx.Response) -> None:
    """Take what a short answer still has to say, so that its connection can be used again; any other is cut."""
    said = 0
    with contextlib.suppress(httpx.HTTPError, aiohttp.ClientError, OSError, TimeoutError):  # it has taken the event
        async with asyncio.timeout(REST_TIMEOUT_S):
            async for part in answer.aiter_raw():
                said += len(part)
                if said > REST_BYTES_MAX:
                    return


def stream(name: str, client: Redis, most: int) -> Destination:
    """A Redis Stream of about `most` entries, one per event: its `id`, its `type`, and all of it as `event`."""

    async def send(event: Event) -> None:
        entry = {"id": event.id, "type": event.type, "event": cloud_event(event)}
        try:
            async with asyncio.timeout(STREAM_TIMEOUT_S):
                await client.xadd(name, entry, maxlen=most, approximate=True)  # type: ignore[arg-type]  # str keys are fine
        except (RedisError, OSError, TimeoutError) as exc:
            raise NotTaken(f"it could not be written ({type(exc).__name__})") from exc

    return Destination(f"stream/{name}", send)
