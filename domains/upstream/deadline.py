"""The deadline of the request being answered, carried from the door to every outside call."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass

from domains.vocabulary import Scoped


@dataclass(frozen=True, slots=True, order=True)
class Deadline:
    """A point in time, absolute, so that nobody has to subtract what others have used. `at` is in monotonic seconds."""

    at: float

    def remaining_s(self, now: float) -> float:
        """Seconds left at `now` (monotonic seconds), never below 0."""
        return max(0.0, self.at - now)


_current: ContextVar[Deadline | None] = ContextVar("retailgraph_deadline", default=None)


def current_deadline() -> Deadline | None:
    """The deadline of the innermost open scope; None when nobody waits, as in background work."""
    return _current.get()


def deadline_scope(seconds: float, clock: Callable[[], float] = time.monotonic) -> AbstractContextManager[Deadline]:
    """Give whatever runs inside at most `seconds`; a scope inside another never extends it.

    Tasks started inside inherit the deadline. Work that must outlive the request is started in a context of its own:
    `asyncio.create_task(work, context=contextvars.Context())`.
    """
    return _Scope(seconds, clock)


def deadline_of(deadline: Deadline | None) -> AbstractContextManager[None]:
    """Give whatever runs inside until `deadline`, be it later than that of the scopes around.

    For what several wait for, each until their own: `deadline_scope` is for what runs on one caller's time.
    """
    return Scoped(_current, deadline)


class _Scope:
    """A class, because each request opens one: a generator of contextlib takes three times as long."""

    __slots__ = ("_clock", "_seconds", "_token")

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock

    def __enter__(self) -> Deadline:
        deadline = Deadline(self._clock() + self._seconds)
        outer = _current.get()
        if outer is not None:
            deadline = min(deadline, outer)
        self._token = _current.set(deadline)
        return deadline

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)
