"""Asking the gateway over HTTP, as one caller or another."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

CLIENT_TIMEOUT_S = 10.0  # twice what a request may take by default: what comes later is no answer
_NOT_SENT = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` 0: there was no answer, and `fault` says why. `errors` are the codes of what is missing from `data`, and
    `systems` whose fault that is."""

    status: int
    data: Mapping[str, Any]
    errors: tuple[str, ...] = ()
    fault: str = ""
    systems: frozenset[str] = frozenset()

    @property
    def is_whole(self) -> bool:
        return self.status == 200 and not self.errors

    @property
    def trouble(self) -> str:
        """What is wrong with it, in a few words."""
        return self.fault or (", ".join(self.errors) if self.errors else f"HTTP {self.status}")


class Asking:
    """Sends GraphQL to one gateway."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.http = http
        self._url = url

    async def ask(
        self,
        document: str,
        variables: Mapping[str, Any],
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer, whatever it is; raises nothing."""
        sent = {"Accept": "application/json", **(headers or {})}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        asked = {"query": document, "variables": variables}
        try:
            async with self.http.post(f"{self._url}/graphql", json=asked, headers=sent) as response:
                body = await response.json()
        except (aiohttp.ClientError, TimeoutError, ValueError) as exc:
            return Answer(_NOT_SENT, {}, fault=type(exc).__name__)
        told = [error.get("extensions", {}) for error in body.get("errors", ())]
        codes = tuple(str(one.get("code", "?")) for one in told)
        systems = frozenset(str(one.get("system", "?")) for one in told)
        return Answer(response.status, body.get("data") or {}, codes, systems=systems)

    async def json_of(self, path: str) -> Any:
        """A page of the gateway. Raises aiohttp.ClientError."""
        async with self.http.get(f"{self._url}{path}") as response:
            response.raise_for_status()
            return await response.json()


@asynccontextmanager
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """A session without a limit of connections: the load decides how many there are."""
    limit = aiohttp.ClientTimeout(total=CLIENT_TIMEOUT_S)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=limit, trust_env=False) as http:
        yield http
