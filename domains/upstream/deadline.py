"""The deadline of the request being answered, carried from the door to every outside call."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass


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


@contextlib.contextmanager
def deadline_scope(seconds: float, clock: Callable[[], float] = time.monotonic) -> Iterator[Deadline]:
    """Give whatever runs inside at most `seconds`; a scope inside another never extends it.

    Tasks started inside inherit the deadline. Work that must outlive the request is started in a context of its own:
    `asyncio.create_task(work, context=contextvars.Context())`.
    """
    deadline = Deadline(clock() + seconds)
    outer = _current.get()
    if outer is not None:
        deadline = min(deadline, outer)
    token = _current.set(deadline)
    try:
        yield deadline
    finally:
        _current.reset(token)
