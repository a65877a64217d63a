"""What becomes of a flow: decisions alone, with no database, no clock and no system behind them.

A flow stands at one step, going on or going back. An attempt begins (`begun`), it ends (`after`), and people may send
the flow on, back or to an earlier step (`retried`, `sent_back`, `resolved`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from domains.durable import (
    OVER,
    Done,
    FlowState,
    IfRefused,
    NeedsPerson,
    Refused,
    RetryAfter,
    Step,
    StepState,
    Task,
    Workflow,
    step_key,
)
from domains.vocabulary import IdempotencyKey


@dataclass(frozen=True, slots=True)
class Mark:
    """What is known of one step. `result` is JSON; `unheard` means that it may have been done all the same."""

    state: StepState = StepState.PENDING
    attempts: int = 0
    unheard: bool = False
    result: str | None = None
    reference: str | None = None
    why: str | None = None
    started_at: float | None = None
    finished_at: float | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a flow stands. `step` is the one to do next, or with `back` to undo.

    `tries` counts the attempts at it since it was reached or a person said retry; `waits_since` is when the flow last
    got on. `why` is the last thing said of it, and with `back` why it goes back.
    """

    state: FlowState
    step: str | None
    back: bool = False
    canceled: bool = False
    tries: int = 0
    due_at: float | None = None
    waits_since: float | None = None
    why: str | None = None
    finished_at: float | None = None
    marks: Mapping[str, Mark] = field(default_factory=dict)

    @property
    def at(self) -> str:
        """The step of the moment. Raises ValueError when there is none any more."""
        if self.step is None:
            raise ValueError(f"a flow that is {self.state.value} stands at no step")
        return self.step

    def mark(self, step: str) -> Mark:
        return self.marks.get(step, _UNTOUCHED)

    def marked(self, step: str, mark: Mark) -> Standing:
        return replace(self, marks={**self.marks, step: mark})


_UNTOUCHED = Mark()


@dataclass(frozen=True, slots=True)
class Skipped:
    """There was nothing to do: the step's own condition says so."""


@dataclass(frozen=True, slots=True)
class NotDone:
    """The system was asked on the way back, and certainly has not done it."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended. `unheard` is whether the step may have been done all the same."""

    how: Done | RetryAfter | Refused | NeedsPerson | Skipped | NotDone
    unheard: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """What never changes about a flow: its workflow, and what it was asked to do, as JSON."""

    workflow: Workflow[Any]
    flow_id: str
    command: str
    accepted_at: float

    def asked(self) -> Any:
        """The command. Raises what msgspec raises for one of another shape."""
        return msgspec.json.decode(self.command, type=self.workflow.command)

    def step(self, name: str | None) -> Step[Any] | None:
        """The step of that name; None when the workflow has it no longer."""
        return next((step for step in self.workflow.steps if step.name == name), None)

    def task(self, step: Step[Any], standing: Standing, now: float) -> Task[Any]:
        """What `step` is given now. Raises as `asked` does."""
        key = step_key(self.flow_id, step.name)
        left = {name: one for name, one in standing.marks.items() if one.state is StepState.DONE or name == step.name}
        return Task(
            flow_id=self.flow_id,
            command=self.asked(),
            key=IdempotencyKey(f"{key}:undo") if standing.back else key,
            attempt=max(1, standing.tries if standing.back else standing.mark(step.name).attempts),
            accepted_at=datetime.fromtimestamp(self.accepted_at, UTC),
            now=datetime.fromtimestamp(now, UTC),
            results={name: msgspec.json.decode(mark.result) for name, mark in left.items() if mark.result is not None},
            refused=standing.why if standing.back else None,
        )

    def skips(self, step: Step[Any], standing: Standing, now: float) -> bool:
        try:
            return not step.when(self.task(step, standing, now))
        except Exception:  # noqa: BLE001 - a bug in a condition: the attempt meets it again, and tells a person
            return False


def begun(standing: Standing, now: float) -> Standing:
    """An attempt at the step of the moment begins. A step that was RUNNING lost its holder: nobody heard the end."""
    on = replace(standing, state=FlowState.RUNNING, tries=standing.tries + 1)
    if standing.back:
        return on
    mark = standing.mark(standing.at)
    return on.marked(
        standing.at,
        replace(
            mark,
            state=StepState.RUNNING,
            attempts=mark.attempts + 1,
            unheard=mark.unheard or mark.state is StepState.RUNNING,
            started_at=now if mark.started_at is None else mark.started_at,
            finished_at=None,
        ),
    )


def parked(standing: Standing, now: float) -> Standing:
    """There is a step to do, and no room for it now."""
    since = now if standing.waits_since is None else standing.waits_since
    return replace(standing, state=FlowState.WAITING, due_at=now, waits_since=since)


def after(case: Case, standing: Standing, ended: Ended, now: float, pause_s: float) -> Standing:
    """Where the flow stands once an attempt has ended; still RUNNING when another step is to be begun at once."""
    how = ended.how
    if standing.state is not FlowState.RUNNING:
        raise ValueError(f"an attempt ended in a flow that is {standing.state.value}")
    mark = replace(standing.mark(standing.at), unheard=ended.unheard, finished_at=now)
    if isinstance(how, RetryAfter):
        return _waiting(standing, replace(mark, why=how.why, finished_at=None), now, pause_s)
    if isinstance(how, NeedsPerson):
        return _stuck(standing, replace(mark, state=StepState.NEEDS_PERSON, why=how.why))
    if standing.back:
        return _back_after(case, standing, mark, how, now)
    return _on_after(case, standing, mark, how, now)


_Final = Done | Refused | Skipped | NotDone


def _on_after(case: Case, standing: Standing, mark: Mark, how: _Final, now: float) -> Standing:
    name = standing.at
    if isinstance(how, Refused):
        refused = replace(mark, state=StepState.REFUSED, unheard=False, why=how.why)
        step = case.step(name)
        if step is not None and step.if_refused is IfRefused.ASK_PERSON:
            return _stuck(standing, refused)
        return _back(case, replace(standing.marked(name, refused), back=True, why=how.why), now)
    if isinstance(how, Done):
        done = _done(mark, how)
    else:
        done = replace(mark, state=StepState.SKIPPED, attempts=mark.attempts - 1, unheard=False, why=None)
    return _on(case, standing.marked(name, done), now)


def _back_after(case: Case, standing: Standing, mark: Mark, how: _Final, now: float) -> Standing:
    name = standing.at
    if isinstance(how, Refused):
        return _stuck(standing, replace(mark, state=StepState.NEEDS_PERSON, unheard=False, why=how.why))
    if isinstance(how, Done) and standing.mark(name).unheard:  # it was looked for, and is there to be undone
        return replace(standing.marked(name, _done(mark, how)), tries=0, waits_since=None)
    if isinstance(how, Done):
        gone = replace(mark, state=StepState.UNDONE, unheard=False, why=None)
    else:
        gone = replace(mark, state=StepState.SKIPPED, unheard=False, why="It was not done.")
    return _back(case, standing.marked(name, gone), now)


def _done(mark: Mark, how: Done) -> Mark:
    result = None if how.result is None else msgspec.json.encode(how.result).decode()
    return replace(
        mark, state=StepState.DONE, unheard=False, result=result, reference=how.reference or mark.reference, why=None
    )


def _waiting(standing: Standing, mark: Mark, now: float, pause_s: float) -> Standing:
    waiting = mark if standing.back else replace(mark, state=StepState.WAITING)
    return replace(
        parked(standing, now).marked(standing.at, waiting),
        due_at=now + pause_s,
        why=standing.why if standing.back else mark.why,
    )


def _stuck(standing: Standing, mark: Mark) -> Standing:
    return replace(
        standing.marked(standing.at, mark),
        state=FlowState.NEEDS_PERSON,
        due_at=None,
        waits_since=None,
        why=standing.why if standing.back else mark.why,
    )


def _on(case: Case, standing: Standing, now: float) -> Standing:
    """Past the step of the moment: at the next one that has something to do, or at the end."""
    names = [step.name for step in case.workflow.steps]
    standing = replace(standing, tries=0, waits_since=None, why=None)
    for step in case.workflow.steps[names.index(standing.step) + 1 if standing.step in names else 0 :]:
        mark = standing.mark(step.name)
        if mark.state in (StepState.DONE, StepState.SKIPPED) and not mark.unheard:
            continue
        if not case.skips(step, standing, now):
            return replace(standing, step=step.name)
        standing = standing.marked(step.name, replace(mark, state=StepState.SKIPPED, finished_at=now))
    return _over(standing, FlowState.COMPLETED, now)


def _back(case: Case, standing: Standing, now: float) -> Standing:
    """At the last step whose effect stands, or may stand; without one, at the end."""
    standing = replace(standing, tries=0, waits_since=None)
    for step in reversed(case.workflow.steps):
        mark = standing.mark(step.name)
        if step.undo is not None and (mark.unheard or mark.state is StepState.DONE):
            return replace(standing, step=step.name)
    return _over(standing, FlowState.CANCELED if standing.canceled else FlowState.COMPENSATED, now)


def _over(standing: Standing, state: FlowState, now: float) -> Standing:
    return replace(standing, state=state, step=None, due_at=None, waits_since=None, finished_at=now)


def retried(standing: Standing, now: float) -> Standing:
    """A person says: try it again now."""
    if standing.state is FlowState.NEEDS_PERSON and not standing.back:
        mark = replace(standing.mark(standing.at), state=StepState.WAITING, finished_at=None)
        standing = standing.marked(standing.at, mark)
    return replace(parked(standing, now), tries=0)


def retried_from(case: Case, standing: Standing, name: str, now: float) -> Standing:
    """A person says: do it again from `name` on. What was done there is looked for before it is done again."""
    names = [step.name for step in case.workflow.steps]
    for later in names[names.index(name) :]:
        mark = standing.mark(later)
        if later in standing.marks:
            again = replace(mark, state=StepState.PENDING, unheard=mark.attempts > 0, finished_at=None)
            standing = standing.marked(later, again)
    on = replace(standing, step=name, tries=0, waits_since=None, why=None, finished_at=None)
    return parked(on, now)


def sent_back(case: Case, standing: Standing, now: float) -> Standing:
    """A person says: cancel it. What was done is undone first."""
    return _resting(_back(case, replace(standing, back=True, canceled=True, why="A person canceled it."), now), now)


def resolved(case: Case, standing: Standing, note: str, now: float) -> Standing:
    """A person says: this step is settled by hand, go on without it."""
    mark = replace(standing.mark(standing.at), state=StepState.SKIPPED, unheard=False, finished_at=now)
    standing = standing.marked(standing.at, replace(mark, why=f"Resolved by hand: {note}"))
    return _resting(_back(case, standing, now) if standing.back else _on(case, standing, now), now)


def _resting(standing: Standing, now: float) -> Standing:
    return standing if standing.state in OVER else parked(standing, now)
