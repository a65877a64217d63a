"""Calling a return off: the OMS is asked while somebody waits; its points come back and its credit leaves the books."""

from __future__ import annotations

from domains.durable import Accepted, Done, FlowState, IfRefused, Outcome, Step, Task, Workflow
from domains.finance import PostingKey, PostingSubject
from domains.flows.identity import flow_id_of
from domains.flows.order_systems import entry_of, one
from domains.flows.return_systems import (
    ReturnSystems,
    credit_reversed,
    history_step,
    news_of,
    points_restored,
    subject_of,
    title_of,
)
from domains.returns import CancelReturn, ReturnAuthorization, Returns, cancel
from domains.vocabulary import Record, Refusal, SystemRole

RETURN_CANCEL = "return.cancel"


class CanceledReturn(Record, frozen=True, kw_only=True):
    """A return that was called off, as the OMS has it."""

    authorization: ReturnAuthorization


async def cancel_return(returns: Returns, command: CancelReturn) -> Accepted[ReturnAuthorization] | Refusal:
    """Call a return off, or say why not. Raises as `domains.returns.cancel` does."""
    answer = await cancel(returns, command)
    if isinstance(answer, Refusal):
        return answer
    return Accepted(answer, flow_id_of(command.idempotency_key), RETURN_CANCEL, CanceledReturn(authorization=answer))


def return_cancellation_workflow(systems: ReturnSystems) -> Workflow[CanceledReturn]:
    """The steps behind a canceled return. One that was only requested took no points and no credit: they find none."""
    return Workflow(
        kind=RETURN_CANCEL,
        command=CanceledReturn,
        steps=(
            _restore_points(systems),
            _reverse_credit_memo(systems),
            history_step(
                systems,
                lambda task: task.command.authorization,
                "return.canceled",
                lambda task: f"Return {task.command.authorization.rma_number} was canceled.",
            ),
        ),
        subject=lambda command: subject_of(command.authorization.id),
        title=lambda command: title_of(command.authorization),
        announces={
            FlowState.ACCEPTED: "retail.return.canceled.v1",
            FlowState.COMPLETED: "retail.return.changed.v1",
        },
        tells=lambda command: news_of(command.authorization),
    )


def _restore_points(systems: ReturnSystems) -> Step[CanceledReturn]:
    """The points that the return took, given back."""
    name = "restore-points"

    async def do(task: Task[CanceledReturn]) -> Outcome:
        return await points_restored(systems.loyalty_writes, task.command.authorization, task.key)

    async def find(task: Task[CanceledReturn]) -> Done | None:
        return await entry_of(systems.loyalty_writes, task.key_of(name))

    return Step(
        name=name,
        system=SystemRole.LOYALTY,
        wants="its points to be given back",
        do=do,
        find=find,
        if_refused=IfRefused.ASK_PERSON,
    )


def _reverse_credit_memo(systems: ReturnSystems) -> Step[CanceledReturn]:
    """The credit memo, taken out of the books."""

    async def do(task: Task[CanceledReturn]) -> Outcome:
        return await credit_reversed(systems, task.command.authorization.id, task.key)

    async def find(task: Task[CanceledReturn]) -> Done | None:
        key = PostingKey(PostingSubject.RETURN, task.command.authorization.id)
        facts = await one(systems.finance.postings, key)
        return None if facts is None or facts.reversed_at is None else Done(facts, facts.document_number)

    return Step(
        name="reverse-credit-memo",
        system=SystemRole.ERP,
        wants="its credit memo to be reversed",
        do=do,
        find=find,
        if_refused=IfRefused.ASK_PERSON,
    )
