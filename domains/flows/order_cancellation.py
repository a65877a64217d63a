"""Calling an order off: what is checked at once, and the steps that take back what submitting it did.

The order itself says what pays for it (`Order.redemption_id`, which the OMS keeps), so nothing depends on how long the
journal remembers its submission. Both are flows of one subject, so the submission is over when this begins.
"""

from __future__ import annotations

from datetime import datetime

from domains.customers import HistoryNote
from domains.durable import Accepted, Done, FlowState, IfRefused, NeedsPerson, Outcome, Refused, Step, Task, Workflow
from domains.flows.identity import flow_id_of
from domains.flows.order_books import posting_of, reverse_posting
from domains.flows.order_points import give_back, take_back
from domains.flows.order_systems import OrderNews, OrderSystems, entry_of, note_of, noted, one
from domains.loyalty import RedemptionState
from domains.orders import Order, OrderStatus, cancelable, status_of
from domains.vocabulary import (
    CustomerId,
    IdempotencyKey,
    Instant,
    Money,
    OrderId,
    Record,
    RedemptionId,
    Refusal,
    SystemRole,
    UpstreamRejected,
)


class CancelOrder(Record, frozen=True, kw_only=True):
    """An order to be called off, with what its steps need to know of it."""

    order_id: OrderId
    order_number: str
    customer_id: CustomerId | None = None
    redemption_id: RedemptionId | None = None
    total: Money | None = None
    reason: str | None = None
    requested_at: Instant


class _Standing(Record, frozen=True, kw_only=True):
    """Whether there was anything to cancel, before this flow changed anything."""

    stands: bool


class _Spent(Record, frozen=True, kw_only=True):
    """What the points that came back were worth."""

    value: Money | None = None


Canceling = Task[CancelOrder]


def cancel_order(
    order: Order, reason: str | None, idempotency_key: IdempotencyKey, now: datetime
) -> Accepted[Order] | Refusal:
    """Accept that `order` be called off, or say why not. The answer is the order as it still stands."""
    refusal = cancelable(order)
    if refusal is not None:
        return refusal
    command = CancelOrder(
        order_id=order.id,
        order_number=order.order_number,
        customer_id=order.customer_id,
        redemption_id=order.redemption_id,
        total=order.total,
        reason=reason,
        requested_at=now,
    )
    return Accepted(order, flow_id_of(idempotency_key), "order.cancel", command)


def cancellation_workflow(systems: OrderSystems) -> Workflow[CancelOrder]:
    """The OMS decides; once it has canceled, the rest follows, and what is refused then is for a person."""
    return Workflow(
        kind="order.cancel",
        command=CancelOrder,
        steps=(
            _look_up(systems),
            _cancel_order(systems),
            _reverse_points(systems),
            _reverse_sales_order(systems),
            _take_back_points(systems),
            _note_history(systems),
        ),
        subject=lambda command: f"Order:{command.order_id}",
        title=lambda command: f"cancellation of order {command.order_number}",
        announces={
            FlowState.COMPLETED: "retail.order.canceled.v1",
            FlowState.COMPENSATED: "retail.order.cancellation-refused.v1",
        },
        tells=_news,
    )


def _news(command: CancelOrder) -> OrderNews:
    return OrderNews(
        order_id=command.order_id,
        order_number=command.order_number,
        customer_id=command.customer_id,
        total=command.total,
        reason=command.reason,
    )


def _stood(task: Canceling) -> bool:
    found = task.result("look-up", _Standing)
    return found is not None and found.stands


def _look_up(systems: OrderSystems) -> Step[CancelOrder]:
    """Changes nothing. An order that its submission gave up is not there, or canceled: whatever it did is undone, and
    points that it wanted to spend may be another order's by now."""

    async def do(task: Canceling) -> Outcome:
        order = await one(systems.orders.by_id, task.command.order_id)
        return Done(_Standing(stands=order is not None and status_of(order.facts) is not OrderStatus.CANCELED))

    # What was seen first holds: another look would find the order canceled by this very flow.
    async def find(task: Canceling) -> Done | None:
        seen = task.result("look-up", _Standing)
        return None if seen is None else Done(seen)

    return Step(name="look-up", system=SystemRole.OMS, wants="a look at how far it has come", do=do, find=find)


def _cancel_order(systems: OrderSystems) -> Step[CancelOrder]:
    async def find(task: Canceling) -> Done | None:
        order = await one(systems.orders.by_id, task.command.order_id)
        canceled = order is not None and status_of(order.facts) is OrderStatus.CANCELED
        return Done(reference=task.command.order_number) if canceled else None

    async def do(task: Canceling) -> Outcome:
        try:
            await systems.order_writes.cancel(task.command.order_id, task.key)
        except UpstreamRejected as error:
            if error.reason != "ILLEGAL_TRANSITION":
                raise
            said = "The order can no longer be canceled: part of it has left, or it is over."
            return await find(task) or Refused("ILLEGAL_TRANSITION", said)
        return Done(reference=task.command.order_number)

    return Step(
        name="cancel-order",
        system=SystemRole.OMS,
        wants="the order system to cancel it",
        do=do,
        find=find,
        when=_stood,
    )


def _reverse_points(systems: OrderSystems) -> Step[CancelOrder]:
    async def do(task: Canceling) -> Outcome:
        id_ = task.command.redemption_id
        if id_ is None:
            return Done()
        redemption = await one(systems.loyalty.redemptions, id_)
        if redemption is None:
            return Done()
        outcome = await give_back(systems, redemption.id, task.key)
        # Only what was spent lessened what the order earned; a hold that ran out beforehand did not.
        spent = redemption.state in (RedemptionState.CAPTURED, RedemptionState.REVERSED)
        if isinstance(outcome, Done):
            return Done(_Spent(value=redemption.value if spent else None), outcome.reference)
        return outcome

    # No `find`: what is done next is decided by what the redemption is, so that a repeat changes nothing more.
    return Step(
        name="reverse-points",
        system=SystemRole.LOYALTY,
        wants="its points to be given back",
        do=do,
        when=lambda task: _stood(task) and task.command.redemption_id is not None,
        if_refused=IfRefused.ASK_PERSON,
    )


def _reverse_sales_order(systems: OrderSystems) -> Step[CancelOrder]:
    async def do(task: Canceling) -> Outcome:
        return await reverse_posting(systems, task.command.order_id, task.key)

    async def find(task: Canceling) -> Done | None:
        facts = await posting_of(systems, task.command.order_id)
        reversed_ = facts is not None and facts.reversed_at is not None
        return Done(reference=facts.document_number) if facts is not None and reversed_ else None

    return Step(
        name="reverse-sales-order",
        system=SystemRole.ERP,
        wants="its ERP document to be reversed",
        do=do,
        find=find,
        when=_stood,
        if_refused=IfRefused.ASK_PERSON,
    )


def _take_back_points(systems: OrderSystems) -> Step[CancelOrder]:
    async def do(task: Canceling) -> Outcome:
        command = task.command
        if command.total is None:
            return NeedsPerson("The order system does not say what the order cost, so nobody knows what it earned.")
        spent = task.result("reverse-points", _Spent)
        redeemed = None if spent is None else spent.value
        basis = command.total if redeemed is None else command.total - redeemed
        return await take_back(systems, command.order_id, basis, task.key) if basis.amount > 0 else Done()

    async def find(task: Canceling) -> Done | None:
        return await entry_of(systems.loyalty_writes, task.key)

    return Step(
        name="take-back-points",
        system=SystemRole.LOYALTY,
        wants="what it earned to be taken back",
        do=do,
        find=find,
        when=_stood,
        if_refused=IfRefused.ASK_PERSON,
    )


def _note_history(systems: OrderSystems) -> Step[CancelOrder]:
    async def do(task: Canceling) -> Outcome:
        note = _note(task.command)
        return Done() if note is None else await noted(systems.customer_writes, note, task.key)

    async def find(task: Canceling) -> Done | None:
        note = _note(task.command)
        return None if note is None else await note_of(systems.customer_writes, note)

    return Step(
        name="note-history",
        system=SystemRole.CRM,
        wants="its line in the customer's history",
        do=do,
        find=find,
        when=lambda task: _stood(task) and task.command.customer_id is not None,
        if_refused=IfRefused.ASK_PERSON,
    )


def _note(command: CancelOrder) -> HistoryNote | None:
    if command.customer_id is None:
        return None
    return HistoryNote(
        customer_id=command.customer_id,
        kind="order.canceled",
        about=f"Order:{command.order_id}",
        text=f"Canceled {command.order_number}" + ("." if command.reason is None else f": {command.reason}"),
        occurred_at=command.requested_at,
    )
