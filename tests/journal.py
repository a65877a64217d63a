"""A journal in memory: the ledger as the real one keeps it, and flows that are accepted and never run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domains.durable import (
    Begun,
    BusinessException,
    Durable,
    Event,
    ExceptionQuery,
    Flow,
    FlowQuery,
    InFlight,
    JournalFull,
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
from domains.vocabulary import FreshnessTier, Page, Reading, Refusal

LEASE_S = 30.0
KEEP_S = 86_400.0


@dataclass
class Row:
    """One keyed write. `answer` None while somebody carries it out."""

    write: Write
    began_at: float
    held_until: float
    expires_at: float
    answer: bytes | None = None


@dataclass
class Journal:
    """The fake behind `durable()`. `failing` names the calls that raise JournalUnavailable, `full` refuses flows.

    `workflows` say what a submission is about; without its own, a submission is about nothing.
    """

    clock: Callable[[], float] = lambda: 0.0
    workflows: Mapping[str, Workflow[Any]] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    full: bool = False
    rows: dict[str, Row] = field(default_factory=dict)
    submissions: dict[str, Submission] = field(default_factory=dict)
    answered: dict[str, bytes] = field(default_factory=dict)
    told: list[Event] = field(default_factory=list)

    def durable(self) -> Durable:
        """The port."""
        return Durable(
            begin=self.begin,
            settle=self.settle,
            abandon=self.abandon,
            answers=self.answers,
            flows=self._no_flows,
            flows_about=self._no_page,
            exceptions=self._no_exceptions,
            retry=self._no_flow,
            cancel=self._no_cancel,
            resolve=self._no_exception,
            retry_exception=self._no_retry,
            reconciliations=self._no_reconciliations,
            hear=self.hear,
            mishear=self.mishear,
            news=self.news,
            news_end=self.news_end,
        )

    async def begin(self, write: Write) -> Begun | Replayed | InFlight | OtherInput:
        self._asked("begin")
        now, row = self.clock(), self.rows.get(write.key)
        if row is not None and row.expires_at > now:
            if row.write.fingerprint != write.fingerprint:
                return OtherInput()
            if row.answer is not None:
                return Replayed(row.answer)
            if row.held_until > now:
                return InFlight(max(1.0, min(now - row.began_at, row.held_until - now)))
        self.rows[write.key] = Row(write, now, now + LEASE_S, now + KEEP_S)
        return Begun()

    async def settle(self, write: Write, answer: bytes, submission: Submission | None) -> Receipt | None:
        self._asked("settle")
        if submission is not None and self.full:
            raise JournalFull(5.0)
        now, row = self.clock(), self.rows.get(write.key)
        ours = row is None or row.expires_at <= now or row.write.fingerprint == write.fingerprint
        if ours and (row is None or row.answer is None or row.expires_at <= now):
            self.rows[write.key] = Row(write, now, now, now + KEEP_S, answer)
        if submission is None:
            return None
        self.submissions.setdefault(submission.flow_id, submission)
        if submission.kind in self.workflows:
            self.answered[self.workflows[submission.kind].subject(submission.command)] = answer
        return Receipt(flow_id=submission.flow_id)

    async def abandon(self, write: Write) -> None:
        self._asked("abandon")
        row = self.rows.get(write.key)
        if row is not None and row.answer is None and row.write.fingerprint == write.fingerprint:
            del self.rows[write.key]

    async def answers(self, keys: frozenset[str], /) -> Mapping[str, Reading[bytes]]:
        self._asked("answers")
        now = self.clock()
        return {
            key: Reading(self.answered[key], "journal", FreshnessTier.LIVE, now, 0.0)
            for key in keys
            if key in self.answered
        }

    def _asked(self, name: str) -> None:
        if name in self.failing:
            raise JournalUnavailable(f"the journal cannot {name} now")

    async def hear(self, source: str, events: Sequence[Event]) -> int:
        self._asked("hear")
        return len(events)

    async def mishear(self, source: str, event_id: str, why: str) -> None:
        self._asked("mishear")

    async def news(self, seq: int, most: int) -> Sequence[Event]:
        self._asked("news")
        return [event for event in self.told if (event.sequence or 0) > seq][:most]

    async def news_end(self) -> int:
        self._asked("news")
        return max((event.sequence or 0 for event in self.told), default=0)

    async def _no_flows(self, _: frozenset[str], /) -> Mapping[str, Reading[Flow]]:
        return {}

    async def _no_page(self, _: frozenset[FlowQuery], /) -> Mapping[FlowQuery, Reading[Page[Flow]]]:
        return {}

    async def _no_exceptions(
        self, _: frozenset[ExceptionQuery], /
    ) -> Mapping[ExceptionQuery, Reading[Page[BusinessException]]]:
        return {}

    async def _no_flow(self, flow_id: str, step: str | None) -> Flow | Refusal:
        return Refusal(message=f"There is no flow {flow_id} to retry from {step}.")

    async def _no_cancel(self, flow_id: str) -> Flow | Refusal:
        return Refusal(message=f"There is no flow {flow_id}.")

    async def _no_exception(self, exception_id: str, note: str) -> BusinessException | Refusal:
        return Refusal(message=f"There is no exception {exception_id} to resolve: {note}")

    async def _no_retry(self, exception_id: str, step: str | None) -> BusinessException | Refusal:
        return Refusal(message=f"There is no exception {exception_id} to retry from {step}.")

    async def _no_reconciliations(
        self, _: frozenset[ReconciliationQuery], /
    ) -> Mapping[ReconciliationQuery, Reading[Page[Reconciliation]]]:
        return {}
