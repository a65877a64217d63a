"""From rows of routes to an ASGI application."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.routing import Route as Path
from starlette.types import ASGIApp, Receive, Scope, Send

from domains.sandbox.chassis.ask import read_object
from domains.sandbox.chassis.control import control_paths, knob_path, outbox_path
from domains.sandbox.chassis.desk import Desk
from domains.sandbox.chassis.outbox import Outbox
from domains.sandbox.chassis.problem import echo, on_bug, on_http_exception, problem
from domains.sandbox.chassis.repeats import Repeats
from domains.sandbox.chassis.route import KEY, Clock, Refused, Route
from domains.sandbox.chassis.weather import Weather

BODY_MAX_BYTES = 1024 * 1024
BODY_TIMEOUT_S = 10.0


def build_app(
    name: str,
    routes: Sequence[Route],
    weather: Weather,
    clock: Clock,
    *,
    token: str | None = None,
    outbox: Outbox | None = None,
    ticks: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Starlette:
    """The service `name` with its `routes`, and its controls under `/_sandbox`.

    `token` None asks for no bearer token. `outbox` is the one that the routes tell. `ticks` (monotonic seconds) and
    `sleep` are for tests.
    """
    desk = Desk(weather=weather, clock=clock, token=token, ticks=ticks, sleep=sleep)
    repeats = Repeats()
    knobs = [knob_path(row) for row in routes if row.knob]
    rows = [row for row in routes if not row.knob]
    paths = [Path(row.path, _Endpoint(row, desk, repeats), methods=[row.method]) for row in rows]
    knobs += [outbox_path(outbox)] if outbox is not None else []
    return Starlette(
        routes=[*paths, *knobs, *control_paths(name, desk, frozenset(row.path for row in rows))],
        exception_handlers={HTTPException: on_http_exception, Exception: on_bug},
    )


class _Endpoint:
    """One route as an ASGI application."""

    def __init__(self, route: Route, desk: Desk, repeats: Repeats) -> None:
        self._route = route
        self._desk = desk
        self._repeats = repeats

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        self._desk.arrived(self._route, request)
        try:
            reply = await self._reply(request, echo(request))
        except ClientDisconnect:
            return
        await reply(scope, receive, send)

    async def _reply(self, request: Request, headers: dict[str, str]) -> ASGIApp:
        faults = self._desk.faults_at(self._route.path)
        try:
            raw = await _read(request)  # first, because it is lost when the caller hangs up during the delay
            self._desk.admit(request, faults)
            await self._desk.delay(faults)
            mishap = self._desk.instead(faults, headers)
            if mishap is not None:
                return mishap
            answer, replayed = await self._carry_out(request, raw)
        except Refused as refusal:
            return problem(refusal, headers)
        if replayed:
            headers = {**headers, "Idempotent-Replay": "true"}
        return self._desk.deliver(self._route, answer, faults, headers)

    async def _carry_out(self, request: Request, raw: bytes) -> tuple[bytes, bool]:
        body = {} if self._route.method == "GET" else read_object(raw)
        params: dict[str, str] = dict(request.path_params)

        async def do() -> bytes:
            return orjson.dumps(await self._route.handler(body, params), default=_plain)

        if not self._route.write:
            return await do(), False
        key = request.headers.get(KEY)
        asked = {"path": dict(params), "body": body}
        params[KEY] = key or ""
        return await self._repeats.once(self._route.name, key, asked, do)


async def _read(request: Request) -> bytes:
    raw = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for chunk in request.stream():
                raw += chunk
                if len(raw) > BODY_MAX_BYTES:
                    raise Refused(413, "BODY_TOO_LARGE", f"A body has at most {BODY_MAX_BYTES} bytes.")
    except TimeoutError as exc:
        raise Refused(408, "BODY_TOO_SLOW", f"The body did not arrive within {BODY_TIMEOUT_S:.0f} s.") from exc
    return bytes(raw)


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} has no place in an answer")
