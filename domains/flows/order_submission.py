"""Submitting an order: what is checked while the shopper waits.

The ERP is not asked, and no two systems are asked one after the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from domains.durable import Accepted
from domains.flows.identity import flow_id_of
from domains.flows.order_checkout import Checkout, check, line_total
from domains.flows.order_identity import order_id_of, order_number_of
from domains.flows.order_refusals import (
    LineDifference,
    LinesDifferFromReservation,
    RedemptionExceedsTotal,
    RedemptionNotHeld,
    ReservationNotOpen,
)
from domains.inventory import Inventory, InventoryReservation, ReservationState, reservation_not_found
from domains.loyalty import Loyalty, LoyaltyRedemption, RedemptionNotFound, RedemptionState
from domains.orders import Lifecycle, Order, OrderDraftLine, OrderFacts, OrderLine
from domains.vocabulary import (
    BackendUnavailable,
    CustomerId,
    Fetch,
    FreshnessTier,
    Instant,
    InvalidInput,
    MembershipId,
    Money,
    OrderId,
    Record,
    RedemptionId,
    Refusal,
    Sku,
    SystemRole,
    UpstreamError,
    UpstreamRejected,
    freshest_within,
    not_asked,
)

K = TypeVar("K")
T = TypeVar("T")

_UNCHANGED = "Nothing was ordered."


class SubmitOrder(Record, frozen=True, kw_only=True):
    """An order that was accepted, with all that its steps need. `redeemed` is the part of `total` paid with points.

    Without a redemption nobody has asked for the customer's membership yet: the step that needs it does.
    """

    order_id: OrderId
    order_number: str
    customer_id: CustomerId | None = None
    email: str | None = None
    postal_code: str | None = None
    channel: str
    lines: tuple[OrderDraftLine, ...]
    total: Money
    redeemed: Money | None = None
    reservation_id: str | None = None
    redemption_id: RedemptionId | None = None
    membership_id: MembershipId | None = None
    placed_at: Instant


class _Points(Record, frozen=True, kw_only=True):
    """Whose points pay for how much."""

    membership_id: MembershipId | None = None
    redeemed: Money | None = None


async def submit_order(
    inventory: Inventory, loyalty: Loyalty, checkout: Checkout, now: datetime
) -> Accepted[Order] | Refusal:
    """Accept an order, or say why not.

    Waits for the slower of the OMS, if something was reserved, and the loyalty engine, if points are to be spent.
    Raises InvalidInput for what no channel should send, and UpstreamRejected when a system refuses to be asked.
    """
    check(checkout)
    reservation, points = await asyncio.gather(_reservation(inventory, checkout, now), _points(loyalty, checkout, now))
    if reservation is not None:
        return reservation
    if isinstance(points, Refusal):
        return points
    order_id = order_id_of(checkout.idempotency_key)
    command = SubmitOrder(
        order_id=order_id,
        order_number=order_number_of(order_id),
        customer_id=checkout.customer_id,
        email=checkout.email,
        postal_code=checkout.postal_code,
        channel=checkout.channel,
        lines=checkout.lines,
        total=checkout.total,
        redeemed=points.redeemed,
        reservation_id=checkout.reservation_id,
        redemption_id=checkout.redemption_id,
        membership_id=points.membership_id,
        placed_at=now,
    )
    return Accepted(accepted_order(command), flow_id_of(checkout.idempotency_key), "order.submit", command)


def accepted_order(command: SubmitOrder) -> Order:
    """The order as its customer is told of it, before the OMS has it. Lines are numbered from 1."""
    return Order(
        id=command.order_id,
        order_number=command.order_number,
        channel=command.channel,
        placed_at=command.placed_at,
        customer_id=command.customer_id,
        email=command.email,
        postal_code=command.postal_code,
        facts=OrderFacts(lifecycle=Lifecycle.CREATED),
        lines=tuple(
            OrderLine(
                id=str(place), sku=line.sku, unit_price=line.unit_price, total=line_total(line), ordered=line.quantity
            )
            for place, line in enumerate(command.lines, start=1)
        ),
        total=command.total,
        redemption_id=command.redemption_id,
    )


async def _reservation(inventory: Inventory, checkout: Checkout, now: datetime) -> Refusal | None:
    """Why the order cannot have its reservation; None when it can, or needs none."""
    if checkout.reservation_id is None:
        return None
    found = await _asked(inventory.reservations, checkout.reservation_id, "order system")
    if isinstance(found, BackendUnavailable):
        return found
    if found is None:
        return reservation_not_found()
    state = _state(found, now)
    if state is not ReservationState.CREATED:
        return ReservationNotOpen(
            message=f"The reservation is {_RESERVED[state]}. Reserve again.",
            path=("input", "reservationId"),
            state=state,
        )
    differences = _differences(checkout, found)
    if differences:
        return LinesDifferFromReservation(
            message="Something else is ordered than was reserved. Order what was reserved, or reserve again.",
            path=("input", "lines"),
            differences=differences,
        )
    return None


def _state(reservation: InventoryReservation, now: datetime) -> ReservationState:
    over = reservation.expires_at is not None and reservation.expires_at <= now
    return ReservationState.EXPIRED if over and reservation.state is ReservationState.CREATED else reservation.state


_RESERVED = {
    ReservationState.COMMITTED: "an order's already",
    ReservationState.RELEASED: "released",
    ReservationState.EXPIRED: "expired",
    ReservationState.FULFILLED: "an order's already",
    ReservationState.UNKNOWN: "no longer open",
}


def _differences(checkout: Checkout, reservation: InventoryReservation) -> tuple[LineDifference, ...]:
    """By product: the OMS may have split a line over several places."""
    ordered = _summed((line.sku, line.quantity) for line in checkout.lines)
    reserved = _summed((line.sku, line.quantity) for line in reservation.lines)
    nothing = Decimal(0)
    return tuple(
        LineDifference(sku=sku, ordered=ordered.get(sku, nothing), reserved=reserved.get(sku, nothing))
        for sku in {**ordered, **reserved}
        if ordered.get(sku, nothing) != reserved.get(sku, nothing)
    )


def _summed(lines: Iterable[tuple[Sku, Decimal]]) -> Mapping[Sku, Decimal]:
    summed: dict[Sku, Decimal] = {}
    for sku, quantity in lines:
        summed[sku] = summed.get(sku, Decimal(0)) + quantity
    return summed


async def _points(loyalty: Loyalty, checkout: Checkout, now: datetime) -> _Points | Refusal:
    """Whose points pay for how much of the order, or why they cannot."""
    if checkout.redemption_id is None or checkout.customer_id is None:
        return _Points()
    redeemed = _asked(loyalty.redemptions, checkout.redemption_id, "loyalty engine")
    owned = _asked(loyalty.by_customer, checkout.customer_id, "loyalty engine")
    redemption, membership = await asyncio.gather(redeemed, owned)
    if isinstance(redemption, BackendUnavailable):
        return redemption
    if isinstance(membership, BackendUnavailable):
        return membership
    if redemption is None or membership is None or redemption.membership_id != membership.id:
        return RedemptionNotFound(
            message=f"The customer has no redemption {checkout.redemption_id}. Check the id.",
            path=("input", "redemptionId"),
        )
    return _worth(redemption, checkout.total, now)


def _worth(redemption: LoyaltyRedemption, total: Money, now: datetime) -> _Points | Refusal:
    path = ("input", "redemptionId")
    over = redemption.expires_at is not None and redemption.expires_at <= now
    state = RedemptionState.EXPIRED if over and redemption.state is RedemptionState.HELD else redemption.state
    if state is not RedemptionState.HELD:
        said = "no longer held" if state is RedemptionState.UNKNOWN else state.value.lower()
        return RedemptionNotHeld(message=f"The redemption is {said}. Hold points again.", path=path, state=state)
    value = redemption.value
    if value is None or value.currency_code != total.currency_code:
        raise InvalidInput(f"These points are worth nothing in {total.currency_code}.", path)
    if total < value:
        return RedemptionExceedsTotal(
            message="The points are worth more than the order costs. Hold fewer points.", path=path, value=value
        )
    return _Points(membership_id=redemption.membership_id, redeemed=value)


async def _asked(fetch: Fetch[K, T], key: K, who: str) -> T | BackendUnavailable | None:
    """What a system says of `key` now. What was last known while it fails is no ground to take an order on."""
    try:
        with freshest_within(0):
            reading = (await fetch(frozenset({key}))).get(key)
    except UpstreamRejected:
        raise
    except UpstreamError as error:
        return not_asked(error, who, _UNCHANGED)
    if reading is None:
        return None
    if reading.tier is FreshnessTier.STALE_DEGRADED:
        return BackendUnavailable(
            message=f"The {who} cannot be asked now. {_UNCHANGED} Try again with the same idempotency key.",
            retryable=True,
            system=_ASKED[who],
        )
    return reading.value


_ASKED = {"order system": SystemRole.OMS, "loyalty engine": SystemRole.LOYALTY}
