"""Keeps the projection fresh while a process serves: deltas on a schedule, a full reading when there was none."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog

from domains.vocabulary import UpstreamError
from gateway.crashes import told_to
from gateway.database import TROUBLE
from gateway.projection.kinds import KINDS, Kind
from gateway.projection.lease import Lease, LeaseLost
from gateway.projection.refresh import Refresh, Refreshed
from gateway.projection.store import Store
from gateway.projection.walks import State

_log = structlog.get_logger(__name__)
_tell_of_a_crash = told_to(_log, "projection refresher ended")


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a kind is read again. The marks are in the database, so the processes of one deployment share them."""

    # Three calls to the ERP each time; what checkout sells in half a minute the OMS knows.
    delta_every_s: float = 30.0
    # Heals what a feed of changes left out. A day, because it costs every page of every kind.
    full_every_s: float = 86_400.0
    # After a failure, doubling: an ERP that is down for the night is asked 12 times an hour.
    backoff_first_s: float = 5.0
    backoff_max_s: float = 300.0
    # How often a process looks whether something is due, or whether the one that reads is gone.
    look_every_s: float = 5.0

    def backoff_s(self, failures: int) -> float:
        """Seconds to leave the ERP alone after so many failures in a row."""
        # The exponent is bounded, because 2.0 ** 1100 is an OverflowError and failures are not.
        return min(self.backoff_max_s, self.backoff_first_s * 2.0 ** min(failures - 1, 32))

    def due_at(self, state: State) -> float:
        """When the kind in `state` is to be read, in seconds since the epoch; 0 is at once."""
        if state.failures and state.failed_at is not None:
            return state.failed_at + self.backoff_s(state.failures)
        if state.walk is not None or state.finished_at is None:
            return 0.0
        return state.finished_at + self.delta_every_s

    def wants_full(self, state: State, now: float) -> bool:
        return state.full_at is None or now - state.full_at >= self.full_every_s


@dataclass(frozen=True)
class RefreshFailed:
    """A walk stopped; it is taken up where it is after `retry_in_s`."""

    kind: str
    error: Exception
    failures: int
    retry_in_s: float


OnEvent = Callable[[Refreshed | RefreshFailed], None]


def log_event(event: Refreshed | RefreshFailed) -> None:
    """What a log says of a refresh: failures loudly, deltas that brought nothing not at all."""
    if isinstance(event, RefreshFailed):
        _log.warning(
            "projection refresh failed",
            kind=event.kind,
            error=str(event.error),
            failures=event.failures,
            retry_in_s=event.retry_in_s,
        )
    elif event.news or event.is_full:
        _log.info(
            "projection refreshed",
            kind=event.kind,
            full=event.is_full,
            items=event.items,
            news=event.news,
            seconds=round(event.elapsed_s, 3),
        )


class Refresher:
    """Runs a Refresh for as long as its process serves. Of all processes on one database, one reads at a time."""

    def __init__(
        self,
        store: Store,
        refresh: Refresh,
        schedule: Schedule | None = None,
        *,
        lease: Lease | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        on_event: OnEvent = log_event,
    ) -> None:
        self._store = store
        self._refresh = refresh
        self._schedule = schedule or Schedule()
        self._lease = lease or Lease.new()
        self._clock = clock
        self._sleep = sleep
        self._on_event = on_event

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Refresh in the background until the context ends."""
        # A context of its own, or it would inherit the deadline of whoever starts it.
        task = asyncio.create_task(self.run(), name="projection-refresher", context=contextvars.Context())
        task.add_done_callback(_tell_of_a_crash)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def run(self) -> None:
        """Look, read what is due, rest; without end."""
        while True:
            rest_s = self._schedule.look_every_s
            try:
                rest_s = await self.look()
            except LeaseLost as lost:
                _log.info("projection refresh left to another process", reason=str(lost))
            except TROUBLE as exc:
                _log.warning("projection database not available", error=str(exc.__cause__ or exc))
            await self._sleep(rest_s)

    async def look(self) -> float:
        """Read every kind that is due, if no other process does. Answers after how many seconds to look again.

        Raises LeaseLost, and what the database raises when it cannot be asked.
        """
        if not await self._due():
            return await self._rest_s()
        if await self._store.take(self._lease, self._clock()) is not None:
            return self._schedule.look_every_s
        try:
            # Once more, now that nobody else can have a hand in it: the last reader may just have finished.
            for kind in await self._due():
                await self._read(kind)
        finally:
            await self._store.release(self._lease)
        return await self._rest_s()

    async def _due(self) -> list[Kind[Any, Any]]:
        now = self._clock()
        return [kind for kind in KINDS if self._schedule.due_at(await self._store.state(kind)) <= now]

    async def _rest_s(self) -> float:
        now = self._clock()
        next_at = min([self._schedule.due_at(await self._store.state(kind)) for kind in KINDS])
        return min(self._schedule.look_every_s, max(0.0, next_at - now))

    async def _read(self, kind: Kind[Any, Any]) -> None:
        full = self._schedule.wants_full(await self._store.state(kind), self._clock())
        try:
            self._on_event(await self._refresh.run(kind, self._lease, full=full))
        except UpstreamError as error:
            failures = await self._store.fail(kind, str(error), self._clock())
            self._on_event(RefreshFailed(kind.name, error, failures, self._schedule.backoff_s(failures)))
