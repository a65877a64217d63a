"""The journal, as the house and its worker ask it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, select

from domains.durable import (
    Begun,
    BusinessException,
    Durable,
    Event,
    ExceptionQuery,
    Flow,
    FlowQuery,
    InFlight,
    JournalUnavailable,
    OtherInput,
    Receipt,
    Reconciliation,
    ReconciliationQuery,
    Replayed,
    Submission,
    Workflow,
    Write,
)
from domains.vocabulary import FreshnessTier, Page, Reading, Refusal, SystemRole
from gateway.database import TROUBLE, Database, Desk, open_database
from gateway.durable import inbox, ledger, lookup, quotas
from gateway.durable.accepting import accept, make_sure_of_room
from gateway.durable.interventions import Interventions
from gateway.durable.line import Line
from gateway.durable.news import SOURCE, news_after, news_end
from gateway.durable.policy import JournalPolicy, Quota
from gateway.durable.pruning import prepare_chores
from gateway.durable.rows import Kept, Workflows
from gateway.durable.tables import flows, prepare

R = TypeVar("R")
K = TypeVar("K")

POSTGRES_CONNECTIONS = 20
"""Fifty writes a second of two short transactions are one connection's work; the rest is for bursts and the worker."""

SQLITE_CONNECTIONS = 4
"""One writes, whatever we open."""

_log = structlog.get_logger(__name__)


class Journal:
    """Keyed writes, flows and news in one database. `durable` is the house's way in.

    All raise JournalUnavailable when the database cannot be asked.
    """

    def __init__(
        self, database: Database, workflows: Workflows, policy: JournalPolicy, clock: Callable[[], float]
    ) -> None:
        self.database = database
        self.workflows = workflows
        self.policy = policy
        self.clock = clock
        self.durable = Durable(
            begin=self.begin,
            settle=self.settle,
            abandon=self.abandon,
            answers=self._answers,
            flows=self._flows,
            flows_about=self._flows_about,
            exceptions=self._exceptions,
            retry=self.retry,
            cancel=self.cancel,
            resolve=self.resolve,
            retry_exception=self.retry_exception,
            reconciliations=self._reconciliations,
            hear=self.hear,
            mishear=self.mishear,
            news=self._news,
            news_end=self._news_end,
        )
        self._desk = Desk(database)
        self._interventions = Interventions(database, workflows)
        self._watchers: list[Callable[[], None]] = []
        # SQLite lets one write at a time, and whoever finds it busy sleeps and looks again, up to 100 ms too long:
        # those of one process wait in line instead.
        self._line = Line(database.connections if database.is_postgres else 1)

    async def close(self) -> None:
        await self._desk.close()

    async def write(self, work: Callable[[Connection], R], *, hurry: bool = False, flushed: bool = True) -> R:
        """What `work` answers, in one transaction; nothing of it is written when it raises. A caller waits in a
        `hurry`, and goes first."""
        async with self._line.turn(hurry=hurry):
            try:
                return await self._desk.write(work, flushed=flushed)
            except TROUBLE as exc:
                raise _unavailable(exc) from exc

    async def read(self, work: Callable[[Connection], R]) -> R:
        """What `work` finds."""
        try:
            return await self._desk.read(work)
        except TROUBLE as exc:
            raise _unavailable(exc) from exc

    def watch(self, nudge: Callable[[], None]) -> Callable[[], None]:
        """Call `nudge` whenever this process gave a worker something to do; the answer ends that."""
        self._watchers.append(nudge)
        return lambda: self._watchers.remove(nudge)

    def nudge(self) -> None:
        """There is something to do: called after a transaction that used `take`."""
        for watcher in tuple(self._watchers):
            watcher()

    async def begin(self, write: Write) -> Begun | Replayed | InFlight | OtherInput:
        return await self.write(
            lambda connection: ledger.begin(connection, self.database, write, self.clock(), self.policy.write_lease_s),
            hurry=True,
            flushed=False,  # a claim lost with the database is one whose lease ended: the key outside stays
        )

    async def settle(self, write: Write, answer: bytes, submission: Submission | None) -> Receipt | None:
        def work(connection: Connection) -> Receipt | None:
            keep_s = self.policy.ledger_keep_s
            flow_id = None if submission is None else submission.flow_id
            ours = ledger.settle(connection, self.database, write, answer, flow_id, now=self.clock(), keep_s=keep_s)
            if submission is None:
                return None
            if ours:
                self.take(connection, submission, caller=write.caller, answer=answer)
            elif connection.execute(select(flows.c.seq).where(flows.c.id == flow_id)).scalar() is None:
                # Whoever took the write over was refused: that answer stands, and is what a repeat gets.
                raise JournalUnavailable("Another answer was given to this write. Repeat it with the same key.")
            return Receipt(flow_id=submission.flow_id)

        receipt = await self.write(work, hurry=True)
        if receipt is not None:
            self.nudge()
        return receipt

    async def abandon(self, write: Write) -> None:
        await self.write(lambda connection: ledger.abandon(connection, write), hurry=True)

    def take(self, connection: Connection, submission: Submission, *, caller: str, answer: bytes | None = None) -> bool:
        """Accept a flow in a transaction of the caller's; False when it was accepted before. Raises JournalFull."""
        make_sure_of_room(connection, self.policy.flows_max, self.policy.full_retry_after_s)
        workflow = self.workflows[submission.kind]
        return accept(connection, self.database, workflow, submission, caller=caller, answer=answer, now=self.clock())

    async def retry(self, flow_id: str, step: str | None) -> Flow | Refusal:
        return self._shown(
            await self.write(lambda connection: self._interventions.retry(connection, flow_id, step, self.clock()))
        )

    async def cancel(self, flow_id: str) -> Flow | Refusal:
        return self._shown(
            await self.write(lambda connection: self._interventions.cancel(connection, flow_id, self.clock()))
        )

    async def resolve(self, exception_id: str, note: str) -> BusinessException | Refusal:
        done = await self.write(
            lambda connection: self._interventions.resolve(connection, exception_id, note, self.clock())
        )
        self.nudge()
        return done

    async def retry_exception(self, exception_id: str, step: str | None) -> BusinessException | Refusal:
        done = await self.write(
            lambda connection: self._interventions.retry_exception(connection, exception_id, step, self.clock())
        )
        self.nudge()
        return done

    async def set_quota(self, system: SystemRole, at_once: int | None, per_s: float | None) -> Quota:
        """From now on all workers keep to these; None is what the settings say. Answers what is in force."""

        def work(connection: Connection) -> Quota:
            quotas.set_quota(connection, system, at_once, per_s)
            return quotas.quota_of(connection, system, self.policy.quotas)

        in_force = await self.write(work)
        self.nudge()
        return in_force

    async def hear(self, source: str, events: Sequence[Event]) -> int:
        now = self.clock()
        kept = await self.write(lambda connection: inbox.keep(connection, self.database, source, events, now))
        self.nudge()
        return kept

    async def mishear(self, source: str, event_id: str, why: str) -> None:
        await self.write(lambda connection: inbox.mishear(connection, source, event_id, why, self.clock()))

    async def _news(self, seq: int, most: int) -> Sequence[Event]:
        return [told.event for told in await self.read(lambda connection: news_after(connection, seq, most))]

    async def _news_end(self) -> int:
        return await self.read(news_end)

    def _shown(self, done: Kept | Refusal) -> Flow | Refusal:
        self.nudge()
        return done if isinstance(done, Refusal) else lookup.flow_of(done, self.workflows)

    async def _answers(self, subjects: frozenset[str]) -> Mapping[str, Reading[bytes]]:
        return self._readings(await self.read(lambda connection: lookup.answers(connection, subjects)))

    async def _flows(self, ids: frozenset[str]) -> Mapping[str, Reading[Flow]]:
        return self._readings(await self.read(lambda c: lookup.flows_by_id(c, ids, self.workflows)))

    async def _flows_about(self, queries: frozenset[FlowQuery]) -> Mapping[FlowQuery, Reading[Page[Flow]]]:
        def work(connection: Connection) -> dict[FlowQuery, Page[Flow]]:
            return lookup.pages_of_flows(connection, queries, self.workflows)

        return self._readings(await self.read(work))

    async def _exceptions(
        self, queries: frozenset[ExceptionQuery]
    ) -> Mapping[ExceptionQuery, Reading[Page[BusinessException]]]:
        def work(connection: Connection) -> dict[ExceptionQuery, Page[BusinessException]]:
            return {query: lookup.page_of_exceptions(connection, query) for query in queries}

        return self._readings(await self.read(work))

    async def _reconciliations(
        self, queries: frozenset[ReconciliationQuery]
    ) -> Mapping[ReconciliationQuery, Reading[Page[Reconciliation]]]:
        def work(connection: Connection) -> dict[ReconciliationQuery, Page[Reconciliation]]:
            return {query: lookup.page_of_reconciliations(connection, query) for query in queries}

        return self._readings(await self.read(work))

    def _readings(self, found: Mapping[K, R]) -> dict[K, Reading[R]]:
        now = self.clock()
        return {key: Reading(value, SOURCE, FreshnessTier.LIVE, now, 0.0) for key, value in found.items()}


@asynccontextmanager
async def open_journal(
    url: str,
    workflows: Sequence[Workflow[Any]],
    policy: JournalPolicy | None = None,
    clock: Callable[[], float] = time.time,
) -> AsyncIterator[Journal]:
    """The journal in the database at `url`, with its tables made. Raises DatabaseUnusable.

    `workflows` are the kinds that can be accepted and run here. Raises ValueError for two of one kind.
    """
    kinds = {workflow.kind: workflow for workflow in workflows}
    if len(kinds) != len(workflows):
        raise ValueError("two workflows are of one kind")
    policy = policy or JournalPolicy()
    database = open_database(url, SQLITE_CONNECTIONS if url.startswith("sqlite") else POSTGRES_CONNECTIONS)

    def ready() -> None:
        prepare(database)
        with database.writing.begin() as connection:
            quotas.prepare_quotas(connection, database, policy.quotas)
            prepare_chores(connection, database)

    journal = Journal(database, kinds, policy, clock)
    try:
        await asyncio.to_thread(ready)
        yield journal
    finally:
        await journal.close()


def _unavailable(exc: Exception) -> JournalUnavailable:
    _log.warning("the journal's database failed", error=str(exc.__cause__ or exc))
    return JournalUnavailable("The journal cannot be read or written now. Nothing was accepted; try again in a moment.")
