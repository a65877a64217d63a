"""A load generator for one event loop: so many questions a second for a while, and what was answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp

from tests.running import Json

IN_FLIGHT_MAX = 400
QUESTIONS_MAX = 30_000
CLIENT_TIMEOUT_S = 15.0
POLL_S = 0.01


@dataclass(frozen=True, slots=True)
class Question:
    """A document by a name, its variables, and the token of who asks, if any."""

    name: str
    document: str
    variables: Mapping[str, object] = field(default_factory=dict)
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """`began` is in seconds of the monotonic clock. Status 0: there was no HTTP answer at all."""

    question: Question
    began: float
    elapsed_s: float
    status: int
    body: Json

    @property
    def data(self) -> Any:
        return self.body.get("data") or {}

    @property
    def errors(self) -> list[Json]:
        found: list[Json] = self.body.get("errors", [])
        return found

    @property
    def ended(self) -> float:
        return self.began + self.elapsed_s

    @property
    def is_good(self) -> bool:
        """200 with nothing missing."""
        return self.status == 200 and not self.errors


class Client:
    """Asks gateways, each request with its own time limit."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self.http = http

    async def ask(self, url: str, question: Question) -> Answer:
        """What came of it, also if that is no answer."""
        began = time.monotonic()
        try:
            status, body = await self.ask_or_raise(url, question)
        except (aiohttp.ClientError, TimeoutError) as fault:
            status, body = 0, {"fault": f"{type(fault).__name__} {fault}"}
        return Answer(question, began, time.monotonic() - began, status, body)

    async def ask_or_raise(self, url: str, question: Question) -> tuple[int, Json]:
        """Status and body. Raises aiohttp.ClientError or TimeoutError."""
        headers = {"Accept": "application/json"}
        if question.token is not None:
            headers["Authorization"] = f"Bearer {question.token}"
        asked = {"query": question.document, "variables": dict(question.variables)}
        async with self.http.post(f"{url}/graphql", json=asked, headers=headers) as response:
            body: Json = await response.json()
            return response.status, body

    async def data(self, url: str, question: Question) -> Any:
        """The data of an answer that has no errors."""
        answer = await self.ask(url, question)
        assert answer.is_good, answer
        return answer.data


@asynccontextmanager
async def open_client() -> AsyncIterator[Client]:
    connector = aiohttp.TCPConnector(limit=0)
    limit = aiohttp.ClientTimeout(total=CLIENT_TIMEOUT_S)
    async with aiohttp.ClientSession(connector=connector, timeout=limit, trust_env=False) as http:
        yield Client(http)


class Load:
    """Asks `rate_per_s` times a second, whether or not earlier questions are answered (up to IN_FLIGHT_MAX).

    Evenly, or, with a `luck`, each at any moment of its interval. `next_question` is told the number of the question
    and says what to ask where. Ends with its context, and by itself after QUESTIONS_MAX.
    """

    def __init__(
        self,
        client: Client,
        rate_per_s: float,
        next_question: Callable[[int], tuple[str, Question]],
        luck: Random | None = None,
    ) -> None:
        self.rate_per_s = rate_per_s
        self._luck = luck
        self.answers: list[Answer] = []
        self._client = client
        self._next_question = next_question
        self._slots = asyncio.Semaphore(IN_FLIGHT_MAX)
        self._asking: set[asyncio.Task[None]] = set()
        self._pacing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Load:
        self._pacing = asyncio.create_task(self._pace())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._pacing is not None:
            self._pacing.cancel()
            await asyncio.wait((self._pacing,))
        if self._asking:
            await asyncio.wait(self._asking, timeout=CLIENT_TIMEOUT_S)

    def between(self, start: float, end: float) -> list[Answer]:
        """Answers to what was asked from `start` to `end`, in seconds of the monotonic clock."""
        return [answer for answer in self.answers if start <= answer.began < end]

    async def _pace(self) -> None:
        start = time.monotonic()
        for number in range(QUESTIONS_MAX):
            late = 0.0 if self._luck is None else self._luck.random()
            await until_time(start + (number + 1 + late) / self.rate_per_s)
            await self._slots.acquire()
            task = asyncio.create_task(self._one(number))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _one(self, number: int) -> None:
        try:
            self.answers.append(await self._client.ask(*self._next_question(number)))
        finally:
            self._slots.release()


async def until_time(moment: float) -> None:
    """Wait until `moment` of the monotonic clock."""
    await asyncio.sleep(max(0.0, moment - time.monotonic()))


async def pass_time(seconds: float) -> tuple[float, float]:
    """Let the load run on; from and to when, for `Load.between`."""
    start = time.monotonic()
    await until_time(start + seconds)
    return start, time.monotonic()


async def until(condition: Callable[[], Awaitable[bool]], limit_s: float, what: str, poll_s: float = POLL_S) -> float:
    """Ask `condition` every `poll_s`; how long it took to become true. Fails after `limit_s`."""
    start = time.monotonic()
    while not await condition():
        assert time.monotonic() - start < limit_s, f"not within {limit_s} s: {what}"
        await asyncio.sleep(poll_s)
    return time.monotonic() - start
