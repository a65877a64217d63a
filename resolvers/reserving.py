"""Setting stock aside for a basket, and giving it back."""

from decimal import Decimal
from typing import Annotated

import strawberry

from domains import inventory
from domains.inventory import PromiseChangeReason, ReleaseReservation, ReservationState, ReserveLine, ReserveStock
from domains.vocabulary import IdempotencyKey, LocationId, Refusal
from resolvers import refusals
from resolvers.context import Info
from resolvers.directives import OMS_LIVE, OMS_OR_BOOKS
from resolvers.enums import described
from resolvers.identity import name_of, native_id, public_id, sku_of
from resolvers.inventory import LineAvailability
from resolvers.keyed import KEY_DESCRIPTION, once
from resolvers.marks import tagged
from resolvers.refusals import BackendUnavailable, IdempotencyConflict, RetryLater
from resolvers.reservation import InventoryReservation, named_reservation

RESERVE_S = 900
"""A quarter of an hour: a checkout's length, with a pause for finding the card."""

described(
    PromiseChangeReason,
    "Why a promise is not kept.",
    STOCK_GONE="There is no longer so much of it.",
    EXPIRED="The promise is too old.",
    INVALID="The token is not one of ours, or not whole.",
    DOES_NOT_FIT="The promise is of another item or place, or was given to another audience.",
    EXCEEDED="The lines of this item together ask for more than was promised.",
)


@strawberry.input(description="How much of a product to set aside, and where.")
class InventoryReservationLineInput:
    sku: str = strawberry.field(description="The product.")
    quantity: Decimal = strawberry.field(description="How much of it, in its own unit: more than 0.")
    location_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Where; without it, where the promise says, or wherever the order system finds it to ship.",
    )
    promise_token: str | None = strawberry.field(
        default=None,
        description="What an Availability promised: the line is then reserved as promised, or PromiseChanged says why "
        "not. Less than was promised may be asked for.",
    )


@strawberry.input(description="Which stock to set aside.")
class InventoryReservationCreateInput:
    lines: list[InventoryReservationLineInput] = strawberry.field(
        description=f"The basket, 1 to {inventory.LINES_MAX} lines. Lines of one item are taken together."
    )
    ttl_seconds: int = strawberry.field(
        default=RESERVE_S,
        description=f"After how many seconds it is given back by itself: {inventory.TTL_MIN_S} to "
        f"{inventory.TTL_MAX_S}.",
    )
    basket_reference: str | None = strawberry.field(
        default=None, description="Names the basket, for people and reports."
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description=f"{KEY_DESCRIPTION} Callers without an account share their keys, so make it up at random.",
    )


@strawberry.input(description="Which reservation to give back.")
class InventoryReservationReleaseInput:
    reservation_id: strawberry.ID = strawberry.field(description="The reservation's id, as it was given.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.type(
    description="Returned when the whole basket cannot be had. It is told which lines fell short, and what there is of "
    "them now; where all would fit by now, all are told and the refusal is retryable."
)
class InsufficientStock(refusals.Refusal):
    record = inventory.InsufficientStock

    lines: list[LineAvailability] = strawberry.field(
        description="The lines that fell short, those of one item at one place together, and what there is now."
    )


def _promised_at(parent: strawberry.Parent[inventory.PromiseDifference]) -> strawberry.ID | None:
    return None if parent.location_id is None else public_id("Location", parent.location_id)


@strawberry.type(description="What has become of the promise that one line came with.")
class PromiseDifference:
    line: int = strawberry.field(description="The line's place in the input, from 0.")
    sku: str = strawberry.field(description="The product.")
    location_id: strawberry.ID | None = strawberry.field(
        resolver=_promised_at,
        description="Where it was promised or asked for; null for the whole network that ships.",
    )
    promised: Decimal | None = strawberry.field(description="How much was promised; null when the token does not say.")
    available: Decimal | None = strawberry.field(
        description="How much may be promised there now; null when it is not known."
    )
    reason: PromiseChangeReason = strawberry.field(description="Why the promise is not kept.")


@strawberry.type(
    description="Returned when a promise that a line came with cannot be kept: the stock has gone since, or the token "
    "has expired or does not fit."
)
class PromiseChanged(refusals.Refusal):
    record = inventory.PromiseChanged

    differences: list[PromiseDifference] = strawberry.field(description="Each promise that is not kept.")


@strawberry.type(description="Returned when there is no such reservation, or it is not the caller's.")
class ReservationNotFound(refusals.Refusal):
    record = inventory.ReservationNotFound


@strawberry.type(description="Returned when the reservation is over, or has gone into an order.")
class IllegalReservationState(refusals.Refusal):
    record = inventory.IllegalReservationState

    state: ReservationState = strawberry.field(
        description="What it is instead; UNKNOWN when the order system did not say."
    )


CreateResult = Annotated[
    InventoryReservation | InsufficientStock | PromiseChanged | IdempotencyConflict | RetryLater | BackendUnavailable,
    strawberry.union("InventoryReservationCreateResult", description="The reservation, or why there is none."),
]
ReleaseResult = Annotated[
    InventoryReservation
    | ReservationNotFound
    | IllegalReservationState
    | IdempotencyConflict
    | RetryLater
    | BackendUnavailable,
    strawberry.union(
        "InventoryReservationReleaseResult", description="The released reservation, or why it is not released."
    ),
]


async def _create(
    info: Info,
    given: Annotated[
        InventoryReservationCreateInput, strawberry.argument(name="input", description="What to set aside.")
    ],
) -> inventory.InventoryReservation | Refusal:
    context = info.context
    lines = tuple(_line(line, "input", "lines", place) for place, line in enumerate(given.lines))
    basket_reference = given.basket_reference and name_of(given.basket_reference, "input", "basketReference")

    async def work(key: IdempotencyKey) -> inventory.InventoryReservation | Refusal:
        command = ReserveStock(
            lines=lines,
            idempotency_key=key,
            audience=context.caller.audience,
            basket_reference=basket_reference,
            ttl_s=given.ttl_seconds,
        )
        return await inventory.reserve(context.retail.inventory, command, context.loaders.now)

    answers = (inventory.InventoryReservation, inventory.InsufficientStock, inventory.PromiseChanged)
    return await once(info, "inventoryReservationCreate", given.idempotency_key, given, answers, work)


def _line(line: InventoryReservationLineInput, *path: str | int) -> ReserveLine:
    at = line.location_id
    return ReserveLine(
        sku=sku_of(line.sku, *path, "sku"),
        quantity=line.quantity,
        location_id=None if at is None else LocationId(native_id("Location", at, *path, "locationId")),
        promise_token=line.promise_token,
    )


async def _release(
    info: Info,
    given: Annotated[
        InventoryReservationReleaseInput, strawberry.argument(name="input", description="What to give back.")
    ],
) -> inventory.InventoryReservation | Refusal:
    context = info.context
    public = native_id("InventoryReservation", given.reservation_id, "input", "reservationId")

    async def work(key: IdempotencyKey) -> inventory.InventoryReservation | Refusal:
        named = named_reservation(info, public)
        if named is None:
            return inventory.reservation_not_found()
        command = ReleaseReservation(reservation_id=named, idempotency_key=key)
        return await inventory.release(context.retail.inventory, command)

    answers = (inventory.InventoryReservation, inventory.ReservationNotFound, inventory.IllegalReservationState)
    return await once(info, "inventoryReservationRelease", given.idempotency_key, given, answers, work)


@strawberry.type
class ReservationMutation:
    inventory_reservation_create: object = strawberry.field(
        resolver=_create,
        graphql_type=CreateResult | None,
        description="Set stock aside for a basket, all of it or nothing, for a while.",
        directives=(*OMS_OR_BOOKS, *tagged("checkout")),
    )
    inventory_reservation_release: object = strawberry.field(
        resolver=_release,
        graphql_type=ReleaseResult | None,
        description="Give reserved stock back.",
        directives=(*OMS_LIVE, *tagged("checkout")),
    )
