"""The scribe: writes records down, those of concurrent requests in one transaction."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from functools import partial

import structlog

from domains.upstream import current_deadline
from gateway.audit.entering import OF_A_RECORD, enter, enter_each
from gateway.audit.pruning import prune
from gateway.audit.record import AuditRecord
from gateway.audit.settings import AuditSettings
from gateway.audit.tables import prepare
from gateway.database import TROUBLE, Desk, open_database

BATCH = 200
"""Records of one transaction: it takes some milliseconds, and the next begins right after it."""

CONNECTIONS = 1  # one transaction at a time is what makes them share it
PAUSE_S = 5.0
"""After a failure nobody waits for the database so long: records go to the log at once."""

PRUNE_FIRST_S, PRUNE_EVERY_S = 60.0, 3600.0
CLOSE_TIMEOUT_S = 5.0

_log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class _Entry:
    """What one operation has to be written down, and whoever waits for it."""

    records: Sequence[AuditRecord]
    kept: asyncio.Future[None]
    told: bool = field(default=False)  # whether the log has it already

    def to_log(self, why: str) -> None:
        """Have the log keep it whole: this is the audit log now."""
        self.refused({record.id: why for record in self.records})

    def refused(self, whys: Mapping[str, str]) -> None:
        """Have the log keep those of its records that `whys` names."""
        if not self.told:
            for record in self.records:
                if (why := whys.get(record.id)) is not None:
                    _log.error("audit record not kept", why=why, record=asdict(record))
        self.told = True

    def late(self) -> None:
        """Whoever waits for it waits no longer."""
        if not self.kept.done():
            self.to_log("the database did not take it in time, and may still")
            self.kept.set_result(None)


class Scribe:
    """One per process. Opens the database with the first record: who only reads costs it nothing."""

    def __init__(
        self,
        url: str,
        settings: AuditSettings,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._settings = settings
        self._clock = clock
        self._monotonic = monotonic
        self._desk: Desk | None = None
        self._entries: deque[_Entry] = deque()
        self._waiting = 0
        self._wake = asyncio.Event()
        self._pause_until = float("-inf")
        self._closing = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write until the context ends, and then what still waits."""
        tasks = [
            asyncio.create_task(self._write(), name="audit-scribe", context=contextvars.Context()),
            asyncio.create_task(self._prune(), name="audit-pruning", context=contextvars.Context()),
        ]
        try:
            yield
        finally:
            self._closing = True
            self._wake.set()
            tasks[1].cancel()
            await asyncio.wait(tasks, timeout=CLOSE_TIMEOUT_S)
            tasks[0].cancel()
            await asyncio.wait(tasks, timeout=CLOSE_TIMEOUT_S)
            while self._entries:
                self._entries.popleft().to_log("the process ends")
            if self._desk is not None:
                await self._desk.close()

    async def keep(self, records: Sequence[AuditRecord]) -> None:
        """Have `records` written down. When the database does not take them in time, the log has them as well.

        In time for the answer, too: whoever asked is to hear what came of it, and not that their time was up.
        """
        entry = self.keep_later(records)
        if entry is None:
            return
        wait_s, deadline = self._settings.write_timeout_s, current_deadline()
        if deadline is not None:
            wait_s = min(wait_s, deadline.remaining_s(self._monotonic()))
        timer = asyncio.get_running_loop().call_later(wait_s, entry.late)
        try:
            await entry.kept  # whoever is cancelled here leaves the records in the line
        finally:
            timer.cancel()

    def keep_later(self, records: Sequence[AuditRecord]) -> _Entry | None:
        """The same without waiting; None when the log has them already."""
        entry = _Entry(records, asyncio.get_running_loop().create_future())
        if self._monotonic() < self._pause_until:
            entry.to_log("the database does not answer")
            return None
        if self._waiting + len(records) > self._settings.waiting_max:
            entry.to_log("too many wait for the database")
            return None
        self._entries.append(entry)
        self._waiting += len(records)
        self._wake.set()
        return entry

    async def _write(self) -> None:
        while not (self._closing and not self._entries):
            await self._wake.wait()
            self._wake.clear()
            while self._entries:
                await self._write_down(self._next())

    def _next(self) -> list[_Entry]:
        taken, count = [self._entries.popleft()], 0
        count = len(taken[0].records)
        while self._entries and count + len(self._entries[0].records) <= BATCH:
            taken.append(self._entries.popleft())
            count += len(taken[-1].records)
        self._waiting -= count
        return taken

    async def _write_down(self, entries: list[_Entry]) -> None:
        why, refused = "the process ends", dict[str, str]()  # how it looks when this is cancelled
        try:
            refused = await self._entered([record for entry in entries for record in entry.records])
            why = ""
        except TROUBLE as exc:
            why = str(exc.__cause__ or exc)
            self._pause_until = self._monotonic() + PAUSE_S
        except Exception as bug:  # noqa: BLE001 - the wall: a scribe that stopped would lose all records from then on
            why = repr(bug)
            _log.error("the audit log cannot be written", exc_info=bug)
        finally:
            for entry in entries:
                if why:
                    entry.to_log(why)
                elif refused:
                    entry.refused(refused)
                if not entry.kept.done():
                    entry.kept.set_result(None)

    async def _entered(self, records: Sequence[AuditRecord]) -> dict[str, str]:
        """Write `records` down. The ids of those that the table cannot hold, with why: they cost the others nothing.

        A caller waits for this, and has waited for the disk that has what was changed.
        """
        desk = await self._open()
        try:
            await desk.write(partial(enter, records=records), flushed=False)
        except OF_A_RECORD:
            return await desk.write(partial(enter_each, records=records), flushed=False)
        return {}

    async def _open(self) -> Desk:
        if self._desk is None:
            desk = Desk(open_database(self._url, CONNECTIONS))
            await desk.write(lambda connection: prepare(desk.database, connection))
            self._desk = desk
        return self._desk

    async def _prune(self) -> None:
        """Forget what is old enough, now and then. Every process does: the second finds nothing left to do."""
        pause_s = PRUNE_FIRST_S
        while True:
            await asyncio.sleep(pause_s)
            pause_s = PRUNE_EVERY_S
            with contextlib.suppress(*TROUBLE):  # the next hour tries again
                desk = await self._open()
                before = self._clock() - self._settings.keep_days * 86_400
                while await desk.write(partial(prune, before=before)):
                    pass
