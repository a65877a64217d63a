"""A workflow under way, as people see it: its state, its steps, and what waits for a person."""

from __future__ import annotations

import enum
from typing import NamedTuple

from domains.vocabulary import Instant, Record, SystemRole


class FlowState(enum.Enum):
    """How far a flow has come. WAITING is between two attempts of a step."""

    ACCEPTED = "ACCEPTED"
    RUNNING = "RUNNING"
    WAITING = "WAITING"
    COMPLETED = "COMPLETED"
    COMPENSATED = "COMPENSATED"
    NEEDS_PERSON = "NEEDS_PERSON"
    CANCELED = "CANCELED"


OVER = frozenset({FlowState.COMPLETED, FlowState.COMPENSATED, FlowState.CANCELED})
"""Nothing happens to such a flow by itself any more."""

BECOMES: dict[FlowState, frozenset[FlowState]] = {
    FlowState.ACCEPTED: frozenset({FlowState.RUNNING, FlowState.CANCELED}),
    FlowState.RUNNING: frozenset(
        {
            FlowState.RUNNING,
            FlowState.WAITING,
            FlowState.COMPLETED,
            FlowState.COMPENSATED,
            FlowState.NEEDS_PERSON,
            FlowState.CANCELED,  # a person sent it back, and it has come there
        }
    ),
    FlowState.WAITING: frozenset({FlowState.RUNNING, FlowState.NEEDS_PERSON}),
    FlowState.NEEDS_PERSON: frozenset(
        {FlowState.WAITING, FlowState.CANCELED, FlowState.COMPLETED, FlowState.COMPENSATED}
    ),
    FlowState.COMPLETED: frozenset({FlowState.WAITING}),  # replayed from a step, by a person
    FlowState.COMPENSATED: frozenset(),
    FlowState.CANCELED: frozenset(),
}
"""The one table of what a flow may become."""


class StepState(enum.Enum):
    """PENDING has not begun; WAITING will be tried again; REFUSED is final; UNDONE was done and taken back."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    WAITING = "WAITING"
    DONE = "DONE"
    SKIPPED = "SKIPPED"
    REFUSED = "REFUSED"
    NEEDS_PERSON = "NEEDS_PERSON"
    UNDONE = "UNDONE"


class FlowStep(Record, frozen=True, kw_only=True):
    """`why` is the last thing said of it; `reference` the system's own number, such as an ERP document's."""

    name: str
    system: SystemRole
    state: StepState
    attempts: int = 0
    started_at: Instant | None = None
    finished_at: Instant | None = None
    why: str | None = None
    reference: str | None = None


class Flow(Record, frozen=True, kw_only=True):
    """`subject` is the public id of what it is about; `next_at` when it is tried again. `step` is the one at which it
    stands, None once it is over."""

    id: str
    kind: str
    state: FlowState
    subject: str
    title: str
    caller: str
    correlation_id: str
    accepted_at: Instant
    finished_at: Instant | None = None
    next_at: Instant | None = None
    why: str | None = None
    step: str | None = None
    steps: tuple[FlowStep, ...] = ()


class Severity(enum.Enum):
    INFO = "INFO"
    WARNING = "WARNING"
    URGENT = "URGENT"


class ExceptionSource(enum.Enum):
    """Where an exception comes from: a flow, an event that could not be taken, or books that do not agree."""

    FLOW = "FLOW"
    EVENT = "EVENT"
    RECONCILIATION = "RECONCILIATION"


class ExceptionAction(enum.Enum):
    """What a person may do about it."""

    RETRY = "RETRY"
    RETRY_FROM_STEP = "RETRY_FROM_STEP"
    RESOLVE = "RESOLVE"


class BusinessException(Record, frozen=True, kw_only=True):
    """Something that waits for a person, in the words of the business. `about` is the flow, event or check behind it.

    A WARNING ends by itself once its flow goes on; an URGENT one does not.
    """

    id: str
    source: ExceptionSource
    about: str
    title: str
    impact: str
    severity: Severity
    opened_at: Instant
    actions: tuple[ExceptionAction, ...] = ()
    owner: str | None = None
    resolved_at: Instant | None = None
    note: str | None = None


class FlowQuery(NamedTuple):
    """A page of flows, newest first, that fit every filter. `after` is the id of the last flow seen."""

    first: int
    after: str | None = None
    subject: str | None = None
    correlation_id: str | None = None
    kind: str | None = None
    state: FlowState | None = None


class ExceptionQuery(NamedTuple):
    """A page of exceptions, newest first. `after` is the id of the last one seen, `id` the only one that is wanted."""

    first: int
    after: str | None = None
    open_only: bool = True
    source: ExceptionSource | None = None
    id: str | None = None
