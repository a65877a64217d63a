"""Authorizing a return: the OMS is asked while somebody waits, and the points and the books follow.

No step goes back by itself. The customer was told yes, and perhaps left the goods at the desk: whether to make the
systems agree and try again, or to take the promise back, is for a person to say. Canceling the flow takes it back.
"""

from __future__ import annotations

from datetime import datetime

from domains.durable import (
    Accepted,
    Done,
    FlowState,
    IfRefused,
    NeedsPerson,
    Outcome,
    Step,
    Task,
    Workflow,
)
from domains.finance import CreditMemo, PostingSubject
from domains.flows.identity import flow_id_of
from domains.flows.order_systems import entry_of, explained
from domains.flows.return_recording import AuthorizedReturn, record_return, settled, stands
from domains.flows.return_systems import (
    BOOKS_SAY,
    NOTHING_EARNED,
    ReturnSystems,
    credit_reversed,
    history_step,
    news_of,
    points_restored,
    posted,
    posting_of,
    reversal_of,
    subject_of,
    title_of,
)
from domains.returns import (
    ApproveReturn,
    AuthorizeReturn,
    ReturnAuthorization,
    Returns,
    approve,
    authorize,
)
from domains.vocabulary import IdempotencyKey, Refusal, SystemRole, UpstreamRejected

RETURN_AUTHORIZE = "return.authorize"


async def authorize_return(
    returns: Returns, command: AuthorizeReturn, now: datetime
) -> Accepted[ReturnAuthorization] | Refusal:
    """Authorize a return, or say why not. Raises as `domains.returns.authorize` does."""
    answer = await authorize(returns, command, now)
    if isinstance(answer, Refusal):
        return answer
    return _accepted(answer, command.idempotency_key, command if answer.provisional else None)


async def approve_return(returns: Returns, command: ApproveReturn) -> Accepted[ReturnAuthorization] | Refusal:
    """Authorize a requested return, or say why not. Raises as `domains.returns.approve` does."""
    answer = await approve(returns, command)
    return answer if isinstance(answer, Refusal) else _accepted(answer, command.idempotency_key, None)


def _accepted(
    answer: ReturnAuthorization, key: IdempotencyKey, promised: AuthorizeReturn | None
) -> Accepted[ReturnAuthorization]:
    command = AuthorizedReturn(authorization=answer, promised=promised)
    return Accepted(answer, flow_id_of(key), RETURN_AUTHORIZE, command)


def return_authorization_workflow(systems: ReturnSystems) -> Workflow[AuthorizedReturn]:
    """The steps behind an authorized return. They make it void when a person cancels the flow."""
    return Workflow(
        kind=RETURN_AUTHORIZE,
        command=AuthorizedReturn,
        steps=(
            record_return(systems),
            _reverse_points(systems),
            _post_credit_memo(systems),
            history_step(systems, settled, "return.authorized", _said, when=stands),
        ),
        subject=lambda command: subject_of(command.authorization.id),
        # Goods that were bought and brought back on one day: what they earned is noted first, and then taken back.
        behind=lambda command: f"Order:{command.authorization.order_id}",
        title=lambda command: title_of(command.authorization),
        announces={
            FlowState.ACCEPTED: "retail.return.authorized.v1",
            FlowState.COMPLETED: "retail.return.changed.v1",
            FlowState.COMPENSATED: "retail.return.voided.v1",
            FlowState.CANCELED: "retail.return.voided.v1",
        },
        tells=lambda command: news_of(command.authorization),
    )


def _reverse_points(systems: ReturnSystems) -> Step[AuthorizedReturn]:
    """The points that the goods earned, taken back; how many the engine works out of what was paid for them."""
    writes = systems.loyalty_writes
    name = "reverse-points"

    async def do(task: Task[AuthorizedReturn]) -> Outcome:
        reversal = reversal_of(settled(task))
        if isinstance(reversal, NeedsPerson):
            return reversal
        try:
            entry = await writes.take_back(reversal, task.key)
        except UpstreamRejected as error:
            return Done() if error.reason in NOTHING_EARNED else explained(error, {})
        return Done(entry, entry.id)

    async def find(task: Task[AuthorizedReturn]) -> Done | None:
        return await entry_of(writes, task.key_of(name))

    async def undo(task: Task[AuthorizedReturn]) -> Outcome:
        return await points_restored(writes, settled(task), task.key)

    return Step(
        name=name,
        system=SystemRole.LOYALTY,
        wants="its points to be taken back",
        do=do,
        find=find,
        undo=undo,
        when=stands,
        if_refused=IfRefused.ASK_PERSON,
    )


def _post_credit_memo(systems: ReturnSystems) -> Step[AuthorizedReturn]:
    """What the customer gets back, in the books."""

    async def do(task: Task[AuthorizedReturn]) -> Outcome:
        returned = settled(task)
        if returned.estimated_refund is None:
            return NeedsPerson(f"Nobody knows what {title_of(returned)} refunds, so no credit memo can be posted.")
        memo = CreditMemo(
            return_id=returned.id,
            rma_number=returned.rma_number,
            order_id=returned.order_id,
            amount=returned.estimated_refund,
        )
        try:
            return posted(await systems.finance_writes.post_credit(memo, task.key))
        except UpstreamRejected as error:
            return explained(error, BOOKS_SAY)

    async def find(task: Task[AuthorizedReturn]) -> Done | None:
        return await posting_of(systems.finance, PostingSubject.RETURN, task.command.authorization.id)

    async def undo(task: Task[AuthorizedReturn]) -> Outcome:
        return await credit_reversed(systems, task.command.authorization.id, task.key)

    return Step(
        name="post-credit-memo",
        system=SystemRole.ERP,
        wants="its credit memo",
        do=do,
        find=find,
        undo=undo,
        when=_refunds,
        if_refused=IfRefused.ASK_PERSON,
    )


def _refunds(task: Task[AuthorizedReturn]) -> bool:
    """Whether there is anything to credit, or nobody knows."""
    refund = settled(task).estimated_refund
    return stands(task) and (refund is None or refund.amount > 0)


def _said(task: Task[AuthorizedReturn]) -> str:
    returned = settled(task)
    refund = returned.estimated_refund
    given = "" if refund is None else f": {refund.amount} {refund.currency_code} to be refunded"
    return f"Return {returned.rma_number} of order {returned.order_id} was authorized{given}."
