"""What the house asks of its journal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from domains.durable.event import Event
from domains.durable.flow import BusinessException, ExceptionQuery, Flow, FlowQuery
from domains.durable.reconciliation import Reconciliation, ReconciliationQuery
from domains.vocabulary import Fetch, IdempotencyKey, Page, Record, Refusal, RetailError

T = TypeVar("T", bound=Record)


class Write(Record, frozen=True, kw_only=True):
    """One keyed write. `key` is made of caller, operation and the caller's own key; `fingerprint` of its input."""

    key: IdempotencyKey
    fingerprint: str
    operation: str
    caller: str


class Submission(Record, frozen=True, kw_only=True):
    """A flow to be accepted: `command` is of the type that the workflow named `kind` takes.

    Nothing is accepted twice under one `flow_id`: whoever makes it up makes it from the write's idempotency key.
    """

    flow_id: str
    kind: str
    command: Record
    correlation_id: str


@dataclass(frozen=True, slots=True)
class Accepted(Generic[T]):
    """What a check answers when it lets a slow write through: `answer` for the caller now, and the flow to follow."""

    answer: T
    flow_id: str
    kind: str
    command: Record


class Receipt(Record, frozen=True, kw_only=True):
    """A flow was accepted, and will be finished."""

    flow_id: str


@dataclass(frozen=True, slots=True)
class Begun:
    """The write is ours to carry out, and nobody else's until it is settled, abandoned, or its lease runs out."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """It was carried out before: `answer` is what was answered then."""

    answer: bytes


@dataclass(frozen=True, slots=True)
class InFlight:
    """Somebody is carrying it out now."""

    retry_after_s: float


@dataclass(frozen=True, slots=True)
class OtherInput:
    """The key came before, with another input."""


class RetryLater(Refusal, frozen=True, kw_only=True):
    """Returned when the gateway takes no more slow writes for now, or the same one is being carried out. Nothing was
    changed."""

    code: ClassVar[str] = "RETRY_LATER"


class JournalUnavailable(RetailError):
    """The journal cannot be read or written: nothing was accepted."""

    code = "JOURNAL_UNAVAILABLE"


class JournalFull(RetailError):
    """As many flows wait as may. Nothing was accepted."""

    code = "JOURNAL_FULL"

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"The journal holds as many unfinished flows as it may; try again in {retry_after_s:.0f} s.")
        self.retry_after_s = retry_after_s


@dataclass(frozen=True)
class Durable:
    """The ledger of keyed writes, and the flows behind the slow ones. All raise JournalUnavailable.

    `begin` claims a write. `settle` keeps its answer and accepts its flow, both or neither; it raises JournalFull.
    `abandon` gives the key back: nothing happened. `answers` finds what was answered last when a flow about a
    subject was accepted. `retry`, `cancel` and `resolve` are a person's: by flow id (and the step to start from),
    flow id, and exception id with a note; `retry_exception` tries again whatever is behind an exception, by its id and
    the step to start from, where there are steps. `hear` keeps the events of a source and answers how many are new;
    `mishear` lays one that cannot be read on the list of exceptions, by source, id and why. `news` is what was told
    behind a place, at most so many; `news_end` is the place of the newest.
    """

    begin: Callable[[Write], Awaitable[Begun | Replayed | InFlight | OtherInput]]
    settle: Callable[[Write, bytes, Submission | None], Awaitable[Receipt | None]]
    abandon: Callable[[Write], Awaitable[None]]
    answers: Fetch[str, bytes]
    flows: Fetch[str, Flow]
    flows_about: Fetch[FlowQuery, Page[Flow]]
    exceptions: Fetch[ExceptionQuery, Page[BusinessException]]
    retry: Callable[[str, str | None], Awaitable[Flow | Refusal]]
    cancel: Callable[[str], Awaitable[Flow | Refusal]]
    resolve: Callable[[str, str], Awaitable[BusinessException | Refusal]]
    retry_exception: Callable[[str, str | None], Awaitable[BusinessException | Refusal]]
    reconciliations: Fetch[ReconciliationQuery, Page[Reconciliation]]
    hear: Callable[[str, Sequence[Event]], Awaitable[int]]
    mishear: Callable[[str, str, str], Awaitable[None]]
    news: Callable[[int, int], Awaitable[Sequence[Event]]]
    news_end: Callable[[], Awaitable[int]]
