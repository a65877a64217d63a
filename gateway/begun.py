"""Work that is begun where it stands, and needs its task only for what it waits for."""

from __future__ import annotations

from collections.abc import Awaitable, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Begun(Generic[T]):
    """Work that has been begun. It is done at once, with a `result`; or it waits for something, and goes on when it is
    awaited: all that its task says goes on to it. To be awaited once, by the task that began it."""

    __slots__ = ("_waits_for", "_work", "is_done", "result")

    def __init__(self, work: Awaitable[T]) -> None:
        self._work = work.__await__()
        self._waits_for: object = None
        self.is_done = False
        self.result: T | None = None
        try:
            self._waits_for = self._work.send(None)
        except StopIteration as done:
            self.is_done, self.result = True, done.value

    def __await__(self) -> Generator[Any, Any, T]:
        if self.is_done:
            return self.result  # type: ignore[return-value]  # of done work it is a T
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
