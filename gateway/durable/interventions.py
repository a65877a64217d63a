"""What a person may do to a flow: try it again, cancel it, settle it by hand."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from domains.durable import (
    ActionNotOffered,
    BusinessException,
    ExceptionAction,
    ExceptionNotFound,
    ExceptionSource,
    FlowNotFound,
    FlowState,
    IllegalFlowState,
    StepNotFound,
)
from domains.vocabulary import Refusal
from gateway.database import Database
from gateway.durable import inbox
from gateway.durable.accepting import lock_subjects
from gateway.durable.exceptions import close_exceptions
from gateway.durable.lookup import exception_of
from gateway.durable.outcomes import record
from gateway.durable.progress import Case, Standing, resolved, retried, retried_from, sent_back
from gateway.durable.rows import Kept, Workflows, load_one
from gateway.durable.tables import exceptions, flows

_RESTS = frozenset({FlowState.WAITING, FlowState.NEEDS_PERSON})


class Interventions:
    """Each speaks inside a transaction of the caller's and answers the flow as it is then, or why nothing was done."""

    def __init__(self, database: Database, workflows: Workflows) -> None:
        self._database = database
        self._workflows = workflows

    def retry(self, connection: Connection, flow_id: str, step: str | None, now: float) -> Kept | Refusal:
        """Try it again now; from `step` on, when one is named, also when all is done."""
        found = self._found(connection, flow_id)
        if isinstance(found, Refusal):
            return found
        kept, case = found
        if step is None:
            if kept.standing.state not in _RESTS:
                return _illegal(kept, "Only a flow that waits, or needs a person, can be tried again.")
            return self._record(connection, kept, retried(kept.standing, now), now, "It was tried again.")
        if (refusal := self._why_not_from(connection, kept, case, step)) is not None:
            return refusal
        again = retried_from(case, kept.standing, step, now)
        return self._record(connection, kept, again, now, f"It was tried again from {step}.")

    def cancel(self, connection: Connection, flow_id: str, now: float) -> Kept | Refusal:
        """Stop it, and undo what was done."""
        found = self._found(connection, flow_id)
        if isinstance(found, Refusal):
            return found
        kept, case = found
        standing = kept.standing
        if standing.state not in (FlowState.ACCEPTED, FlowState.NEEDS_PERSON):
            return _illegal(kept, "Only a flow that has not begun, or needs a person, can be canceled.")
        if standing.back:
            return _illegal(kept, "It is being taken back already; what stopped it can be tried again or resolved.")
        return self._record(connection, kept, sent_back(case, standing, now), now, "It was canceled.")

    def resolve(self, connection: Connection, exception_id: str, note: str, now: float) -> BusinessException | Refusal:
        """Close an exception; one that is closed already is answered as it is. A flow that stands still goes on without
        the step that stopped it."""
        this = select(exceptions).where(exceptions.c.id == exception_id)
        row = connection.execute(this).one_or_none()
        if row is None:
            return _no_exception(exception_id)
        # First the flow and then its exceptions, as everybody locks them.
        found = self._found(connection, row.about) if row.source == ExceptionSource.FLOW.value else None
        if isinstance(found, IllegalFlowState) and row.resolved_at is None:
            return found
        still_open = update(exceptions).where(exceptions.c.id == exception_id, exceptions.c.resolved_at.is_(None))
        closed = connection.execute(still_open.values(resolved_at=now, note=note).returning(exceptions.c.id)).scalar()
        if closed is not None and isinstance(found, tuple) and found[0].standing.state is FlowState.NEEDS_PERSON:
            kept, case = found
            self._record(connection, kept, resolved(case, kept.standing, note, now), now, note)
        return exception_of(connection.execute(this).one())

    def retry_exception(
        self, connection: Connection, exception_id: str, step: str | None, now: float
    ) -> BusinessException | Refusal:
        """Try again what is behind an exception: its flow, or the taking of its event. Answers the exception then."""
        this = select(exceptions).where(exceptions.c.id == exception_id)
        row = connection.execute(this).one_or_none()
        if row is None:
            return _no_exception(exception_id)
        offered = exception_of(row).actions
        wanted = ExceptionAction.RETRY if step is None else ExceptionAction.RETRY_FROM_STEP
        if wanted not in offered:
            return _not_offered(row, offered)
        if row.source == ExceptionSource.FLOW.value:
            tried = self.retry(connection, row.about, step, now)
            if isinstance(tried, Refusal):
                return tried
        elif not _heard_again(connection, row.about, now):
            others = tuple(action for action in offered if action is not ExceptionAction.RETRY)
            return ActionNotOffered(
                message="The event is not kept here: ask its source to send it again, or resolve this.", offered=others
            )
        return exception_of(connection.execute(this).one())

    def _found(self, connection: Connection, flow_id: str) -> tuple[Kept, Case] | Refusal:
        kept = load_one(connection, flows.c.id == flow_id, lock=True)
        if kept is None:
            return FlowNotFound(message=f"There is no flow {flow_id}.")
        if kept.kind not in self._workflows:
            return _illegal(kept, f"This program knows no {kept.kind}; the one that accepted it does.")
        return kept, kept.case(self._workflows[kept.kind])

    def _record(self, connection: Connection, kept: Kept, standing: Standing, now: float, note: str) -> Kept:
        workflow = self._workflows[kept.kind]
        return record(connection, self._database, workflow, kept, standing, now=now, next_epoch=True, note=note)

    def _why_not_from(self, connection: Connection, kept: Kept, case: Case, step: str) -> Refusal | None:
        standing = kept.standing
        names = ", ".join(each.name for each in case.workflow.steps)
        if case.step(step) is None:
            return StepNotFound(message=f"{kept.kind} has no step {step}. It has: {names}.", path=("step",))
        if standing.state not in _RESTS and standing.state is not FlowState.COMPLETED:
            return _illegal(kept, "Only a flow that waits, needs a person or is completed can be tried from a step.")
        if standing.back:
            return _illegal(kept, "It is being taken back: what was undone cannot be done again under the same key.")
        if _is_ahead(case, standing, step):
            return _illegal(kept, f"It has not come to {step} yet.")
        if standing.state is FlowState.COMPLETED and _followed(connection, kept):
            return _illegal(kept, f"Something accepted later about {kept.subject} is under way; wait for its end.")
        return None


def _is_ahead(case: Case, standing: Standing, step: str) -> bool:
    """Whether the flow has yet to come to `step`, perhaps once more."""
    names = [each.name for each in case.workflow.steps]
    if standing.step in names:
        return names.index(step) > names.index(standing.step)
    return step not in standing.marks


def _no_exception(exception_id: str) -> ExceptionNotFound:
    return ExceptionNotFound(message=f"There is no exception {exception_id}.", path=("input", "exceptionId"))


def _not_offered(row: Row[Any], offered: tuple[ExceptionAction, ...]) -> ActionNotOffered:
    if row.resolved_at is not None:
        return ActionNotOffered(message="It is resolved: nothing is left to be tried again.")
    if offered == (ExceptionAction.RESOLVE,):
        message = "The books disagree: put them right, and the next check closes this, or resolve it with a note."
    else:
        message = "An event has no steps: try it again as a whole."
    return ActionNotOffered(message=message, offered=offered)


def _heard_again(connection: Connection, about: str, now: float) -> bool:
    """Have an event taken once more, and close what was said of it. False when it is not kept, as one that nobody
    could read."""
    if not inbox.again_about(connection, about, now):
        return False
    close_exceptions(connection, ExceptionSource.EVENT, about, "It was tried again.", now=now)
    return True


def _illegal(kept: Kept, why: str) -> IllegalFlowState:
    state = kept.standing.state
    return IllegalFlowState(message=f"{kept.title} is {state.value}. {why}", state=state)


def _followed(connection: Connection, kept: Kept) -> bool:
    """Whether a later flow about the same subject is unfinished. None is accepted before the transaction is over."""
    lock_subjects(connection, kept.subject)
    seq = select(flows.c.seq).where(flows.c.id == kept.id).scalar_subquery()
    later = select(flows.c.seq).where(
        or_(flows.c.subject == kept.subject, flows.c.behind == kept.subject),
        flows.c.finished_at.is_(None),
        flows.c.seq > seq,
    )
    return connection.execute(later.limit(1)).scalar() is not None
