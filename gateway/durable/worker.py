"""The worker: does the steps of flows that are due, as many at once as it may, until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

import structlog

from domains.durable import FlowState, JournalUnavailable, RetryAfter
from gateway.crashes import told_to
from gateway.durable import claims, pruning
from gateway.durable.attempt import attempt
from gateway.durable.claims import Claimant
from gateway.durable.exceptions import raise_alarms
from gateway.durable.journal import Journal
from gateway.durable.progress import Case, Ended, after
from gateway.durable.rows import Fenced, Kept

_log = structlog.get_logger(__name__)
_tell_of_a_crash = told_to(_log, "a worker's task ended")

_HAND_BACK_S = 5.0
"""What it may take to write that a step was broken off: as long as the database takes to say that it cannot. A flow
that is not handed back waits for the end of its lease."""

_RENEW_AT = 2 / 3
"""Of the lease: early enough for two more tries before it is over."""


@dataclass(slots=True)
class _Holding:
    """A flow in hand. `attempt` is None while something is being written."""

    kept: Kept
    until: float
    attempt: asyncio.Task[Ended] | None = None
    lost: bool = False

    def drop(self) -> None:
        """It is somebody else's by now: the step is broken off, and nothing is written of it."""
        self.lost = True
        if self.attempt is not None:
            self.attempt.cancel()


class Worker:
    """Does what is due in `journal`. Several may run on one database, in one process or many.

    `chance` gives numbers in [0, 1), `sleep` waits between tries to write what was done when the database is away.
    """

    def __init__(
        self,
        journal: Journal,
        *,
        holder: str | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._journal = journal
        self._policy = journal.policy
        self._clock = journal.clock
        self._sleep = sleep
        self._chance = chance
        name = holder or f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        self._claimant = Claimant(
            journal.database, journal.workflows, journal.policy.quotas, name, journal.policy.lease_s
        )
        self._held: dict[str, _Holding] = {}
        self._carrying: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._stopping = False
        self._chores_at = 0.0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work in the background until the context ends, and then finish or hand back what is held."""
        # A context of its own, or it would inherit the deadline of whoever starts it.
        task = asyncio.create_task(self.run(), name="journal-worker", context=contextvars.Context())
        task.add_done_callback(_tell_of_a_crash)
        try:
            yield
        finally:
            self.stop()
            await asyncio.wait({task})

    def stop(self) -> None:
        """Begin nothing more; `run` ends once what is held is finished or handed back."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Look, begin what is due, rest; until stopped."""
        unwatch = self._journal.watch(self._wake.set)
        try:
            while not self._stopping:
                self._wake.clear()
                rest_s = self._policy.poll_s
                try:
                    await self.look()
                except JournalUnavailable:
                    pass  # the journal tells the log
                except Exception:  # noqa: BLE001 - the wall: who serves goes on, and would do no step of any flow any more
                    _log.critical("a look for steps to do failed", exc_info=True)
                    rest_s = self._policy.chores_every_s
                await self._rest(rest_s)
        finally:
            unwatch()
            await self._wind_down()

    async def look(self) -> int:
        """Keep what is held, begin what is due and do the chores; answers how many flows were begun.

        Raises JournalUnavailable.
        """
        await self._keep()
        begun = await self._begin()
        await self._do_chores()
        return begun

    async def settled(self) -> None:
        """Wait until nothing is in hand."""
        while self._carrying:
            await asyncio.wait(self._carrying)

    async def _rest(self, most_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(most_s):
                await self._wake.wait()

    async def _begin(self) -> int:
        journal, free = self._journal, self._policy.steps_at_once - len(self._carrying)
        if free <= 0 or not journal.workflows or self._stopping:
            return 0
        begun = 0
        now = self._clock()
        for system in await journal.read(lambda connection: claims.due_systems(connection, journal.workflows, now)):
            most = free - begun
            if most:
                begun += await self._claim(system, most)
        return begun

    async def _claim(self, system: str, most: int) -> int:
        now = self._clock()
        claimed = await self._journal.write(
            lambda connection: claims.claim(connection, self._claimant, system, most, now)
        )
        for kept in claimed:
            if (older := self._held.get(kept.id)) is not None:
                older.drop()  # it was ours, its time ran out, and we were the first to find it
            holding = self._held[kept.id] = _Holding(kept, now + self._policy.lease_s)
            task = asyncio.create_task(self._carry(holding), name=kept.id, context=contextvars.Context())
            self._carrying.add(task)
            task.add_done_callback(self._put_down)
        return len(claimed)

    def _put_down(self, task: asyncio.Task[None]) -> None:
        self._carrying.discard(task)
        _tell_of_a_crash(task)
        self._wake.set()

    async def _carry(self, holding: _Holding) -> None:
        """Attempt after attempt, until the flow is over, waits, or is somebody else's."""
        try:
            while holding.kept.standing.state is FlowState.RUNNING and not holding.lost:
                await self._step(holding)
        except Fenced as fenced:
            _log.info("a flow was taken over", reason=str(fenced))
        except JournalUnavailable:
            _log.warning("what a step did could not be written; it is looked for again", flow=holding.kept.id)
        finally:
            if self._held.get(holding.kept.id) is holding:
                del self._held[holding.kept.id]

    async def _step(self, holding: _Holding) -> None:
        kept = holding.kept
        case = kept.case(self._journal.workflows[kept.kind])
        holding.attempt = asyncio.create_task(
            attempt(
                case,
                kept.standing,
                correlation=kept.correlation_id,
                now=self._clock(),
                timeout_s=self._policy.step_timeout_s,
            )
        )
        try:
            ended = await holding.attempt
        except asyncio.CancelledError:
            if holding.lost:
                return
            if not self._stopping:
                raise
            stopped = RetryAfter("the worker was stopped in the middle of it", after_s=0.0, unheard=True)
            ended = Ended(stopped, kept.standing.mark(kept.standing.at).unheard or not kept.standing.back)
        finally:
            holding.attempt = None
        await self._write_down(holding, case, ended)

    async def _write_down(self, holding: _Holding, case: Case, ended: Ended) -> None:
        """Keep how an attempt ended, if need be when the database is back, as long as the flow is ours."""
        pause_s = 0.0
        if isinstance(how := ended.how, RetryAfter):
            pause_s = self._policy.pause_s(holding.kept.standing.tries, how.after_s, self._chance())
        while True:
            try:
                await self._record(holding, case, ended, pause_s)
            except JournalUnavailable:
                if self._clock() >= holding.until or self._stopping:
                    raise
                await self._sleep(self._policy.poll_s)
            else:
                return

    async def _record(self, holding: _Holding, case: Case, ended: Ended, pause_s: float) -> None:
        now, kept = self._clock(), holding.kept
        standing = after(case, kept.standing, ended, now, pause_s)
        holding.kept = await self._journal.write(
            lambda c: claims.go_on(c, self._claimant, kept, standing, now, stay=not self._stopping)
        )
        holding.until = now + self._policy.lease_s

    async def _keep(self) -> None:
        """Renew what is held, in good time, and drop what was taken over."""
        now = self._clock()
        held = dict(self._held)
        if all(holding.until - now > self._policy.lease_s * _RENEW_AT for holding in held.values()):
            return
        epochs = {id_: holding.kept.epoch for id_, holding in held.items()}
        try:
            ours = await self._journal.write(lambda connection: claims.renew(connection, self._claimant, epochs, now))
        except JournalUnavailable:
            for holding in held.values():
                if holding.until <= now:
                    holding.drop()
            raise
        for id_, holding in held.items():
            if id_ in ours:
                holding.until = now + self._policy.lease_s
            elif self._held.get(id_) is holding:
                holding.drop()

    async def _do_chores(self) -> None:
        now, journal, policy = self._clock(), self._journal, self._policy
        if now < self._chores_at:
            return
        self._chores_at = now + policy.chores_every_s
        if not await journal.write(lambda c: pruning.take_turn(c, now, policy.chores_every_s)):
            return
        await journal.write(lambda c: raise_alarms(c, journal.workflows, now, policy.alarm_after_s))
        for _ in range(pruning.BATCHES):
            if not await journal.write(lambda c: pruning.prune(c, policy, now)):
                return

    async def _wind_down(self) -> None:
        if not self._carrying:
            return
        await asyncio.wait(self._carrying, timeout=self._policy.stop_within_s)
        for holding in self._held.values():
            if holding.attempt is not None:
                holding.attempt.cancel()
        if self._carrying:
            await asyncio.wait(self._carrying, timeout=_HAND_BACK_S)
