"""Going through a subject: page after page, each looked at twice where it does not agree, and written down."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import uuid4

import structlog

from domains.durable import JournalUnavailable, Reconciliation
from domains.vocabulary import UpstreamError
from gateway.database import TROUBLE
from gateway.durable import Journal
from gateway.reconcile import runs
from gateway.reconcile.checking import Checked, Subject
from gateway.reconcile.runs import Run, RunLost
from gateway.reconcile.turns import NoRoom
from gateway.trouble import CannotStart

LOOK_EVERY_S = 15.0  # how late a turn is taken, of an hour
AGAIN_S = 300.0  # after a system failed: a restart is over by then

_log = structlog.get_logger(__name__)


class ReconcileStopped(CannotStart):
    """The run did not come to its end. What was compared is kept, and the next run goes on from there."""


class Progress(NamedTuple):
    """How far a run has come; `total` None when nobody knows how far there is to go."""

    subject: str
    checked: int
    matched: int
    total: int | None
    is_over: bool


def unwatched(_: Progress) -> None:
    """Nobody looks."""


class Reconciler:
    """Compares the `subjects` of one journal's house. Several may run, in one process or many: each run is one's."""

    def __init__(
        self,
        journal: Journal,
        subjects: Sequence[Subject],
        *,
        every_s: float,
        window_s: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.subjects: Mapping[str, Subject] = {subject.name: subject for subject in subjects}
        self._journal = journal
        self._every_s = every_s
        self._window_s = window_s
        self._sleep = sleep
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"

    async def run(
        self, name: str, *, since: float | None = None, on_progress: Callable[[Progress], None] = unwatched
    ) -> Reconciliation:
        """Compare a subject: what was finished `since` then, or within the usual time, and what did not agree before.

        Raises ReconcileStopped.
        """
        subject = self.subjects[name]
        journal, now = self._journal, self._journal.clock()
        reach = now - self._window_s if since is None else since
        try:
            begun = await journal.write(lambda c: runs.begin(c, name, reach, holder=self._holder, now=now))
            if begun is None:
                raise ReconcileStopped(f"Another process is comparing {name} already.")
            return await self._through(subject, begun, on_progress)
        except UpstreamError as error:
            raise ReconcileStopped(f"{error.public_message} Run it again to go on from there.") from error
        except NoRoom as none:
            raise ReconcileStopped(f"{none} Run it again to go on from there.") from none
        except RunLost as lost:
            raise ReconcileStopped(f"Another process has taken over the comparison of {name}.") from lost
        except JournalUnavailable as error:
            raise ReconcileStopped(f"The journal's database failed: {error.__cause__ or error}") from error
        except TROUBLE as exc:
            raise ReconcileStopped(f"The projection's database failed: {exc.__cause__ or exc}") from exc

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Take one's turn in the background until the context ends."""
        task = asyncio.create_task(self._take_turns(), name="reconciler", context=contextvars.Context())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def _take_turns(self) -> None:
        journal, first_at = self._journal, self._journal.clock() + self._every_s
        prepared = False
        while True:
            with contextlib.suppress(JournalUnavailable):  # the journal tells the log
                if not prepared:
                    await journal.write(lambda c: runs.prepare_turn(c, journal.database, first_at))
                    prepared = True
                if await journal.write(lambda c: runs.take_turn(c, journal.clock(), self._every_s)):
                    await self._all()
            await self._sleep(min(LOOK_EVERY_S, self._every_s))

    async def _all(self) -> None:
        for name in self.subjects:
            try:
                run = await self.run(name)
            except ReconcileStopped as stopped:
                _log.warning("a comparison of books stopped", subject=name, reason=str(stopped))
                again_at = self._journal.clock() + min(AGAIN_S, self._every_s)
                await self._journal.write(lambda c: runs.come_back(c, again_at))  # noqa: B023 - awaited here
            except JournalUnavailable:
                raise
            except Exception:  # noqa: BLE001 - a bug in one comparison stops neither the others nor the next turn
                _log.exception("a comparison of books failed", subject=name)
            else:
                _log.info("books compared", subject=name, checked=run.checked, matched=run.matched)

    async def _through(self, subject: Subject, run: Run, on_progress: Callable[[Progress], None]) -> Reconciliation:
        try:
            total = await subject.total(run.since)
            looked_at = frozenset[str]()
            if run.cursor is None:
                keys = await self._journal.read(lambda c: runs.open_keys(c, subject.name))
                rechecked = await self._sure(subject, run, await subject.again(keys)) if keys else ()
                looked_at = frozenset(one.key for one in rechecked)
                run = await self._written(run, rechecked, "", over=False)
            while True:
                leaf = await subject.page(run.since, run.cursor or None)
                unseen = [one for one in leaf.checked if one.key not in looked_at]
                checked = await self._sure(subject, run, unseen)
                run = await self._written(run, checked, leaf.next, over=leaf.next is None)
                on_progress(Progress(subject.name, run.checked, run.matched, total, leaf.next is None))
                if leaf.next is None:
                    return self._shown(run)
        except BaseException:
            # Also when it is cancelled, as at the end of the process: whoever comes next need not wait for the lease.
            with contextlib.suppress(JournalUnavailable):
                await self._journal.write(lambda c: runs.let_go(c, run, self._holder))
            raise

    async def _sure(self, subject: Subject, run: Run, checked: Sequence[Checked]) -> tuple[Checked, ...]:
        """The same, where what does not agree was looked at twice; what is under way by then is left out."""
        doubted = {one.key for one in checked if one.mismatches}
        if not doubted:
            return tuple(checked)
        await self._rest(run, subject.second_look_s)
        later = {one.key: one for one in await subject.again(doubted)}
        sure = (later.get(one.key) if one.key in doubted else one for one in checked)
        return tuple(one for one in sure if one is not None)

    async def _rest(self, run: Run, seconds: float) -> None:
        """Wait, and keep the run meanwhile. Raises RunLost."""
        share_s = runs.LEASE_S / 3
        while seconds > share_s:
            await self._sleep(share_s)
            seconds -= share_s
            now = self._journal.clock()
            await self._journal.write(lambda c: runs.stay(c, run, holder=self._holder, now=now))  # noqa: B023 - awaited here
        await self._sleep(seconds)

    async def _written(self, run: Run, checked: Sequence[Checked], cursor: str | None, *, over: bool) -> Run:
        now = self._journal.clock()
        return await self._journal.write(
            lambda c: runs.go_on(c, run, checked, cursor, holder=self._holder, now=now, over=over)
        )

    def _shown(self, run: Run) -> Reconciliation:
        return Reconciliation(
            id=run.id,
            subject=run.subject,
            checked=run.checked,
            matched=run.matched,
            mismatches=run.mismatches,
            ran_at=datetime.fromtimestamp(run.ran_at, UTC),
            finished_at=datetime.fromtimestamp(self._journal.clock(), UTC),
        )
