"""Submitting an order: accepted or refused at once, and taken by every system afterwards."""

from decimal import Decimal
from typing import Annotated

import msgspec
import strawberry

from domains import flows, loyalty, orders
from domains import inventory as stock
from domains.durable import Accepted
from domains.flows import Checkout
from domains.inventory import ReservationState
from domains.loyalty import RedemptionState
from domains.orders import OrderDraftLine
from domains.vocabulary import CustomerId, IdempotencyKey, InvalidInput, Reading, RedemptionId, Refusal, SystemRole
from resolvers import refusals
from resolvers.context import Caller, Info
from resolvers.directives import LOYALTY_LIVE, OMS_LIVE, Cost
from resolvers.identity import maybe_name, native_id, sku_of
from resolvers.keyed import KEY_DESCRIPTION, as_read, once
from resolvers.marks import tagged
from resolvers.orders import Order
from resolvers.ownership import own_channel, serves
from resolvers.refusals import BackendUnavailable, IdempotencyConflict, RedemptionNotFound, RetryLater
from resolvers.reservation import named_reservation
from resolvers.reserving import ReservationNotFound
from resolvers.vocabulary import Money, MoneyInput


@strawberry.input(description="How much of a product is ordered, and what one of it costs.")
class OrderSubmitLineInput:
    sku: str = strawberry.field(description="The product.")
    quantity: Decimal = strawberry.field(description="How much of it, in its own unit: more than 0.")
    unit_price: MoneyInput = strawberry.field(
        description="What one costs, discounts and tax included, as the channel has told the shopper."
    )


@strawberry.input(description="What is ordered, by whom, and what was set aside for it.")
class OrderSubmitInput:
    lines: list[OrderSubmitLineInput] = strawberry.field(
        description="What is ordered: 1 to 100 lines, exactly what the reservation holds if there is one."
    )
    total: MoneyInput = strawberry.field(
        description="What the shopper was told that it costs: the sum of the lines, each rounded by itself."
    )
    customer_id: strawberry.ID | None = strawberry.field(
        default=None, description="Whose order it is, when an associate submits it; a customer's is always their own."
    )
    email: str | None = strawberry.field(
        default=None, description="Where its customer is reached; a guest's order needs one."
    )
    postal_code: str | None = strawberry.field(
        default=None, description="Where it goes; with it or the email address a guest finds the order again."
    )
    reservation_id: strawberry.ID | None = strawberry.field(
        default=None, description="The reservation that becomes the order's; without one stock is found afterwards."
    )
    redemption_id: strawberry.ID | None = strawberry.field(
        default=None, description="The customer's held points that pay for part of it; they are spent with it."
    )
    channel: str | None = strawberry.field(
        default=None,
        description="Where it is placed: the caller's own channel, and no other, if they are bound to one. Without it "
        "that channel, else STORE for an associate and WEB for anybody else.",
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description=f"{KEY_DESCRIPTION} Callers without an account share their keys, so make it up at random.",
    )


@strawberry.type(
    description="Returned when the reservation has run out, was released, or belongs to an order. Reserve again."
)
class ReservationNotOpen(refusals.Refusal):
    record = flows.ReservationNotOpen

    state: ReservationState = strawberry.field(description="What it is instead.")


@strawberry.type(description="A product of which something else is ordered than was reserved.")
class LineDifference:
    sku: str = strawberry.field(description="The product.")
    ordered: Decimal = strawberry.field(description="How much of it is ordered.")
    reserved: Decimal = strawberry.field(description="How much of it is reserved.")


@strawberry.type(description="Returned when something else is ordered than was reserved.")
class LinesDifferFromReservation(refusals.Refusal):
    record = flows.LinesDifferFromReservation

    differences: list[LineDifference] = strawberry.field(description="Each product that differs.")


@strawberry.type(
    description="Returned when the points are spent, were given back, or have run out. Hold points again, or order "
    "without them."
)
class RedemptionNotHeld(refusals.Refusal):
    record = flows.RedemptionNotHeld

    state: RedemptionState = strawberry.field(description="What the redemption is instead.")


@strawberry.type(description="Returned when the points are worth more than the order costs. Hold fewer.")
class RedemptionExceedsTotal(refusals.Refusal):
    record = flows.RedemptionExceedsTotal

    value: Money = strawberry.field(description="What the points are worth.")


SubmitResult = Annotated[
    Order
    | ReservationNotFound
    | ReservationNotOpen
    | LinesDifferFromReservation
    | RedemptionNotFound
    | RedemptionNotHeld
    | RedemptionExceedsTotal
    | IdempotencyConflict
    | RetryLater
    | BackendUnavailable,
    strawberry.union("OrderSubmitResult", description="The accepted order, or why it is not accepted."),
]

_KEPT = (
    orders.Order,
    stock.ReservationNotFound,
    flows.ReservationNotOpen,
    flows.LinesDifferFromReservation,
    loyalty.RedemptionNotFound,
    flows.RedemptionNotHeld,
    flows.RedemptionExceedsTotal,
)


async def _submit(
    info: Info,
    given: Annotated[OrderSubmitInput, strawberry.argument(name="input", description="What is ordered.")],
) -> Reading[orders.Order] | Refusal:
    context = info.context
    lines = tuple(_line(line, "input", "lines", place) for place, line in enumerate(given.lines))
    customer_id = _whose(context.caller, given.customer_id)
    channel = own_channel(context.caller, given.channel) or ("STORE" if serves(context.caller) else "WEB")
    redemption = _named("LoyaltyRedemption", given.redemption_id, "redemptionId")
    public = _named("InventoryReservation", given.reservation_id, "reservationId")

    async def work(key: IdempotencyKey) -> Accepted[orders.Order] | Refusal:
        reservation_id = None if public is None else named_reservation(info, public)
        if public is not None and reservation_id is None:
            return stock.reservation_not_found()
        checkout = Checkout(
            lines=lines,
            total=given.total.money(),
            channel=channel,
            idempotency_key=key,
            customer_id=customer_id,
            email=maybe_name(given.email, "input", "email"),
            postal_code=maybe_name(given.postal_code, "input", "postalCode"),
            reservation_id=reservation_id,
            redemption_id=None if redemption is None else RedemptionId(redemption),
        )
        return await flows.submit_order(context.retail.inventory, context.retail.loyalty, checkout, context.loaders.now)

    answer = await once(info, "orderSubmit", given.idempotency_key, given, _KEPT, work)
    if isinstance(answer, Refusal):
        return answer
    return msgspec.structs.replace(as_read(info, answer, SystemRole.OMS), source="journal")  # no system has it yet


def _line(line: OrderSubmitLineInput, *path: str | int) -> OrderDraftLine:
    return OrderDraftLine(
        sku=sku_of(line.sku, *path, "sku"), quantity=line.quantity, unit_price=line.unit_price.money()
    )


def _named(type_name: str, given: str | None, member: str) -> str | None:
    return None if given is None else native_id(type_name, given, "input", member)


def _whose(caller: Caller, given: str | None) -> CustomerId | None:
    """Whose order it is. Raises InvalidInput when somebody orders for somebody else who does not serve them."""
    named = _named("Customer", given, "customerId")
    if serves(caller):
        return None if named is None else CustomerId(named)
    if named not in (None, caller.customer_id):
        raise InvalidInput("Only associates order for somebody else.", ("input", "customerId"))
    return caller.customer_id


@strawberry.type
class SubmissionMutation:
    order_submit: object = strawberry.field(
        resolver=_submit,
        graphql_type=SubmitResult | None,
        description="Order. What is accepted is not lost: the order system, the books and the loyalty engine take it "
        "as soon as they can, and what none of them can take is given up as a whole.",
        directives=(*OMS_LIVE, *LOYALTY_LIVE, Cost(loyalty=2), *tagged("checkout")),
    )
