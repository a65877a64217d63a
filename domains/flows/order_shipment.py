"""What follows when an order has left: the points that it earned are no longer pending."""

from __future__ import annotations

from domains.durable import Done, IfRefused, Outcome, Step, Task, Workflow
from domains.flows.order_systems import OrderSystems, entry_of
from domains.vocabulary import OrderId, Record, SystemRole, UpstreamRejected


class OrderShipped(Record, frozen=True, kw_only=True):
    """All of an order has left. Whoever hears so twice may say so twice."""

    order_id: OrderId


def shipped_workflow(systems: OrderSystems) -> Workflow[OrderShipped]:
    """The step behind an order that has left."""
    return Workflow(
        kind="order.shipped",
        command=OrderShipped,
        steps=(_finalise_accrual(systems),),
        subject=lambda command: f"Order:{command.order_id}",
        title=lambda command: f"points of order {command.order_id}",
    )


def _finalise_accrual(systems: OrderSystems) -> Step[OrderShipped]:
    async def do(task: Task[OrderShipped]) -> Outcome:
        try:
            entry = await systems.loyalty_writes.finalise(task.command.order_id, task.key)
        except UpstreamRejected as error:
            # A guest's order earned nothing; and of an order that left twice, the points are posted, or taken back.
            if error.reason in ("ACCRUAL_NOT_FOUND", "ILLEGAL_TRANSITION"):
                return Done()
            raise
        return Done(reference=entry.id)

    async def find(task: Task[OrderShipped]) -> Done | None:
        return await entry_of(systems.loyalty_writes, task.key)

    return Step(
        name="finalise-accrual",
        system=SystemRole.LOYALTY,
        wants="its points to be posted",
        do=do,
        find=find,
        if_refused=IfRefused.ASK_PERSON,
    )
