"""Waiting in line for the database: who answers a caller goes before who does steps."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Line:
    """Lets `width` through at a time: those in a hurry first, and each kind in the order in which it came.

    Bounded by who stands in it: requests by their deadlines, steps by how many a worker does at once.
    """

    def __init__(self, width: int) -> None:
        self._free = width
        self._hurried: deque[asyncio.Future[None]] = deque()
        self._patient: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def turn(self, *, hurry: bool) -> AsyncIterator[None]:
        """Inside it is our turn."""
        await self._wait(self._hurried if hurry else self._patient)
        try:
            yield
        finally:
            self._next()

    async def _wait(self, line: deque[asyncio.Future[None]]) -> None:
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self._next()  # our turn had come, and we are gone
            raise

    def _next(self) -> None:
        for line in (self._hurried, self._patient):
            while line:
                turn = line.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self._free += 1
