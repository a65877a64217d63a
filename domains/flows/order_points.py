"""What an order does to its customer's points: some are spent on it, some are earned, and both can be taken back."""

from __future__ import annotations

from domains.durable import Done, IfRefused, Outcome, Refused, RetryAfter, Step, Task
from domains.flows.order_submission import SubmitOrder
from domains.flows.order_systems import OrderSystems, entry_of, explained, one
from domains.inventory import ReservationState
from domains.loyalty import Accrual, AccrualReversal, RedemptionState
from domains.vocabulary import IdempotencyKey, Money, OrderId, RedemptionId, SystemRole, UpstreamRejected

Ordering = Task[SubmitOrder]

CAPTURE = "capture-points"

_UNSAID = "LOYALTY does not say what became of the points"


def check_points(systems: OrderSystems) -> Step[SubmitOrder]:
    """Changes nothing, and so spares the OMS an order whose points ran out while it waited. Its undo is the end of the
    hold, which was made for this order before there was a flow."""

    async def do(task: Ordering) -> Outcome:
        id_ = task.command.redemption_id
        state = None if id_ is None else await _state_of(systems, id_)
        if state is None:
            return Refused("REDEMPTION_NOT_FOUND", "The loyalty engine no longer knows the points of this order.")
        if state is RedemptionState.UNKNOWN:
            return RetryAfter(_UNSAID)
        # Spent already, when somebody sent the flow back to this step after its own capture.
        if state is RedemptionState.HELD or await entry_of(systems.loyalty_writes, task.key_of(CAPTURE)):
            return Done()
        return Refused("REDEMPTION_NOT_HELD", f"The points of this order are {state.value.lower()}.")

    # There is nothing to look for but the hold itself, which is to be given back where there is one.
    async def find(task: Ordering) -> Done | None:
        id_ = task.command.redemption_id
        return Done() if id_ is not None and await _state_of(systems, id_) is RedemptionState.HELD else None

    async def undo(task: Ordering) -> Outcome:
        id_ = task.command.redemption_id
        if id_ is None or await _state_of(systems, id_) is not RedemptionState.HELD:
            return Done()
        return Done() if await _another_has_it(systems, task.command) else await give_back(systems, id_, task.key)

    return Step(
        name="check-points",
        system=SystemRole.LOYALTY,
        wants="a look at its points",
        do=do,
        find=find,
        undo=undo,
        when=_pays_with_points,
    )


async def _another_has_it(systems: OrderSystems, command: SubmitOrder) -> bool:
    """Whether the same basket was submitted twice, and the other order is about to spend these points."""
    if command.reservation_id is None:
        return False
    reservation = await one(systems.inventory.reservations, command.reservation_id)
    if reservation is None or reservation.state is not ReservationState.COMMITTED:
        return False
    return await one(systems.orders.by_id, command.order_id) is None


def capture_points(systems: OrderSystems) -> Step[SubmitOrder]:
    async def do(task: Ordering) -> Outcome:
        id_ = task.command.redemption_id
        if id_ is None:
            return Done()
        try:
            redemption = await systems.loyalty_writes.capture(id_, task.key)
        except UpstreamRejected as error:
            said = "The points of this order are no longer held: they ran out, were given back, or are spent."
            return explained(error, {"ILLEGAL_TRANSITION": said})
        return Done(reference=redemption.id)

    # By the key and not by the redemption's state: another order may have spent the same points.
    async def find(task: Ordering) -> Done | None:
        return await entry_of(systems.loyalty_writes, task.key)

    async def undo(task: Ordering) -> Outcome:
        id_ = task.command.redemption_id
        return Done() if id_ is None else await give_back(systems, id_, task.key)

    return Step(
        name=CAPTURE,
        system=SystemRole.LOYALTY,
        wants="its points to be spent",
        do=do,
        find=find,
        undo=undo,
        when=_pays_with_points,
    )


def accrue_points(systems: OrderSystems) -> Step[SubmitOrder]:
    async def do(task: Ordering) -> Outcome:
        command = task.command
        membership_id = command.membership_id
        if membership_id is None and command.customer_id is not None:
            membership = await one(systems.loyalty.by_customer, command.customer_id)
            membership_id = None if membership is None else membership.id
        if membership_id is None or basis_of(command).amount <= 0:
            return Done()
        accrual = Accrual(membership_id=membership_id, order_id=command.order_id, basis=basis_of(command))
        entry = await systems.loyalty_writes.accrue(accrual, task.key)
        return Done(entry, entry.id)

    async def find(task: Ordering) -> Done | None:
        return await entry_of(systems.loyalty_writes, task.key)

    async def undo(task: Ordering) -> Outcome:
        command = task.command
        return await take_back(systems, command.order_id, basis_of(command), task.key)

    return Step(
        name="accrue-points",
        system=SystemRole.LOYALTY,
        wants="its points to be noted",
        do=do,
        find=find,
        undo=undo,
        when=lambda task: task.command.membership_id is not None or task.command.customer_id is not None,
        if_refused=IfRefused.ASK_PERSON,
    )


async def give_back(systems: OrderSystems, redemption_id: RedemptionId, key: IdempotencyKey) -> Outcome:
    """Give points back, whether they are held or spent; nothing when they are neither. Raises UpstreamError."""
    before = await _state_of(systems, redemption_id)
    try:
        if before is RedemptionState.CAPTURED:
            await systems.loyalty_writes.reverse(redemption_id, key)
        elif before is RedemptionState.HELD:
            await systems.loyalty.void(redemption_id, key)
        elif before is RedemptionState.UNKNOWN:
            return RetryAfter(_UNSAID)
    except UpstreamRejected:
        if await _state_of(systems, redemption_id) is before:
            raise
        # It ran out, or somebody else gave it back or spent it, since it was read.
    return Done(reference=redemption_id)


async def take_back(systems: OrderSystems, order_id: OrderId, basis: Money, key: IdempotencyKey) -> Done:
    """Take back all that the order earned; nothing when it earned nothing, or that was done. Raises UpstreamError.

    Whoever takes back the whole order does it under the same reference, so that it is done once.
    """
    reversal = AccrualReversal(order_id=order_id, reference=f"Order:{order_id}", basis=basis)
    try:
        entry = await systems.loyalty_writes.take_back(reversal, key)
    except UpstreamRejected as error:
        if error.reason in ("ACCRUAL_NOT_FOUND", "ILLEGAL_TRANSITION"):
            return Done()
        raise
    return Done(reference=entry.id)


def basis_of(command: SubmitOrder) -> Money:
    """What is paid in money: points are not earned with points."""
    return command.total if command.redeemed is None else command.total - command.redeemed


def _pays_with_points(task: Ordering) -> bool:
    return task.command.redemption_id is not None


async def _state_of(systems: OrderSystems, redemption_id: RedemptionId) -> RedemptionState | None:
    redemption = await one(systems.loyalty.redemptions, redemption_id)
    return None if redemption is None else redemption.state
