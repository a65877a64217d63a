"""The scribe: writes records down, those of concurrent requests in one transaction."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import structlog
from msgspec.structs import asdict

from domains.upstream import current_deadline
from gateway.audit.entering import Book
from gateway.audit.pen import Pen
from gateway.audit.pruning import prune_a_batch
from gateway.audit.record import AuditRecord
from gateway.audit.settings import AuditSettings
from gateway.database import TROUBLE

BATCH = 200
"""Records of one transaction: it takes some milliseconds, and the next begins right after it."""

GATHER_S = 0.003
"""How long a record waits for those of other changes that are under way, if there are any. A transaction and the way
to its thread take some 60 us of the processor however many records are in it, and a record 9; in this time sixteen
callers send five."""
GATHERED = 16  # are enough: what one more would spare is small
PAUSE_S = 5.0
"""After a failure nobody waits for the database so long: records go to the log at once."""

PRUNE_FIRST_S, PRUNE_EVERY_S = 60.0, 3600.0
CLOSE_TIMEOUT_S = 5.0

_log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class _Entry:
    """What one operation has to be written down, and whoever waits for it, until then by the loop's clock."""

    records: Sequence[AuditRecord]
    kept: asyncio.Future[None]
    until: float
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
    """One per process. Opens the database with the first record, and now and then to forget old ones.

    `expected` counts the operations under way that may bring a record; `groups` how often records were written.
    """

    def __init__(
        self,
        url: str,
        settings: AuditSettings,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.expected = 0
        self.groups = 0
        self._url = url
        self._settings = settings
        self._clock = clock
        self._monotonic = monotonic
        self._pen: Pen | None = None
        self._entries: deque[_Entry] = deque()
        self._waiting = 0
        self._writing: list[_Entry] = []
        self._soon = False
        self._patience: asyncio.TimerHandle | None = None
        self._next_late: asyncio.TimerHandle | None = None
        self._next_late_at = math.inf
        self._loop: asyncio.AbstractEventLoop | None = None
        self._nobody = contextvars.Context()  # what is written for many is done on nobody's behalf
        self._pause_until = float("-inf")
        self._all_written: asyncio.Future[None] | None = None
        self._closed = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write until the context ends, and then what still waits."""
        self._loop = asyncio.get_running_loop()
        pruning = asyncio.create_task(self._prune(), name="audit-pruning", context=contextvars.Context())
        try:
            yield
        finally:
            pruning.cancel()
            await asyncio.wait({pruning}, timeout=CLOSE_TIMEOUT_S)
            if self._entries or self._writing:
                self._all_written = self._loop.create_future()
                self._write()
                await asyncio.wait({self._all_written}, timeout=CLOSE_TIMEOUT_S)
            self._closed = True
            if self._next_late is not None:
                self._next_late.cancel()
            self._settle(self._writing, "the process ends", {})
            self._writing = []
            while self._entries:
                self._entries.popleft().to_log("the process ends")
            if self._pen is not None:
                await self._pen.close()

    async def keep(self, records: Sequence[AuditRecord]) -> None:
        """Have `records` written down. When the database does not take them in time, the log has them as well.

        In time for the answer, too: whoever asked is to hear what came of it, and not that their time was up.
        """
        wait_s, deadline = self._settings.write_timeout_s, current_deadline()
        if deadline is not None:
            wait_s = min(wait_s, deadline.remaining_s(self._monotonic()))
        entry = self.keep_later(records, wait_s)
        if entry is not None:
            await entry.kept  # whoever is cancelled here leaves the records in the line

    def keep_later(self, records: Sequence[AuditRecord], wait_s: float = math.inf) -> _Entry | None:
        """The same without waiting; None when the log has them already."""
        loop = self._loop  # kept, because Python 3.11 asks the system for its process whenever it is asked for its loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        entry = _Entry(records, loop.create_future(), loop.time() + wait_s)
        if self._closed:
            entry.to_log("the process ends")
            return None
        if self._monotonic() < self._pause_until:
            entry.to_log("the database does not answer")
            return None
        if self._waiting + len(records) > self._settings.waiting_max:
            entry.to_log("too many wait for the database")
            return None
        self._entries.append(entry)
        self._waiting += len(records)
        if entry.until < self._next_late_at:
            self._be_patient(entry.until, loop)
        if not self._writing:  # or it goes with the next group, once this one is written
            self._gather(loop)
        return entry

    def _be_patient(self, until: float, loop: asyncio.AbstractEventLoop) -> None:
        """Wake at `until`, if not before. One timer for all, because hardly a record is ever late."""
        if self._next_late is not None:
            self._next_late.cancel()
        self._next_late_at = until
        self._next_late = loop.call_at(until, self._look_for_late, loop, context=self._nobody)

    def _look_for_late(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have nobody wait longer than they may, and wake again for the next."""
        now = max(loop.time(), self._next_late_at)  # uvloop counts in milliseconds, and may be early
        self._next_late, self._next_late_at = None, math.inf
        later = math.inf
        for entry in (*self._writing, *self._entries):
            if entry.until <= now:
                entry.late()
            else:
                later = min(later, entry.until)
        if later < math.inf:
            self._be_patient(later, loop)

    def _gather(self, loop: asyncio.AbstractEventLoop) -> None:
        """Write when everybody of this turn has come, or, if others are on their way, in a moment."""
        if self._soon:
            return
        if not self.expected or self._waiting >= GATHERED:
            self._soon = True
            loop.call_soon(self._write, context=self._nobody)
        elif self._patience is None:
            self._patience = loop.call_later(GATHER_S, self._write, context=self._nobody)

    def _write(self) -> None:
        self._soon = False
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        if self._writing or not self._entries:
            return
        self._writing = self._taken()
        self.groups += 1
        records = [record for entry in self._writing for record in entry.records]
        self._opened().do(partial(Book.enter, records=records), self._written)

    def _taken(self) -> list[_Entry]:
        taken, count = [self._entries.popleft()], 0
        count = len(taken[0].records)
        while self._entries and count + len(self._entries[0].records) <= BATCH:
            taken.append(self._entries.popleft())
            count += len(taken[-1].records)
        self._waiting -= count
        return taken

    def _written(self, refused: dict[str, str] | None, error: Exception | None) -> None:
        """What came of the group. `refused`: its records that the table cannot hold, with why."""
        why = ""
        if isinstance(error, TROUBLE):
            why = str(error.__cause__ or error)
            self._pause_until = self._monotonic() + PAUSE_S
        elif error is not None:
            why = repr(error)
            _log.error("the audit log cannot be written", exc_info=error)
        entries, self._writing = self._writing, []
        self._settle(entries, why, refused or {})
        if self._all_written is not None:
            self._write()
            if not self._writing and not self._all_written.done():
                self._all_written.set_result(None)
        elif self._entries:
            self._gather(asyncio.get_running_loop())

    def _settle(self, entries: list[_Entry], why: str, refused: Mapping[str, str]) -> None:
        for entry in entries:
            if why:
                entry.to_log(why)
            elif refused:
                entry.refused(refused)
            if not entry.kept.done():
                entry.kept.set_result(None)

    def _opened(self) -> Pen:
        if self._pen is None:
            self._pen = Pen(self._url)
        return self._pen

    async def _prune(self) -> None:
        """Forget what is old enough, now and then. Every process does: the second finds nothing left to do."""
        pause_s = PRUNE_FIRST_S
        while True:
            await asyncio.sleep(pause_s)
            pause_s = PRUNE_EVERY_S
            with contextlib.suppress(*TROUBLE):  # the next hour tries again
                before = self._clock() - self._settings.keep_days * 86_400
                while await self._opened().done(partial(prune_a_batch, before=before)):
                    pass
