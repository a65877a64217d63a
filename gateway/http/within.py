"""A limit of time on what seldom takes any."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Within(Generic[T]):
    """Awaits `work` for at most `limit_s`. Raises TimeoutError.

    Like asyncio.timeout around it, but the clock is only set once the work waits for something. A body is nearly always
    there when it is read, and to set a clock for it and take it back took 4 us of a request.
    """

    __slots__ = ("_limit_s", "_work")

    def __init__(self, work: Coroutine[Any, Any, T], limit_s: float) -> None:
        self._work = work
        self._limit_s = limit_s

    def __await__(self) -> Generator[Any, Any, T]:
        try:
            waits_for = self._work.send(None)
        except StopIteration as done:
            result: T = done.value
            return result
        return (yield from self._limited(waits_for).__await__())

    async def _limited(self, waits_for: object) -> T:
        async with asyncio.timeout(self._limit_s):
            return await _Rest(self._work, waits_for)


class _Rest(Generic[T]):
    """What is left of work that has been begun and waits for something: all that its task says goes on to it."""

    __slots__ = ("_waits_for", "_work")

    def __init__(self, work: Coroutine[Any, Any, T], waits_for: object) -> None:
        self._work = work
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, T]:
        waits_for = self._waits_for
        try:
            while True:
                try:
                    said = yield waits_for
                except BaseException as thrown:  # noqa: BLE001 - a cancellation is what it has to hear of
                    waits_for = self._work.throw(thrown)
                else:
                    waits_for = self._work.send(said)
        except StopIteration as done:
            result: T = done.value
            return result
