"""Events of a service, sent to whoever asked for them: CloudEvents 1.0 as signed webhooks.

Structured mode (CloudEvents HTTP protocol binding 1.0.2, 3.2) and the signature of Standard Webhooks 1.0.0
(github.com/standard-webhooks/standard-webhooks): HMAC-SHA256 over `id.timestamp.body`.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

import httpx
import orjson

from domains.sandbox.chassis.answer import instant
from domains.sandbox.chassis.ask import misshapen, want_text
from domains.sandbox.chassis.route import Clock

QUEUE_MAX = 10_000
TRIES_MAX = 10
TIMEOUT_S = 5.0
PAUSE_LEAST_S, PAUSE_MOST_S = 0.1, 5.0
SHUFFLED_MAX = 8
GATHER_S = 0.05
SECRET_PREFIX = "whsec_"  # noqa: S105 - says that a secret follows


class Event(NamedTuple):
    id: str
    body: bytes


@dataclass(frozen=True)
class Webhook:
    """Where events go. `duplicate` of them, a share, come twice; with `reorder` neighbours change places."""

    url: str
    key: bytes
    duplicate: float = 0.0
    reorder: bool = False


def read_webhook(body: dict[str, Any]) -> Webhook:
    """`{url, secret, duplicate?, reorder?}`; the secret is `whsec_` and base64. Raises Refused 422."""
    url, secret = want_text(body, "url"), want_text(body, "secret")
    duplicate, reorder = body.get("duplicate", 0), body.get("reorder", False)
    if not _is_address(url):
        raise misshapen("`url` must be an http or https address.")
    if not isinstance(duplicate, int | float) or isinstance(duplicate, bool) or not 0 <= duplicate <= 1:
        raise misshapen("`duplicate` must be a share, from 0 to 1.")
    if not isinstance(reorder, bool):
        raise misshapen("`reorder` must be true or false.")
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith(SECRET_PREFIX) or not key:
        raise misshapen(f"`secret` must be {SECRET_PREFIX} and base64.")
    return Webhook(url, key, duplicate, reorder)


def _is_address(url: str) -> bool:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return False
    return parsed.scheme in ("http", "https") and bool(parsed.host)


class Outbox:
    """What a service has to tell. `tell` is a `Tell` and waits for nothing; a task sends, one event after another.

    At most `QUEUE_MAX` events wait, and each is tried `TRIES_MAX` times with doubling pauses; what is lost beyond that
    is counted. Nothing is kept before there is a webhook. `sleep` and `transport` are for tests.
    """

    def __init__(
        self,
        role: str,
        clock: Clock,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        transport: httpx.AsyncBaseTransport | None = None,
        seed: int = 1,
    ) -> None:
        self._role = role.lower()
        self._clock = clock
        self._sleep = sleep
        self._transport = transport
        self._dice = random.Random(seed)  # noqa: S311 - weather, not a secret
        self._webhook: Webhook | None = None
        self._waiting: deque[Event] = deque()
        self._arrived = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        # Counted from the present, so that a service that was started again goes on above where it was.
        self._sequence = int(clock().timestamp() * 1000)
        self._sent = self._lost = 0

    def tell(self, type_: str, subject: str, record: dict[str, Any], sequence: int | None = None) -> None:
        """Queue an event about `record` as it is now."""
        if self._webhook is None:
            return
        if len(self._waiting) >= QUEUE_MAX:
            self._lost += 1
            return
        self._sequence += 1
        id_ = f"{self._role}-{self._sequence}"
        number = self._sequence if sequence is None else sequence
        event = {
            "specversion": "1.0",
            "id": id_,
            "source": f"/sandbox/{self._role}",
            "type": type_,
            "subject": subject,
            "time": instant(self._clock()),
            "datacontenttype": "application/json",
            "sequence": number,
            "data": {"sequence": number, "record": record},
        }
        self._waiting.append(Event(id_, orjson.dumps(event, default=_plain)))
        self._arrived.set()

    async def direct(self, webhook: Webhook | None) -> None:
        """Send to `webhook` from now on; None sends nothing and forgets what waits."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self._webhook = webhook
        if webhook is None:
            self._waiting.clear()
        else:
            self._task = asyncio.create_task(self._run(webhook), name=f"{self._role}-outbox")

    def state(self) -> dict[str, Any]:
        """Where events go and how many were sent, wait, and were lost. The secret is not told."""
        webhook = self._webhook
        return {
            "url": None if webhook is None else webhook.url,
            "duplicate": 0.0 if webhook is None else webhook.duplicate,
            "reorder": webhook is not None and webhook.reorder,
            "waiting": len(self._waiting),
            "sent": self._sent,
            "lost": self._lost,
        }

    async def _run(self, webhook: Webhook) -> None:
        async with httpx.AsyncClient(transport=self._transport, timeout=TIMEOUT_S, trust_env=False) as client:
            while True:
                await self._arrived.wait()
                if webhook.reorder:
                    await self._sleep(GATHER_S)  # for a neighbour to change places with
                await self._send_some(client, webhook)
                if not self._waiting:
                    self._arrived.clear()

    async def _send_some(self, client: httpx.AsyncClient, webhook: Webhook) -> None:
        """Send the first events that wait. Each leaves the queue when it is done with: a new webhook loses none."""
        size = min(len(self._waiting), SHUFFLED_MAX) if webhook.reorder else min(len(self._waiting), 1)
        some = [self._waiting[place] for place in range(size)]
        if webhook.reorder:
            some.reverse()
        for event in some:
            done = await self._deliver(client, webhook, event)
            if done and self._dice.random() < webhook.duplicate:
                await self._deliver(client, webhook, event)
            self._sent += done
            self._lost += not done
            self._waiting.remove(event)

    async def _deliver(self, client: httpx.AsyncClient, webhook: Webhook, event: Event) -> bool:
        """Whether the receiver took it, at one of its tries."""
        pause_s = PAUSE_LEAST_S
        for attempt in range(TRIES_MAX):
            if attempt:
                await self._sleep(pause_s)
                pause_s = min(pause_s * 2, PAUSE_MOST_S)
            try:
                headers = signed(webhook.key, event, int(self._clock().timestamp()))
                response = await client.post(webhook.url, content=event.body, headers=headers)
            except httpx.HTTPError:
                continue
            if response.is_success:
                return True
        return False


def signed(key: bytes, event: Event, timestamp: int) -> dict[str, str]:
    """The headers of an event sent at `timestamp`, in seconds since the epoch."""
    content = b".".join((event.id.encode(), str(timestamp).encode(), event.body))
    signature = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {
        "content-type": "application/cloudevents+json",
        "webhook-id": event.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} has no place in an event")
