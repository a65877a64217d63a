"""A journal in memory, which runs one flow by the rules of `domains.durable` and fails it where a test says so."""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

import msgspec

from domains.durable import (
    Done,
    FlowState,
    IfRefused,
    NeedsPerson,
    Outcome,
    Refused,
    RetryAfter,
    Step,
    StepState,
    Task,
    Workflow,
    outcome_of,
    step_key,
)
from domains.vocabulary import BreakerOpen, IdempotencyKey, Record, SystemRole, UpstreamError, UpstreamTimeout

C = TypeVar("C", bound=Record)
T = TypeVar("T")

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TRIES_MAX = 100
"""A flow that has not come to rest after so many calls never will."""


class Fault(enum.Enum):
    """What goes wrong at one call of a step."""

    NOT_SENT = "the breaker is open: the system never hears of it"
    UNHEARD = "no answer, and the system has done nothing"
    ANSWER_LOST = "no answer, and the system has done it"
    DIED_BEFORE = "the worker dies before the call"
    DIED_AFTER = "the worker dies when the system has done it"
    REFUSED = "the system says no"


class _Died(Exception):
    """The holder of the flow is gone: whoever claims it next finds the step RUNNING."""


@dataclass
class Ran(Generic[C]):
    """A flow under way: each `advance` is one call of one step. `faults` are used up in their order.

    Places are called "take-order", "take-order:find" and "take-order:undo". `unheard` steps may have been done.
    """

    workflow: Workflow[C]
    command: C
    flow_id: str = "flow-0001"
    accepted_at: datetime = NOON
    faults: Mapping[str, deque[Fault]] = field(default_factory=dict)
    state: FlowState = FlowState.ACCEPTED
    steps: dict[str, StepState] = field(default_factory=dict)
    references: dict[str, str | None] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)
    unheard: set[str] = field(default_factory=set)
    back: bool = False
    why: str | None = None
    refused: str | None = None
    tries: int = 0

    def __post_init__(self) -> None:
        for step in self.workflow.steps:
            self.steps.setdefault(step.name, StepState.PENDING)

    @property
    def resting(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.state in (FlowState.COMPLETED, FlowState.COMPENSATED, FlowState.NEEDS_PERSON)

    async def run(self) -> Ran[C]:
        """Go on until the flow rests."""
        while not self.resting:
            await self.advance()
        return self

    async def retried(self) -> Ran[C]:
        """As when a person says retry: the step that waits for them is tried again."""
        assert self.state is FlowState.NEEDS_PERSON, self.state
        self.state = FlowState.WAITING
        return await self.run()

    async def retried_from(self, name: str) -> Ran[C]:
        """As when a person says: do it again from this step on. What was begun is looked for first."""
        names = [step.name for step in self.workflow.steps]
        for later in names[names.index(name) :]:
            if self.steps[later] is not StepState.PENDING:
                self.unheard.add(later)
            self.steps[later] = StepState.PENDING
        self.state = FlowState.WAITING
        return await self.run()

    async def advance(self) -> None:
        """One call: of the next step to do, or of the next one to undo."""
        assert self.tries < TRIES_MAX, f"{self.workflow.kind} does not come to rest: {self.why}"
        self.tries += 1
        self.state = FlowState.RUNNING
        try:
            await (self._undo_next() if self.back else self._do_next())
        except _Died:
            self.state = FlowState.WAITING

    async def _do_next(self) -> None:
        step = next((one for one in self.workflow.steps if self.steps[one.name] not in _BEHIND), None)
        if step is None:
            self.state = FlowState.COMPLETED
            return
        task = self._task(step.name)
        if not step.when(task):
            self.steps[step.name] = StepState.SKIPPED
            return
        outcome = await self._found(step, task)
        if outcome is None:
            outcome = await self._called(step, step.name, step.do, task)
        self._done(step, outcome)

    async def _found(self, step: Step[C], task: Task[C]) -> Outcome | None:
        """What looking for an unheard write says; None when there was none, or it certainly was not done."""
        if step.name not in self.unheard or step.find is None:
            return None
        find = step.find

        async def look(task: Task[C]) -> Outcome | None:
            return await find(task)

        found = await self._called(step, f"{step.name}:find", look, task, keeps=True)
        if found is None:
            self.unheard.discard(step.name)
        if isinstance(found, Refused):
            return NeedsPerson(found.why)
        return found

    def _done(self, step: Step[C], outcome: Outcome) -> None:
        if isinstance(outcome, Done):
            self.steps[step.name] = StepState.DONE
            self.references[step.name] = outcome.reference
            self.unheard.discard(step.name)
            if outcome.result is not None:
                self.results[step.name] = msgspec.json.decode(msgspec.json.encode(outcome.result))
        elif isinstance(outcome, RetryAfter):
            self._wait(step, outcome)
        elif isinstance(outcome, Refused) and step.if_refused is IfRefused.COMPENSATE:
            self.steps[step.name] = StepState.REFUSED
            self.why = self.refused = outcome.why
            self.back = True
        else:
            self._ask(step, outcome.why)

    async def _undo_next(self) -> None:
        done = [one for one in self.workflow.steps if self.steps[one.name] is StepState.DONE and one.undo is not None]
        if not done:
            self.state = FlowState.COMPENSATED
            return
        step = done[-1]
        assert step.undo is not None
        outcome = await self._called(step, f"{step.name}:undo", step.undo, self._task(f"{step.name}:undo"))
        if isinstance(outcome, Done):
            self.steps[step.name] = StepState.UNDONE
        elif isinstance(outcome, RetryAfter):
            self.why, self.state = outcome.why, FlowState.WAITING
        else:
            self._ask(step, outcome.why)

    def _wait(self, step: Step[C], outcome: RetryAfter) -> None:
        if outcome.unheard:
            self.unheard.add(step.name)
        self.steps[step.name] = StepState.WAITING
        self.why, self.state = outcome.why, FlowState.WAITING

    def _ask(self, step: Step[C], why: str) -> None:
        if not self.back:
            self.steps[step.name] = StepState.NEEDS_PERSON
        self.why, self.state = why, FlowState.NEEDS_PERSON

    def _task(self, place: str) -> Task[C]:
        return Task(
            flow_id=self.flow_id,
            command=self.command,
            key=IdempotencyKey(step_key(self.flow_id, place)),
            attempt=self.tries,
            accepted_at=self.accepted_at,
            now=self.accepted_at + timedelta(seconds=self.tries),
            results=self.results,
            refused=self.refused,
        )

    async def _called(
        self, step: Step[C], place: str, call: Callable[[Task[C]], Awaitable[T]], task: Task[C], *, keeps: bool = False
    ) -> T | RetryAfter | Refused | NeedsPerson:
        """What `call` answers, with the next fault of `place`. `keeps`: an unheard question changes nothing."""
        waiting = self.faults.get(place)
        fault = waiting.popleft() if waiting else None
        if fault is Fault.REFUSED:
            return Refused("SCRIPTED", f"{step.system.value} refused {place}.")
        try:
            _strike_before(fault, step.system, place)
            answer = await call(task)
            _strike_after(fault, step.system, place)
        except UpstreamError as error:
            return outcome_of(error)
        except _Died:
            if not keeps and not self.back:
                self.unheard.add(step.name)
            raise
        return answer


def _strike_before(fault: Fault | None, system: SystemRole, place: str) -> None:
    if fault is Fault.NOT_SENT:
        raise BreakerOpen(system, place)
    if fault is Fault.UNHEARD:
        raise UpstreamTimeout(system, place)
    if fault is Fault.DIED_BEFORE:
        raise _Died


def _strike_after(fault: Fault | None, system: SystemRole, place: str) -> None:
    if fault is Fault.ANSWER_LOST:
        raise UpstreamTimeout(system, place)
    if fault is Fault.DIED_AFTER:
        raise _Died


_BEHIND = frozenset({StepState.DONE, StepState.SKIPPED})


def flow_of(
    workflow: Workflow[C],
    command: C,
    faults: Mapping[str, Sequence[Fault]] | None = None,
    *,
    flow_id: str = "flow-0001",
) -> Ran[C]:
    """A flow that was just accepted, with the faults that are waiting for it."""
    script = {place: deque(each) for place, each in (faults or {}).items()}
    return Ran(workflow=workflow, command=command, faults=script, flow_id=flow_id)


async def run(
    workflow: Workflow[C],
    command: C,
    faults: Mapping[str, Sequence[Fault]] | None = None,
    *,
    flow_id: str = "flow-0001",
) -> Ran[C]:
    """A flow run until it rests: COMPLETED, COMPENSATED or waiting for a person."""
    return await flow_of(workflow, command, faults, flow_id=flow_id).run()
