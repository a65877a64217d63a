"""A limit of time on what seldom takes any."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Generator
from typing import Any, Generic, TypeVar

from gateway.begun import Begun

T = TypeVar("T")


class Within(Generic[T]):
    """Awaits `work` for at most `limit_s`. Raises TimeoutError.

    Like asyncio.timeout around it, but the clock is only set once the work waits for something. A body is nearly always
    there when it is read, and to set a clock for it and take it back took 4 us of a request.
    """

    __slots__ = ("_limit_s", "_work")

    def __init__(self, work: Awaitable[T], limit_s: float) -> None:
        self._work = work
        self._limit_s = limit_s

    def __await__(self) -> Generator[Any, Any, T]:
        begun = Begun(self._work)
        if begun.is_done:
            return (yield from begun.__await__())
        return (yield from self._limited(begun).__await__())

    async def _limited(self, begun: Begun[T]) -> T:
        async with asyncio.timeout(self._limit_s):
            return await begun
