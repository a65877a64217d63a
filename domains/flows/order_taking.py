"""What follows an accepted order: the OMS takes it, points are spent and earned, the books and the CRM are told."""

from __future__ import annotations

from domains.customers import HistoryNote
from domains.durable import Done, FlowState, IfRefused, NeedsPerson, Outcome, Step, Task, Workflow
from domains.flows.order_books import post_sales_order
from domains.flows.order_points import accrue_points, capture_points, check_points
from domains.flows.order_submission import SubmitOrder
from domains.flows.order_systems import OrderNews, OrderSystems, explained, note_of, noted, one
from domains.orders import OrderDraft, OrderStatus, status_of
from domains.vocabulary import SystemRole, UpstreamRejected

Ordering = Task[SubmitOrder]

_TAKEN = {
    "RESERVATION_NOT_OPEN": "The order system no longer has the reservation: it ran out, or another order took it.",
    "INSUFFICIENT_STOCK": "There is no longer enough stock.",
}


def submission_workflow(systems: OrderSystems) -> Workflow[SubmitOrder]:
    """The steps behind an accepted order.

    Until the points are spent, a refusal ends the order: it is canceled, and what was held for it is given back. From
    then on the customer has their order, and what the books or the ledger refuse is for a person to put right.
    """
    return Workflow(
        kind="order.submit",
        command=SubmitOrder,
        steps=(
            check_points(systems),
            _take_order(systems),
            capture_points(systems),
            post_sales_order(systems),
            accrue_points(systems),
            _note_history(systems),
        ),
        subject=lambda command: f"Order:{command.order_id}",
        title=lambda command: f"order {command.order_number}",
        announces={
            FlowState.ACCEPTED: "retail.order.accepted.v1",
            FlowState.COMPLETED: "retail.order.completed.v1",
            FlowState.COMPENSATED: "retail.order.refused.v1",
            FlowState.CANCELED: "retail.order.canceled.v1",
        },
        tells=_news,
    )


def _news(command: SubmitOrder) -> OrderNews:
    return OrderNews(
        order_id=command.order_id,
        order_number=command.order_number,
        customer_id=command.customer_id,
        channel=command.channel,
        total=command.total,
    )


def _take_order(systems: OrderSystems) -> Step[SubmitOrder]:
    async def find(task: Ordering) -> Done | None:
        order = await one(systems.orders.by_id, task.command.order_id)
        return None if order is None else Done(reference=order.order_number)

    async def do(task: Ordering) -> Outcome:
        command = task.command
        draft = OrderDraft(
            order_id=command.order_id,
            order_number=command.order_number,
            customer_id=command.customer_id,
            email=command.email,
            postal_code=command.postal_code,
            channel=command.channel,
            reservation_id=command.reservation_id,
            redemption_id=command.redemption_id,
            lines=command.lines,
        )
        try:
            order = await systems.order_writes.take(draft, task.key)
        except UpstreamRejected as error:
            # The id is ours alone, so whoever has taken it has taken it for us.
            taken = await find(task) if error.reason == "ORDER_ID_TAKEN" else None
            return taken or explained(error, _TAKEN)
        return Done(reference=order.order_number)

    async def undo(task: Ordering) -> Outcome:
        try:
            await systems.order_writes.cancel(task.command.order_id, task.key)
        except UpstreamRejected as error:
            if error.reason not in ("ORDER_NOT_FOUND", "ILLEGAL_TRANSITION"):
                raise
            order = await one(systems.orders.by_id, task.command.order_id)
            if order is not None and status_of(order.facts) is not OrderStatus.CANCELED:
                return NeedsPerson(
                    "The order could not be completed, and the order system will not cancel it any more."
                )
        return Done()

    return Step(
        name="take-order", system=SystemRole.OMS, wants="the order system to take it", do=do, find=find, undo=undo
    )


def _note_history(systems: OrderSystems) -> Step[SubmitOrder]:
    async def do(task: Ordering) -> Outcome:
        note = _note(task.command)
        return Done() if note is None else await noted(systems.customer_writes, note, task.key)

    async def find(task: Ordering) -> Done | None:
        note = _note(task.command)
        return None if note is None else await note_of(systems.customer_writes, note)

    return Step(
        name="note-history",
        system=SystemRole.CRM,
        wants="its line in the customer's history",
        do=do,
        find=find,
        when=lambda task: task.command.customer_id is not None,
        if_refused=IfRefused.ASK_PERSON,
    )


def _note(command: SubmitOrder) -> HistoryNote | None:
    if command.customer_id is None:
        return None
    total = command.total.rounded()
    return HistoryNote(
        customer_id=command.customer_id,
        kind="order.submitted",
        about=f"Order:{command.order_id}",
        text=f"Ordered {command.order_number} for {total.amount} {total.currency_code}.",
        occurred_at=command.placed_at,
    )
