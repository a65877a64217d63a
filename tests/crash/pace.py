"""How fast a system is written to, by its own list of requests."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import datetime
from types import TracebackType
from typing import Self

import aiohttp

LOOK_EVERY_S = 0.5


class Pace:
    """Collects when the system was asked at `paths`, for as long as the context is open."""

    def __init__(self, url: str, paths: Collection[str]) -> None:
        self._url = f"{url}/_sandbox/requests"
        self._paths = frozenset(paths)
        self._at: list[float] = []
        self._task: asyncio.Task[None] | None = None

    async def watch(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)

    def most_in(self, window_s: float, since: float) -> int:
        """The most requests in any window of so many seconds that begins after `since`, in seconds since the epoch."""
        later = sorted(at for at in self._at if at >= since)
        return max((sum(at <= one < at + window_s for one in later) for at in later), default=0)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._collect())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        async with aiohttp.ClientSession(trust_env=False) as http:
            await self._look(http)

    async def _collect(self) -> None:
        async with aiohttp.ClientSession(trust_env=False) as http:
            while True:
                await self._look(http)
                await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self, http: aiohttp.ClientSession) -> None:
        """The system keeps its last 200 requests: they are read and forgotten before there are more."""
        async with http.get(self._url) as answer:
            requests = (await answer.json())["requests"]
        async with http.delete(self._url) as answer:
            answer.raise_for_status()
        found = (one["received_at"] for one in requests if one["path"] in self._paths)
        self._at += [datetime.fromisoformat(at).timestamp() for at in found]
