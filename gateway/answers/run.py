"""One run of an operation: what it reads of what can be forgotten, and whether any of it was forgotten meanwhile."""

from __future__ import annotations

import asyncio
import contextvars
import enum
import math
from collections.abc import Collection
from contextvars import ContextVar


class End(enum.Enum):
    """How a run ended for those who waited for it."""

    KEPT = "KEPT"  # look among what is kept
    OWN = "OWN"  # what it made was its own caller's: each runs by itself
    LEFT = "LEFT"  # its caller left before the end: somebody else begins anew


class Run:
    """Under way until `ended` has a result."""

    __slots__ = ("ended", "overtaken", "read", "until")

    def __init__(self) -> None:
        self.ended: asyncio.Future[End] = asyncio.get_running_loop().create_future()
        self.read: dict[str, set[str]] = {}
        self.until = math.inf
        self.overtaken = False

    def note(self, shelf: str, keys: Collection[str], until: float) -> None:
        """`keys` of a shelf go into what is being made, which is good until then (seconds since the epoch)."""
        self.until = min(self.until, until)
        self.read.setdefault(shelf, set()).update(keys)

    def forgotten(self, shelf: str, keys: Collection[str]) -> None:
        """`keys` of a shelf are not true any more. Of those that it has not read yet it will read what is."""
        read = self.read.get(shelf)
        if read is not None and not read.isdisjoint(keys):
            self.overtaken = True


recorded: ContextVar[Run | None] = ContextVar("retailgraph_recorded_run", default=None)
"""Who is to know what is read; tasks started inside inherit it."""


def aside() -> contextvars.Context:
    """An empty context for work beside a request, which its deadline does not bind; what it reads is still noted."""
    context = contextvars.Context()
    context.run(recorded.set, recorded.get())
    return context
