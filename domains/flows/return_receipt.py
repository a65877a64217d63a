"""Taking returned goods in: the OMS counts them while somebody waits, and the stock of the books follows.

The credit was given when the return was authorized, and is one memo for the whole return. Goods that have not come yet
change nothing: they may still come. Goods that are found to be missing leave a credit nobody has earned, and only a
person can say whether it is written off or asked back.
"""

from __future__ import annotations

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
from domains.finance import GoodsLine, GoodsReceipt, PostingSubject
from domains.flows.identity import flow_id_of
from domains.flows.order_systems import explained
from domains.flows.return_systems import (
    BOOKS_SAY,
    ReturnSystems,
    history_step,
    news_of,
    posted,
    posting_of,
    subject_of,
    title_of,
)
from domains.returns import (
    ReceivedReturn,
    ReceiveReturn,
    ReturnAuthorization,
    ReturnDisposition,
    ReturnedGoods,
    Returns,
    receive,
)
from domains.vocabulary import LocationId, Record, Refusal, SystemRole, UpstreamRejected

RETURN_RECEIVE = "return.receive"


class ReturnReceived(Record, frozen=True, kw_only=True):
    """One delivery of a return. `receipt_id` is its own: a return may come in several."""

    receipt_id: str
    authorization: ReturnAuthorization
    goods: tuple[ReturnedGoods, ...]
    received_at: LocationId | None = None


async def receive_return(returns: Returns, command: ReceiveReturn) -> Accepted[ReturnAuthorization] | Refusal:
    """Take goods in, or say why not. Raises as `domains.returns.receive` does."""
    answer = await receive(returns, command)
    if not isinstance(answer, ReceivedReturn):
        return answer
    flow_id = flow_id_of(command.idempotency_key)
    received = ReturnReceived(
        receipt_id=flow_id.replace("flow-", "receipt-", 1),
        authorization=answer.authorization,
        goods=answer.goods,
        received_at=command.received_at or answer.authorization.authorized_at,
    )
    return Accepted(answer.authorization, flow_id, RETURN_RECEIVE, received)


def return_receipt_workflow(systems: ReturnSystems) -> Workflow[ReturnReceived]:
    """The steps behind goods that were taken in. They are there, so nothing goes back."""
    return Workflow(
        kind=RETURN_RECEIVE,
        command=ReturnReceived,
        steps=(
            _post_goods(systems),
            history_step(systems, lambda task: task.command.authorization, "return.received", _said),
            _settle_missing(),
        ),
        subject=lambda command: subject_of(command.authorization.id),
        title=lambda command: title_of(command.authorization),
        announces={
            FlowState.ACCEPTED: "retail.return.received.v1",
            FlowState.COMPLETED: "retail.return.changed.v1",
        },
        tells=lambda command: news_of(command.authorization),
    )


def _post_goods(systems: ReturnSystems) -> Step[ReturnReceived]:
    """The goods in the books: where they are, and what becomes of them."""

    async def do(task: Task[ReturnReceived]) -> Outcome:
        command = task.command
        receipt = GoodsReceipt(
            id=command.receipt_id,
            return_id=command.authorization.id,
            location_id=command.received_at,
            lines=tuple(
                GoodsLine(sku=goods.sku, quantity=goods.quantity, disposition=goods.disposition.value)
                for goods in command.goods
            ),
        )
        try:
            return posted(await systems.finance_writes.post_goods(receipt, task.key))
        except UpstreamRejected as error:
            return explained(error, BOOKS_SAY)

    async def find(task: Task[ReturnReceived]) -> Done | None:
        return await posting_of(systems.finance, PostingSubject.RECEIPT, task.command.receipt_id)

    return Step(
        name="post-goods",
        system=SystemRole.ERP,
        wants="its goods receipt",
        do=do,
        find=find,
        if_refused=IfRefused.ASK_PERSON,
    )


def _said(task: Task[ReturnReceived]) -> str:
    """The receipt's id tells one delivery of the same goods from the next."""
    command = task.command
    number = command.authorization.rma_number
    return f"Return {number} was received: {_counted(command.goods)}. Receipt {command.receipt_id}."


def _settle_missing() -> Step[ReturnReceived]:
    """What was credited and did not come. No system is asked: this is where a person is."""

    async def do(task: Task[ReturnReceived]) -> Outcome:
        missing = tuple(goods for goods in task.command.goods if goods.disposition is ReturnDisposition.MISSING)
        return NeedsPerson(
            f"{_counted(missing)} of {title_of(task.command.authorization)} did not come back, and its credit memo and "
            "points stand as authorized. Write the difference off or ask it back from the customer, then resolve this."
        )

    return Step(
        name="settle-missing",
        system=SystemRole.ERP,
        wants="a decision about what is missing",
        do=do,
        when=lambda task: any(goods.disposition is ReturnDisposition.MISSING for goods in task.command.goods),
        if_refused=IfRefused.ASK_PERSON,
    )


def _counted(goods: tuple[ReturnedGoods, ...]) -> str:
    return ", ".join(f"{one.quantity:f} of {one.sku} ({one.disposition.value.lower()})" for one in goods)
