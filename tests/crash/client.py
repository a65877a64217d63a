"""A good client: it names each change by a key, and repeats it under the same key until it is answered."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.running import Json

ANSWER_WITHIN_S = 8.0
"""Three seconds more than a gateway may take; then it is frozen, or gone."""

PATIENCE_S = 240.0
PAUSE_S, PAUSE_MAX_S = 0.2, 2.0


class Unanswered(AssertionError):
    """A change was repeated for as long as anybody's patience lasts."""


class Client:
    """Asks any of the gateways, the next one when one does not answer. `repeated` counts why a change was sent again,
    `slowest_s` is the longest that an answer which was final took, from when that request was sent."""

    def __init__(self, http: aiohttp.ClientSession, urls: Sequence[str]) -> None:
        self._http = http
        self._urls = itertools.cycle(urls)
        self.repeated: Counter[str] = Counter()
        self.slowest_s: dict[str, float] = {}

    async def change(self, mutation: str, given: Mapping[str, Any], key: str, token: str | None) -> Json:
        """The final answer to a mutation: what it made, or a refusal that will not pass."""
        until = time.monotonic() + PATIENCE_S
        variables = {"input": {"idempotencyKey": key, **given}}
        for number in itertools.count():
            sent = time.monotonic()
            if sent > until:
                raise Unanswered(f"{key} was not answered in {PATIENCE_S:.0f} s: {dict(self.repeated)}")
            name, answer, wait_s = await self._once(mutation, variables, token)
            if answer is not None:
                self.slowest_s[name] = max(self.slowest_s.get(name, 0.0), time.monotonic() - sent)
                return answer
            self.repeated[name] += 1
            await asyncio.sleep(wait_s or min(PAUSE_S * 2.0**number, PAUSE_MAX_S))
        raise AssertionError("unreachable")

    async def ask(self, query: str, variables: Mapping[str, Any], token: str | None) -> Json:
        """The whole GraphQL body of one attempt. Raises aiohttp.ClientError and TimeoutError."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        body = {"query": query, "variables": variables}
        async with self._http.post(f"{next(self._urls)}/graphql", json=body, headers=headers) as answered:
            answer: Json = await answered.json()
            return answer

    async def _once(
        self, mutation: str, variables: Mapping[str, Any], token: str | None
    ) -> tuple[str, Json | None, float | None]:
        """Its field and its answer; or why there is none yet, and how long to wait."""
        try:
            body = await self.ask(mutation, variables, token)
        except (aiohttp.ClientError, TimeoutError, ValueError) as exc:
            return type(exc).__name__, None, None
        if errors := body.get("errors"):
            code = str(errors[0].get("extensions", {}).get("code"))
            if code in ("BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", "INTERNAL", "None"):
                raise AssertionError(f"no repeat mends this: {errors}")
            return code, None, None
        ((field, answer),) = body["data"].items()
        if answer is None or answer.get("retryable"):
            code = "null" if answer is None else answer["code"]
            return code, None, None if answer is None else answer.get("retryAfterSeconds")
        return field, answer, None


@asynccontextmanager
async def good_client(urls: Sequence[str]) -> AsyncIterator[Client]:
    """A client with as many connections as it has customers."""
    limit = aiohttp.ClientTimeout(total=ANSWER_WITHIN_S)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=limit, trust_env=False) as http:
        yield Client(http, urls)
