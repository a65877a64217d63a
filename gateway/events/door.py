"""`POST /events/{source}`: acknowledged once what was told is kept, and not before."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from domains.durable import Event, JournalUnavailable
from gateway.events.cloudevents import EventUnreadable, read_events
from gateway.events.signatures import NotAuthentic, WebhookSecret, verify
from gateway.http import HttpFault, HttpSettings, check_framing, read_body

BODY_MAX_BYTES = 256 * 1024
"""An order of 100 lines is 30 KiB; a batch of a hundred stock positions 40."""

_HEADERS = {"Cache-Control": "no-store"}

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Ears:
    """Where events go: `hear` keeps those of a source and answers how many are new, `mishear` lays what cannot be read
    on the list of exceptions, by source, id and why. Both raise JournalUnavailable."""

    hear: Callable[[str, Sequence[Event]], Awaitable[int]]
    mishear: Callable[[str, str, str], Awaitable[None]]


class EventDoor:
    """The endpoint. `secrets` are those of each source that may tell something, by its name in the address."""

    def __init__(
        self,
        secrets: Mapping[str, Sequence[WebhookSecret]],
        ears: Callable[[], Ears],
        http: HttpSettings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._secrets = secrets
        self._ears = ears
        self._http = replace(http, body_max_bytes=min(http.body_max_bytes, BODY_MAX_BYTES))
        self._clock = clock

    async def post(self, request: Request) -> Response:
        """202 with how many events were new. Raises HttpFault (400, 401, 408, 413, 503).

        What is signed and cannot be read is acknowledged too, for a repeat would be no better: it is kept as an
        exception that a person sees. A source that is not known is answered as one whose signature is wrong.
        """
        source = request.path_params["source"]
        check_framing(request.scope, self._http)
        body = await read_body(request.scope, request.receive, self._http)
        now = self._clock()
        headers = _once_each(request.headers)
        try:
            webhook_id = verify(self._secrets.get(source, ()), headers, body, now)
        except NotAuthentic as exc:
            _log.warning("an event was refused", source=source, why=exc.why)
            said = "Sign the event as Standard Webhooks says, with the secret of its source."
            raise HttpFault(401, "NOT_AUTHENTIC", said) from exc
        try:
            return JSONResponse(await self._kept(source, webhook_id, _Post(headers, body, now)), 202, headers=_HEADERS)
        except JournalUnavailable as exc:
            said = "The event cannot be kept now, and is not acknowledged. Send it again in a moment."
            raise HttpFault(503, "JOURNAL_UNAVAILABLE", said, headers={"Retry-After": "5"}) from exc

    async def _kept(self, source: str, webhook_id: str, post: _Post) -> dict[str, object]:
        ears = self._ears()
        try:
            events = read_events(post.headers, post.body, source, webhook_id, datetime.fromtimestamp(post.at, UTC))
        except EventUnreadable as exc:
            await ears.mishear(source, webhook_id, str(exc))
            return {"accepted": 0, "unreadable": 1, "why": str(exc)}
        fresh = await ears.hear(source, events) if events else 0
        return {"accepted": fresh, "repeated": len(events) - fresh}


@dataclass(frozen=True, slots=True)
class _Post:
    headers: Mapping[str, str]
    body: bytes
    at: float


def _once_each(headers: Headers) -> dict[str, str]:
    """Lower-case names, the first value of each: two signatures in two headers are one sender too many."""
    found: dict[str, str] = {}
    for name, value in headers.items():
        found.setdefault(name.lower(), value)
    return found
