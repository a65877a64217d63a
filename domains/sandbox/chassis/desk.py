"""The front desk of one service: who called, whether they may, and what goes wrong today."""

import hmac
import math
import random
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from domains.sandbox.chassis.answer import instant
from domains.sandbox.chassis.faults import NONE, Faults
from domains.sandbox.chassis.mishap import GARBAGE, Headers, Reset, Truncated, dripping, with_wrong_types
from domains.sandbox.chassis.problem import problem
from domains.sandbox.chassis.route import Clock, Refused, Route
from domains.sandbox.chassis.weather import TokenBucket, Weather

REQUESTS_KEPT = 200


@dataclass
class Desk:
    """State shared by the endpoints of one service. `ticks` are monotonic seconds."""

    weather: Weather
    clock: Clock
    token: str | None
    ticks: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    calls: Counter[str] = field(default_factory=Counter)
    requests: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=REQUESTS_KEPT))
    faults: Faults = NONE

    def __post_init__(self) -> None:
        self._dice = random.Random(self.weather.seed)  # noqa: S311 - weather, not a secret
        quota_per_s = self.weather.quota_per_s
        self._bucket = None if quota_per_s is None else TokenBucket(quota_per_s, self.ticks)
        self._fault_bucket: TokenBucket | None = None

    def set_faults(self, faults: Faults) -> None:
        self.faults = faults
        self._fault_bucket = None if faults.quota_per_s is None else TokenBucket(faults.quota_per_s, self.ticks)

    def arrived(self, route: Route, request: Request) -> None:
        """Count the call, before anything can go wrong with it."""
        self.calls[route.name] += 1
        self.requests.append(
            {
                "method": request.method,
                "path": request.url.path,
                "correlation_id": request.headers.get("x-correlation-id"),
                "deadline_ms": request.headers.get("x-request-deadline-ms"),
                "idempotency_key": request.headers.get("idempotency-key"),
                "received_at": instant(self.clock()),
            }
        )

    def faults_at(self, path: str) -> Faults:
        return NONE if self.faults.endpoints and path not in self.faults.endpoints else self.faults

    def admit(self, request: Request, faults: Faults) -> None:
        """Raises Refused 401 without the token, and 429 over the quota."""
        if self.token is not None:
            given = request.headers.get("authorization", "")
            if not hmac.compare_digest(given.encode(), f"Bearer {self.token}".encode()):
                raise Refused(401, "UNAUTHENTICATED", "A valid bearer token is needed.")
        bucket = self._bucket if faults.quota_per_s is None else self._fault_bucket
        wait_s = bucket.take() if bucket is not None else 0.0
        if wait_s > 0:
            # Retry-After counts whole seconds (RFC 9110, 10.2.3).
            retry_after_s = faults.retry_after_s if faults.retry_after_s is not None else math.ceil(wait_s)
            raise Refused(429, "QUOTA_EXCEEDED", "Too many calls a second.", retry_after_s=retry_after_s)

    async def delay(self, faults: Faults) -> None:
        """Wait as long as today's weather and faults say."""
        latency_s = 0.0
        if self.weather.latency_scale > 0:
            latency_s = self.weather.latency.draw_s(self._dice) * self.weather.latency_scale
        wait_s = latency_s + faults.latency_ms / 1000 + faults.stall_s
        if wait_s > 0:
            await self.sleep(wait_s)

    def instead(self, faults: Faults, headers: Headers) -> ASGIApp | None:
        """What happens in place of the work, if anything goes wrong before it."""
        if self._hits(faults.reset):
            return Reset()
        if self._hits(faults.error_ratio):
            more = {} if faults.retry_after_s is None else {"retry_after_s": faults.retry_after_s}
            refusal = Refused(faults.error_status, "INJECTED_FAULT", "The sandbox was told to fail.", **more)
            return problem(refusal, headers)
        if self._hits(faults.error_in_200):
            error = {"error": {"code": "INTERNAL", "message": "The sandbox was told to fail inside a 200."}}
            return JSONResponse(error, headers=headers)
        return None

    def deliver(self, route: Route, answer: bytes, faults: Faults, headers: Headers) -> ASGIApp:
        """The answer, or what becomes of it on its way."""
        if route.write and self._hits(faults.lost_reply):
            return Reset()
        if self._hits(faults.truncated):
            return Truncated(answer, headers)
        if self._hits(faults.garbled):
            answer = GARBAGE
        elif self._hits(faults.wrong_types):
            answer = orjson.dumps(with_wrong_types(orjson.loads(answer)))
        if faults.drip_ms_per_byte > 0:
            return dripping(answer, headers, faults.drip_ms_per_byte, self.sleep)
        return Response(answer, headers=headers, media_type="application/json")

    def _hits(self, ratio: float) -> bool:
        return ratio > 0 and self._dice.random() < ratio
