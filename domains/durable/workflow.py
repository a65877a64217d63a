"""The third shape of the house: a slow write as a row of named steps.

A workflow is data, not code that is run again from its beginning: the journal knows by name which steps are done, does
the next one, and goes back over them when one is refused. So a step may be added at the end, or be skipped, while flows
of the older shape are under way; to rename or reorder steps is to make another `kind`.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from domains.durable.flow import FlowState
from domains.durable.outcome import Done, Outcome
from domains.vocabulary import IdempotencyKey, Record, SystemRole

C = TypeVar("C", bound=Record)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Task(Generic[C]):
    """What one step is given. `key` is its own for ever: a repeat carries the same one, the undo another.

    `attempt` counts from 1. `results` are those of the steps done before, by name, as they are kept, and what this one
    left before a person had it done again; see `result`. `refused` is why the flow goes back, inside an undo.
    """

    flow_id: str
    command: C
    key: IdempotencyKey
    attempt: int
    accepted_at: datetime
    now: datetime
    results: Mapping[str, Any]
    refused: str | None = None

    def result(self, step: str, shape: type[T]) -> T | None:
        """What `step` left behind; None when it was skipped, left nothing or is not done."""
        kept = self.results.get(step)
        return None if kept is None else msgspec.convert(kept, shape, strict=False)

    def key_of(self, step: str) -> IdempotencyKey:
        """The key under which `step` of this flow writes."""
        return step_key(self.flow_id, step)


def step_key(flow_id: str, step: str) -> IdempotencyKey:
    """The idempotency key of a step's write: `{flow}:{step}`."""
    return IdempotencyKey(f"{flow_id}:{step}")


class IfRefused(enum.Enum):
    """What a refused step makes of its flow: go back over what was done, or wait for a person."""

    COMPENSATE = "COMPENSATE"
    ASK_PERSON = "ASK_PERSON"


def _always(_: Task[Any]) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Step(Generic[C]):
    """One effect in one outside system.

    `do` answers how it ended; an UpstreamError that it raises is translated by `outcome_of`. It is called at least
    once and may be called again with the same key, so everything it writes carries `task.key`.
    `find` looks whether an unheard `do` was done: Done if so, None if it certainly was not. Without one the system must
    repeat its answer for a repeated key. `undo` takes the effect back, under `task.key` of its own; a step without
    one has nothing to take back. `when` skips the step. `wants` is what its flow waits for: "its ERP document".
    """

    name: str
    system: SystemRole
    wants: str
    do: Callable[[Task[C]], Awaitable[Outcome]]
    find: Callable[[Task[C]], Awaitable[Done | None]] | None = None
    undo: Callable[[Task[C]], Awaitable[Outcome]] | None = None
    when: Callable[[Task[C]], bool] = _always
    if_refused: IfRefused = IfRefused.COMPENSATE


@dataclass(frozen=True, slots=True)
class Workflow(Generic[C]):
    """A kind of slow write. `kind` and the steps' names are kept with every flow and never change.

    `subject` names what the flow is about as a public id ("Order:web-17"): flows of one subject run one after another,
    in the order in which they were accepted. `behind` names another subject, whose flows that were accepted earlier are
    over before this one begins: what a return takes back, its order has first to be given. `title` is what people read:
    "order W1042". `announces` are the types of the domain events that tell of a state ("retail.order.accepted.v1");
    `tells` makes their data, else the command is.
    """

    kind: str
    command: type[C]
    steps: tuple[Step[C], ...]
    subject: Callable[[C], str]
    title: Callable[[C], str]
    announces: Mapping[FlowState, str] = field(default_factory=dict)
    tells: Callable[[C], Record] | None = None
    behind: Callable[[C], str | None] | None = None

    def __post_init__(self) -> None:
        names = [step.name for step in self.steps]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"{self.kind} has steps of one name, or none: {names}")
