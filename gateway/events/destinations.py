"""Where the news goes: a webhook of somebody's, or a Redis Stream."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import httpx
import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from domains.durable import Event
from gateway.events.settings import Webhook
from gateway.events.signatures import signed_headers
from gateway.events.telling import Destination, NotTaken

STREAM_TIMEOUT_S = 2.0


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
    """
    secret = settings.keys[0]

    async def send(event: Event) -> None:
        body = cloud_event(event)
        headers = signed_headers(secret, event.id, int(clock()), body) | {
            "content-type": "application/cloudevents+json"
        }
        try:
            answer = await client.post(
                settings.url, content=body, headers=headers, timeout=settings.timeout_s, follow_redirects=False
            )
        except httpx.HTTPError as exc:
            raise NotTaken(f"it could not be reached ({type(exc).__name__})") from exc
        if not answer.is_success:
            raise NotTaken(f"it answered {answer.status_code}")

    return Destination(f"webhook/{name}", send, settings.types)


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
