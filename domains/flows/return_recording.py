"""A return at the OMS: written while the caller waited, or, when it was promised, once the OMS can be asked again."""

from __future__ import annotations

from domains.durable import Done, IfRefused, NeedsPerson, Outcome, Refused, RetryAfter, Step, Task
from domains.flows.order_systems import explained, one
from domains.flows.return_systems import ReturnSystems, title_of
from domains.returns import AuthorizeReturn, ReturnAuthorization, Returns, ReturnStatus, confirm
from domains.vocabulary import InvalidInput, Record, Refusal, SystemRole, UpstreamRejected

RECORD_RETURN = "record-return"

_OMS_SAYS = {
    "ORDER_NOT_FOUND": "There is no such order.",
    "QUANTITY_EXCEEDED": "Some of the items have been returned otherwise.",
    "RMA_NUMBER_TAKEN": "Another return has this number.",
}


class AuthorizedReturn(Record, frozen=True, kw_only=True):
    """A return that was authorized. `promised` is what the OMS has yet to record, for a provisional one."""

    authorization: ReturnAuthorization
    promised: AuthorizeReturn | None = None


def settled(task: Task[AuthorizedReturn]) -> ReturnAuthorization:
    """The return as the OMS has it: only the OMS knows for certain what a promised one refunds."""
    return task.result(RECORD_RETURN, ReturnAuthorization) or task.command.authorization


def stands(task: Task[AuthorizedReturn]) -> bool:
    """Whether there is a return at all: a person may have settled a promise that the OMS refused by not keeping it."""
    return task.command.promised is None or task.result(RECORD_RETURN, ReturnAuthorization) is not None


def record_return(systems: ReturnSystems) -> Step[AuthorizedReturn]:
    """Keep the promise, under the name that was promised. Its undo cancels the return, promised or not."""
    returns = systems.returns

    async def find(task: Task[AuthorizedReturn]) -> Done | None:
        recorded = await one(returns.by_id, task.command.authorization.id)
        return None if recorded is None else Done(recorded, recorded.rma_number)

    async def do(task: Task[AuthorizedReturn]) -> Outcome:
        command = task.command
        if command.promised is None:
            return Done(command.authorization, command.authorization.rma_number)
        # The first try was made while the caller waited, under another key, and may have been done unheard.
        before = await find(task)
        if before is not None:
            return before
        outcome = await _confirmed(returns, command.promised, task)
        return _told(command.authorization, outcome) if isinstance(outcome, Refused) else outcome

    async def undo(task: Task[AuthorizedReturn]) -> Outcome:
        returned = task.command.authorization
        try:
            await returns.cancel(returned.id, task.key)
        except UpstreamRejected as error:
            if error.reason not in ("RETURN_NOT_FOUND", "ILLEGAL_TRANSITION"):
                raise
            recorded = await one(returns.by_id, returned.id)
            if recorded is not None and recorded.status is not ReturnStatus.CANCELED:
                return NeedsPerson(f"The order system does not cancel {title_of(returned)} any more.")
        return Done(reference=returned.rma_number)

    return Step(
        name=RECORD_RETURN,
        system=SystemRole.OMS,
        wants="its record in the order system",
        do=do,
        find=find,
        undo=undo,
        if_refused=IfRefused.ASK_PERSON,
    )


async def _confirmed(returns: Returns, promised: AuthorizeReturn, task: Task[AuthorizedReturn]) -> Outcome:
    promised_at = task.command.authorization.created_at or task.accepted_at
    try:
        answer = await confirm(returns, promised, task.key, promised_at)
    except UpstreamRejected as error:
        if error.reason == "RETURN_ID_TAKEN":  # the first try has arrived after all, and is found there
            return RetryAfter("OMS has it by now", unheard=True)
        return explained(error, _OMS_SAYS)
    except InvalidInput as error:
        return Refused(error.code, error.message)
    if isinstance(answer, Refusal):
        return Refused(answer.code, answer.message)
    return Done(answer, answer.rma_number)


def _told(returned: ReturnAuthorization, refused: Refused) -> Refused:
    """In words for whoever has to tell the customer."""
    return Refused(
        refused.code,
        f"Provisional RMA {returned.rma_number} was refused by the OMS: {refused.why} The customer was told yes.",
    )
