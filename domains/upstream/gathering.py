"""Asks that come while their source is busy go out together."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from domains.upstream.deadline import current_deadline, deadline_of
from domains.upstream.frames import without_frames
from domains.upstream.group import Ask, Group, Kin, Told, Word, own
from domains.upstream.path import current_path
from domains.vocabulary import (
    DeadlineExceeded,
    Fetch,
    Reading,
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

OTHERS = 2
"""Calls of a read under way with fewer of which nobody looks whether the process is busy. Four callers gain nothing."""

TRIED_EVERY = 8
"""Of the other asks one in so many looks whether somebody comes. To wait for nobody costs 15 us of the processor's
time, and a call that is spared was worth 36."""

CROWD = 4
"""So many who met in turns say that the process has more to do than it can. Two or three gain nothing."""

CROWDS = 4
"""After a crowd so many groups wait in turns before it is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatheringPolicy:
    """When asks gather. Raises ValueError when the numbers make no sense."""

    # With fewer calls of a read under way each ask goes out at once: what is not busy has nothing to gain. From 2 on,
    # a page cost 40 us more before systems that answer at once, where too few meet; from 8 on it costs the same there.
    calls_free: int = 8
    # What an ask may lose by waiting, when no call ends sooner: a tenth of a quick answer's time. With 64 and 128
    # requests under way before systems that take 30 ms, two to six asks of a read met in it.
    window_s: float = 0.003
    # While the process itself has more to do than it can, those who will ask next are already there. From what arrives
    # to its ask it is so many turns of the event loop: to its task, twice to the data loader, and to that one's task.
    # With 2, 16 callers of systems that answer at once made twice the calls. With 0 nobody waits but for busy systems.
    turns: int = 4

    def __post_init__(self) -> None:
        if self.calls_free < 1 or self.window_s <= 0 or self.turns < 0:
            raise ValueError("calls_free is at least 1, window_s more than 0, and turns not below 0")


class Gathered(Generic[K, T]):
    """A Fetch in front of `fetch`, which asks a system for up to `keys_max` keys in one call. One for an event loop.

    An ask goes out at once, in its caller's own task, unless the system is busy or the process is. With `calls_free`
    calls under way it waits for others: until a call ends, there are `keys_max` keys, or `window_s` have passed. With
    fewer it waits, no longer than that, while others come: until `turns` of the event loop in a row brought nobody,
    which in a process that has nothing to do is soon. Each does after a CROWD has met in this way, else one in
    TRIED_EVERY of those that find OTHERS under way; of those that have an `owner` none, since few share one.

    Then all go out as one call, a key of several once, and each is answered what its own keys alone would have brought.
    No ask joins a call that has begun: what that brings may be older than what its caller knows to be true.

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
        policy: GatheringPolicy,
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
        self._turns = policy.turns if owner is None else 0
        self._keys_max = keys_max
        self._small_max = keys_max // WORTH_ASKS
        self._system = system
        self._capability = capability
        self._owner = owner
        self._clock = clock
        self._under_way = 0
        self._crowds = 0  # groups to wait in turns because of the last crowd
        self._untried = 0
        self._alone_until = -math.inf
        self._gathering: dict[Kin, Group[K, T]] = {}
        self._tasks: set[asyncio.Task[None]] = set()  # the loop itself holds tasks only weakly

    @property
    def busy(self) -> bool:
        """Whether anything is under way or waits."""
        return bool(self._under_way or self._gathering or self._tasks)

    async def __call__(self, keys: frozenset[K], /) -> Mapping[K, Reading[T]]:
        """What is known of the keys. Raises UpstreamError as `fetch` does, and DeadlineExceeded."""
        if (self._under_way or self._gathering or self._crowds) and (joined := self._joined(keys)) is not None:
            ask, group = joined
            try:
                told = await ask.answer
            except asyncio.CancelledError:
                group.left()
                raise
            if isinstance(told, UpstreamError):
                raise own(told)
            if told is Word.LATE:
                detail = "a call together with others did not end in time"
                raise DeadlineExceeded(self._system, self._capability, detail)
            if told is not Word.ALONE:
                return {key: told[key] for key in keys if key in told}
        self._under_way += 1
        try:
            return await self._fetch(keys)
        finally:
            self._ended()

    def _joined(self, keys: frozenset[K]) -> tuple[Ask[K, T], Group[K, T]] | None:
        """A place among those who gather; None for whom it is not worth it, or not allowed."""
        if len(keys) > self._small_max or not ((begins := self._begins()) or self._gathering):
            return None
        owner = None if self._owner is None else self._owner()
        if self._owner is not None and not owner:
            return None
        loop, deadline, now = asyncio.get_running_loop(), current_deadline(), self._clock()
        if now < self._alone_until or (deadline is not None and deadline.at - now <= self._window_s + LEAVE_S):
            return None
        kin = (current_path(), owner, has_stand_in())
        group = self._gathering.get(kin)
        if group is not None and len(group.keys) + len(keys) > self._keys_max:
            self._send(group)
            group = None
        if group is None:
            if not begins or len(self._gathering) >= GROUPS_MAX:
                return None
            group = self._gathering[kin] = Group(kin, now + self._window_s)
            self._wait(group, loop)
        ask: Ask[K, T] = Ask(keys, deadline, loop)
        group.asks.append(ask)
        group.keys |= keys
        if len(group.keys) >= self._keys_max or len(group.asks) >= ASKS_MAX:
            self._send(group)
        return ask, group

    def _begins(self) -> bool:
        """Whether an ask waits for others who are not there yet."""
        if self._crowds or self._under_way >= self._calls_free:
            return True
        if not self._turns or self._under_way < OTHERS:
            return False
        self._untried = (self._untried + 1) % TRIED_EVERY
        return not self._untried

    def _wait(self, group: Group[K, T], loop: asyncio.AbstractEventLoop) -> None:
        if self._under_way < self._calls_free:
            loop.call_soon(self._turn, group)  # with something to do the loop looks for what has arrived, and goes on
        else:
            group.timer = loop.call_later(max(0.0, group.ends_at - self._clock()), self._send, group)

    def _turn(self, group: Group[K, T]) -> None:
        """Once in each turn of the loop, until enough of them have brought nobody."""
        if self._gathering.get(group.kin) is not group:
            return
        loop = asyncio.get_running_loop()
        if group.is_quiet(self._turns):
            if self._under_way < self._calls_free:
                self._send(group)
            else:
                self._wait(group, loop)
        elif self._clock() >= group.ends_at:
            self._send(group)
        else:
            loop.call_soon(self._turn, group)

    def _send(self, group: Group[K, T]) -> None:
        """Have a group go out. One who is left of it goes on in their own task."""
        if self._gathering.get(group.kin) is not group:
            return
        del self._gathering[group.kin]
        if group.timer is None:
            self._crowds = CROWDS if len(group.asks) >= CROWD else max(0, self._crowds - 1)
        group.close()
        if len(group.asks) < 2:
            group.tell(Word.ALONE)
            return
        self._under_way += 1
        self._watch(group)
        loop, context = asyncio.get_running_loop(), group.asks[0].context
        call = group.call = loop.create_task(self._made(group), context=context, name="gathered call")
        self._tasks.add(call)
        call.add_done_callback(partial(self._returned, group))

    def _watch(self, group: Group[K, T]) -> None:
        """Let go whose time is up, now and, by one timer for all, later."""
        left_s = group.let_go(self._clock() + LEAVE_S)
        group.timer = None
        if left_s < math.inf:
            group.timer = asyncio.get_running_loop().call_later(left_s, self._watch, group)

    async def _made(self, group: Group[K, T]) -> None:
        told: Told[K, T]
        with deadline_of(group.latest()):
            try:
                told = await self._fetch(frozenset(group.keys))
            except UpstreamError as error:
                without_frames(error)  # they hold the asks, and these would hold the error
                told = error
        if isinstance(told, BLAMED):
            self._alone_until = self._clock() + ALONE_S
            told = Word.ALONE
        group.tell(told)

    def _returned(self, group: Group[K, T], call: asyncio.Task[None]) -> None:
        self._tasks.discard(call)
        if group.timer is not None:
            group.timer.cancel()
        if call.cancelled() or call.exception() is not None:
            group.tell(Word.ALONE)  # a bug: whoever it is of meets it alone
        self._ended()

    def _ended(self) -> None:
        self._under_way -= 1
        if self._gathering and self._under_way < self._calls_free:
            # Who has waited longest, of those who wait for this. The others go out by themselves.
            group = next((group for group in self._gathering.values() if group.timer is not None), None)
            if group is not None:
                self._send(group)
