"""Wires over scripted systems, and what they told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import httpx
import msgspec

from domains.upstream import CALL, BreakerChanged, Call, CallFinished, Event, Shed, Wire, WirePolicy, decoded
from domains.vocabulary import SystemRole
from tests.domains.upstream.virtual_time import loop_clock

OMS = SystemRole.OMS
Answer = Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]]
E = TypeVar("E", CallFinished, BreakerChanged, Shed)

QUICK = WirePolicy(
    timeout_s=1.0, slow_call_s=0.5, slots_max=4, queue_max=4, queue_timeout_s=0.25, retries_max=0, minimum_calls=5
)  # fmt: skip
"""Small numbers and no retries; a test replaces what it is about."""


def as_json(body: bytes) -> object:
    return msgspec.json.decode(body)


STOCK = Call("stock", as_json)


@dataclass
class Bench:
    """A Wire over `answer`, in the time of the running loop; `events` is what its hook heard, `asked` what arrived."""

    answer: Answer
    policy: WirePolicy = QUICK
    events: list[Event] = field(default_factory=list)
    asked: list[httpx.Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.wire = Wire(
            OMS, self.policy, httpx.MockTransport(self._answer), clock=loop_clock, random=lambda: 0.5,
            hooks=(self.events.append,),
        )  # fmt: skip
        self.client = httpx.AsyncClient(transport=self.wire, base_url="http://oms.test")

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answer(request)
        return answer if isinstance(answer, httpx.Response) else await answer

    async def call(self, call: Call = STOCK, path: str = "/v1/stock") -> object:
        return decoded(await self.client.post(path, json={"ids": [1]}, extensions={CALL: call}))

    def heard(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]


def ok(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"ok": True})


def status(code: int, headers: dict[str, str] | None = None, content: bytes = b"") -> Answer:
    return lambda _: httpx.Response(code, headers=headers, content=content)


def after(seconds: float, answer: Answer = ok) -> Answer:
    async def later(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(seconds)
        response = answer(request)
        assert isinstance(response, httpx.Response)
        return response

    return later


def in_order(*answers: Answer) -> Answer:
    """Each answer once, the last one for ever."""
    left = list(answers)

    def next_one(request: httpx.Request) -> httpx.Response | Awaitable[httpx.Response]:
        answer = left.pop(0) if len(left) > 1 else left[0]
        return answer(request)

    return next_one


class Dripping(httpx.AsyncByteStream):
    """A body that comes byte by byte, `pause_s` seconds apart, without end."""

    def __init__(self, pause_s: float) -> None:
        self._pause_s = pause_s

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(self._pause_s)
            yield b" "
