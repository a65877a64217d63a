"""Asks that go out as one call, and what each of them is told."""

from __future__ import annotations

import asyncio
import contextvars
import enum
import math
from collections.abc import Mapping
from typing import Generic, TypeAlias, TypeVar

from domains.upstream.deadline import Deadline
from domains.vocabulary import Reading, ServingPath, UpstreamError

K = TypeVar("K")
T = TypeVar("T")


class Word(enum.Enum):
    """What somebody is told instead of an answer."""

    ALONE = "ALONE"  # ask for yourself
    LATE = "LATE"  # your time is up


Told: TypeAlias = "Mapping[K, Reading[T]] | UpstreamError | Word"
Kin: TypeAlias = "tuple[ServingPath | None, str | None, bool]"
"""What asks have in common that may share a call: path, owner, and whether a stand-in is at hand."""


class Ask(Generic[K, T]):
    """One who waits. `context` is theirs: path, correlation id, and who pays."""

    __slots__ = ("answer", "context", "deadline", "keys")

    def __init__(self, keys: frozenset[K], deadline: Deadline | None, loop: asyncio.AbstractEventLoop) -> None:
        self.keys = keys
        self.deadline = deadline
        self.context = contextvars.copy_context()
        self.answer: asyncio.Future[Told[K, T]] = loop.create_future()


class Group(Generic[K, T]):
    """Asks of one kin until they have been answered. Nothing of it is left then that refers in a circle.

    It waits until `ends_at`, in monotonic seconds, at most. While it waits in turns of the loop, the last `quiet` of
    them brought nobody to the `seen` asks that were there; else it has a timer. `call` is under way once it is out.
    """

    __slots__ = ("asks", "call", "ends_at", "keys", "kin", "quiet", "seen", "timer")

    def __init__(self, kin: Kin, ends_at: float) -> None:
        self.kin = kin
        self.ends_at = ends_at
        self.keys: set[K] = set()
        self.asks: list[Ask[K, T]] = []
        self.seen = 1
        self.quiet = 0
        self.timer: asyncio.TimerHandle | None = None
        self.call: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> list[Ask[K, T]]:
        """Who has neither left nor been answered."""
        return [ask for ask in self.asks if not ask.answer.done()]

    def is_quiet(self, turns: int) -> bool:
        """Whether so many turns in a row brought nobody. Asked once in a turn."""
        if len(self.asks) == self.seen:
            self.quiet += 1
        else:
            self.seen, self.quiet = len(self.asks), 0
        return self.quiet >= turns

    def close(self) -> None:
        """Nobody comes any more: forget who has left, and what they asked for."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        if any(ask.answer.done() for ask in self.asks):
            self.asks = self.waiting
            self.keys = {key for ask in self.asks for key in ask.keys}

    def left(self) -> None:
        """Somebody has: with the last of them the call ends too."""
        if self.call is not None and not self.waiting:
            self.call.cancel()

    def tell(self, told: Told[K, T]) -> None:
        """Say this to all who wait."""
        for ask in self.asks:
            if not ask.answer.done():
                ask.answer.set_result(told)
        self.asks.clear()

    def let_go(self, now: float) -> float:
        """Tell those whose deadline is over, and how long after `now` the next one is; infinite when nobody has one."""
        next_at = math.inf
        for ask in self.asks:
            if ask.deadline is not None and ask.deadline.at < next_at and not ask.answer.done():
                if ask.deadline.at > now:
                    next_at = ask.deadline.at
                else:
                    ask.answer.set_result(Word.LATE)
        return next_at - now

    def latest(self) -> Deadline | None:
        """The deadline of who waits longest; None when somebody has none."""
        known = [ask.deadline for ask in self.asks if ask.deadline is not None]
        return max(known, key=_at) if len(known) == len(self.asks) else None


def _at(deadline: Deadline) -> float:
    return deadline.at


def own(error: UpstreamError) -> UpstreamError:
    """The same error once more, to be raised by one of several: its way is theirs alone."""
    twin = type(error).__new__(type(error), *error.args)
    twin.__dict__.update(error.__dict__)
    twin.__cause__ = error.__cause__
    return twin
