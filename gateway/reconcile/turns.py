"""Asking in the background: at its own slow pace, within the quotas that all workers share, and behind no deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterator
from itertools import islice
from typing import TypeVar

from sqlalchemy import Connection

from domains.upstream import deadline_scope, path_scope
from domains.vocabulary import Fetch, ServingPath, SystemRole, freshest_within
from gateway.durable import Journal, quotas
from gateway.projection import Pace

K = TypeVar("K")
T = TypeVar("T")

KEYS_AT_ONCE = 200
"""In one question: what any vendor takes, and answers in a second."""

ASK_S = 15.0  # one question: a background job can wait for a busy ERP
LOOK_EVERY_S = 0.25
ROOM_S = 120.0  # a quota of nothing is somebody's decision: the run is taken up again when it is lifted


class NoRoom(Exception):
    """A system's quota let nothing through for two minutes."""

    def __init__(self, system: SystemRole) -> None:
        super().__init__(f"The quota of {system.value} lets nothing through.")
        self.system = system


class Turns:
    """Asks systems as a step of a slow write would: each question takes one from the quota of its system.

    Besides it asks no system more than `calls_per_s`. `ticks` are monotonic seconds.
    """

    def __init__(
        self,
        journal: Journal,
        calls_per_s: float,
        *,
        ticks: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._journal = journal
        self._ticks = ticks
        self._sleep = sleep
        self._paces = {system: Pace(calls_per_s, ticks, sleep) for system in SystemRole}

    async def ask(self, system: SystemRole, fetch: Fetch[K, T], keys: Collection[K]) -> dict[K, T]:
        """What `fetch` knows of the keys now. Raises UpstreamError and NoRoom."""
        found: dict[K, T] = {}
        for part in _parts(keys):
            await self._turn(system)
            with path_scope(ServingPath.BACKOFFICE), deadline_scope(ASK_S), freshest_within(0):
                readings = await fetch(part)
            found.update({key: reading.value for key, reading in readings.items()})
        return found

    async def _turn(self, system: SystemRole) -> None:
        await self._paces[system].turn()
        until = self._ticks() + ROOM_S
        while not await self._journal.write(lambda connection: self._token(connection, system)):
            if self._ticks() >= until:
                raise NoRoom(system)
            await self._sleep(LOOK_EVERY_S)

    def _token(self, connection: Connection, system: SystemRole) -> bool:
        now = self._journal.clock()
        room = quotas.room(connection, system.value, self._journal.policy.quotas, now)
        if room.steps < 1:
            return False
        quotas.spend(connection, system.value, room.tokens - 1, now)
        return True


def _parts(keys: Collection[K]) -> Iterator[frozenset[K]]:
    rest = iter(dict.fromkeys(keys))
    while part := frozenset(islice(rest, KEYS_AT_ONCE)):
        yield part
