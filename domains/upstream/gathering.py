"""Asks that come while their source is busy go out together."""

from __future__ import annotations

import asyncio
import contextvars
import enum
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeAlias, TypeVar

from domains.upstream.deadline import Deadline, current_deadline, deadline_of
from domains.upstream.frames import without_frames
from domains.upstream.path import current_path
from domains.vocabulary import (
    DeadlineExceeded,
    Fetch,
    Reading,
    ServingPath,
    SystemRole,
    UpstreamError,
    UpstreamFailed,
    UpstreamGarbled,
    UpstreamRejected,
    has_stand_in,
)

K = TypeVar("K")
T = TypeVar("T")

GROUPS_MAX = 64
"""Kinds of asks that gather at a time; who would begin one more goes out alone."""

ASKS_MAX = 256
"""Asks in one call: those of the same few keys would never fill it."""

WORTH_ASKS = 4
"""As many asks of one's size are to have room in a call: two large ones in one cost as much as in two, and more."""

LEAVE_S = 0.01
"""Kept back from each asker's time. Less than a Wire keeps back (`deadline_margin_s`), so that of a call that ends with
its last asker's time the Wire hears."""

BLAMED = (UpstreamRejected, UpstreamGarbled, UpstreamFailed)
"""What may be the fault of one key, or of so many: many a system answers 500 to a key that it does not understand.

Not a time-out, after which no time is left, and nothing that is said of the system or of us.
"""

ALONE_S = 1.0
"""How long nothing gathers after that: a key that is asked again and again costs others one wasted call a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """When asks gather. Raises ValueError when the numbers make no sense."""

    # With fewer calls of a read under way each ask goes out at once: what is not busy has nothing to gain. From 2 on,
    # a page cost 40 us more before systems that answer at once, where too few meet; from 8 on it costs the same there.
    calls_free: int = 8
    # What an ask may lose by waiting, when no call ends sooner: a tenth of a quick answer's time. With 64 and 128
    # requests under way before systems that take 30 ms, two to six asks of a read met in it.
    window_s: float = 0.003

    def __post_init__(self) -> None:
        if self.calls_free < 1 or self.window_s <= 0:
            raise ValueError("calls_free is at least 1, and window_s more than 0")


class _Word(enum.Enum):
    ALONE = "ALONE"  # ask for yourself
    LATE = "LATE"  # your time is up


_Answer: TypeAlias = "Mapping[K, Reading[T]] | UpstreamError | _Word"
_Kin: TypeAlias = "tuple[ServingPath | None, str | None, bool]"


class _Ask(Generic[K, T]):
    """One who waits. `context` is theirs: path, correlation id, and who pays."""

    __slots__ = ("answer", "context", "deadline", "keys")

    def __init__(self, keys: frozenset[K], deadline: Deadline | None, loop: asyncio.AbstractEventLoop) -> None:
        self.keys = keys
        self.deadline = deadline
        self.context = contextvars.copy_context()
        self.answer: asyncio.Future[_Answer[K, T]] = loop.create_future()


class _Group(Generic[K, T]):
    """Asks that go out together. `call` is under way, once they have. Nothing of it is left that refers in a circle."""

    __slots__ = ("asks", "call", "keys", "kin", "timer")

    def __init__(self, kin: _Kin) -> None:
        self.kin = kin
        self.keys: set[K] = set()
        self.asks: list[_Ask[K, T]] = []
        self.timer: asyncio.TimerHandle | None = None
        self.call: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> list[_Ask[K, T]]:
        """Who has neither left nor been answered."""
        return [ask for ask in self.asks if not ask.answer.done()]

    def answer(self, answer: _Answer[K, T]) -> None:
        """Say this to all who wait."""
        for ask in self.asks:
            if not ask.answer.done():
                ask.answer.set_result(answer)
        self.asks.clear()


class Gathered(Generic[K, T]):
    """A Fetch in front of `fetch`, which asks a system for up to `keys_max` keys in one call. One for an event loop.

    With fewer than `calls_free` calls under way an ask goes out at once, in its caller's own task. Else it waits for
    others: until a call ends, there are `keys_max` keys, or `window_s` have passed. Then all go out as one call, a key
    of several once, and each is answered what its own keys alone would have brought. No ask joins a call that has
    begun: what that brings may be older than what its caller knows to be true.

    A call of several runs in a task of its own, in the context of the first who waits: their correlation id, and they
    pay, which is no more than they would alone. It has the latest of the deadlines, nobody waits past their own, and
    whoever is cancelled leaves it to the others; with the last of them it is cancelled too. Only asks on one path
    share a call, and of those with and without a stand-in at hand each by themselves; with an `owner` only those of
    one owner, and who has none (None or "") goes alone.

    Of an error each has a copy. One that a single key, or so many, may be to blame for is nobody's answer: each asks
    again alone, and for ALONE_S so does whoever comes. So together they never make more calls than alone, but for one.
    """

    def __init__(
        self,
        fetch: Fetch[K, T],
        policy: Gathering,
        *,
        keys_max: int,
        system: SystemRole,
        capability: str,
        owner: Callable[[], str | None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._calls_free = policy.calls_free
        self._window_s = policy.window_s
        self._keys_max = keys_max
        self._small_max = keys_max // WORTH_ASKS
        self._system = system
        self._capability = capability
        self._owner = owner
        self._clock = clock
        self._under_way = 0
        self._alone_until = -math.inf
        self._gathering: dict[_Kin, _Group[K, T]] = {}
        self._tasks: set[asyncio.Task[None]] = set()  # the loop itself holds tasks only weakly

    @property
    def busy(self) -> bool:
        """Whether anything is under way or waits."""
        return bool(self._under_way or self._gathering or self._tasks)

    async def __call__(self, keys: frozenset[K], /) -> Mapping[K, Reading[T]]:
        """What is known of the keys. Raises UpstreamError as `fetch` does, and DeadlineExceeded."""
        if self._under_way >= self._calls_free and (joined := self._joined(keys)) is not None:
            answer = await _answered(*joined)
            if isinstance(answer, UpstreamError):
                raise _own(answer)
            if answer is _Word.LATE:
                detail = "a call together with others did not end in time"
                raise DeadlineExceeded(self._system, self._capability, detail)
            if answer is not _Word.ALONE:
                return {key: answer[key] for key in keys if key in answer}
        self._under_way += 1
        try:
            return await self._fetch(keys)
        finally:
            self._ended()

    def _joined(self, keys: frozenset[K]) -> tuple[_Ask[K, T], _Group[K, T]] | None:
        """A place among those who gather; None for whom it is not worth it, or not allowed."""
        owner = None if self._owner is None else self._owner()
        if len(keys) > self._small_max or (self._owner is not None and not owner):
            return None
        loop, deadline = asyncio.get_running_loop(), current_deadline()
        if loop.time() < self._alone_until or self._left_s(deadline) <= self._window_s:
            return None
        kin = (current_path(), owner, has_stand_in())
        group = self._gathering.get(kin)
        if group is not None and len(group.keys) + len(keys) > self._keys_max:
            self._send(group)
            group = None
        if group is None:
            if len(self._gathering) >= GROUPS_MAX:
                return None
            group = self._gathering[kin] = _Group(kin)
            group.timer = loop.call_later(self._window_s, self._send, group)
        ask: _Ask[K, T] = _Ask(keys, deadline, loop)
        group.asks.append(ask)
        group.keys |= keys
        if len(group.keys) >= self._keys_max or len(group.asks) >= ASKS_MAX:
            self._send(group)
        return ask, group

    def _send(self, group: _Group[K, T]) -> None:
        """Have a group go out. One who is left of it goes on in their own task."""
        if self._gathering.get(group.kin) is not group:
            return
        del self._gathering[group.kin]
        if group.timer is not None:
            group.timer.cancel()
        asks = group.asks
        if any(ask.answer.done() for ask in asks):
            asks = group.asks = group.waiting
            group.keys = {key for ask in asks for key in ask.keys}
        if len(asks) < 2:
            group.answer(_Word.ALONE)
            return
        self._under_way += 1
        self._watch(group)
        made = self._made(group)
        call = group.call = asyncio.get_running_loop().create_task(made, context=asks[0].context, name="gathered call")
        self._tasks.add(call)
        call.add_done_callback(partial(self._returned, group))

    def _watch(self, group: _Group[K, T]) -> None:
        """Let go whose time is up, now and, by one timer for all, later."""
        waiting = group.waiting
        for ask in waiting:
            if self._left_s(ask.deadline) <= 0:
                ask.answer.set_result(_Word.LATE)
        next_s = min((left_s for ask in waiting if (left_s := self._left_s(ask.deadline)) > 0), default=math.inf)
        group.timer = None
        if next_s < math.inf:
            group.timer = asyncio.get_running_loop().call_later(next_s, self._watch, group)

    async def _made(self, group: _Group[K, T]) -> None:
        asks = group.asks
        keys = frozenset(group.keys)
        answer: _Answer[K, T]
        with deadline_of(_latest(asks)):
            try:
                answer = await self._fetch(keys)
            except UpstreamError as error:
                without_frames(error)  # they hold the asks, and these would hold the error
                answer = error
        if isinstance(answer, BLAMED):
            self._alone_until = asyncio.get_running_loop().time() + ALONE_S
            answer = _Word.ALONE
        group.answer(answer)

    def _returned(self, group: _Group[K, T], call: asyncio.Task[None]) -> None:
        self._tasks.discard(call)
        if group.timer is not None:
            group.timer.cancel()
        if call.cancelled() or call.exception() is not None:
            group.answer(_Word.ALONE)  # a bug: whoever it is of meets it alone
        self._ended()

    def _ended(self) -> None:
        self._under_way -= 1
        if self._gathering and self._under_way < self._calls_free:
            self._send(next(iter(self._gathering.values())))  # who has waited longest

    def _left_s(self, deadline: Deadline | None) -> float:
        return math.inf if deadline is None else deadline.remaining_s(self._clock()) - LEAVE_S


async def _answered(ask: _Ask[K, T], group: _Group[K, T]) -> _Answer[K, T]:
    try:
        return await ask.answer
    except asyncio.CancelledError:
        if group.call is not None and not group.waiting:
            group.call.cancel()
        raise


def _latest(asks: Sequence[_Ask[K, T]]) -> Deadline | None:
    """The deadline of who waits longest; None when somebody has none."""
    known = [ask.deadline for ask in asks if ask.deadline is not None]
    return max(known) if len(known) == len(asks) else None


def _own(error: UpstreamError) -> UpstreamError:
    """The same error once more, to be raised by one of several: its way is theirs alone."""
    twin = type(error).__new__(type(error), *error.args)
    twin.__dict__.update(error.__dict__)
    twin.__cause__ = error.__cause__
    return twin
