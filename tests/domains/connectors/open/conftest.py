"""A service of each role behind a real Wire: recorded answers, and a note of what was asked."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from domains.connectors.open.contract import ENDPOINTS, Endpoint
from domains.upstream import Wire, WirePolicy
from domains.vocabulary import SystemRole

PAYLOADS = Path(__file__).parent / "payloads"


@dataclass
class Service:
    """Answers what was recorded, and refuses whatever its contract does not know."""

    role: SystemRole
    answers: dict[str, Any]
    asked: list[tuple[str, Any]] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)
    in_flight: int = 0
    in_flight_max: int = 0

    async def handle(self, request: httpx.Request) -> httpx.Response:
        row = self._row(request)
        self.requests.append(request)
        ask = None if row.ask is None else msgspec.json.decode(request.content, type=row.ask)
        self.asked.append((row.path, ask))
        self.in_flight += 1
        self.in_flight_max = max(self.in_flight_max, self.in_flight)
        await asyncio.sleep(0)
        self.in_flight -= 1
        answer = self.answers[row.path]
        if callable(answer):
            answer = answer(ask)
        if isinstance(answer, httpx.Response):
            return answer
        msgspec.convert(answer, row.answer)  # a recording that breaks the contract proves nothing
        return httpx.Response(200, json=answer)

    def _row(self, request: httpx.Request) -> Endpoint:
        raw = request.url.raw_path.decode()
        for row in ENDPOINTS[self.role]:
            pattern = re.escape(row.path).replace(re.escape("{id}"), "[^/]+")
            if row.method == request.method.lower() and re.fullmatch(pattern, raw):
                return row
        raise AssertionError(f"{request.method} {raw} is not in the contract of {self.role}")

    def wire(self) -> Wire:
        return Wire(self.role, WirePolicy(retries_max=0), httpx.MockTransport(self.handle))


@pytest.fixture
def service() -> Callable[[SystemRole], Service]:
    """Makes the recorded service of a role."""

    def make(role: SystemRole) -> Service:
        return Service(role, msgspec.json.decode((PAYLOADS / f"{role.value.lower()}.json").read_bytes()))

    return make
