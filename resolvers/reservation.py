"""Reservations: stock set aside for a basket, and whose it is."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import strawberry

from domains import inventory
from domains.inventory import ReservationKind, ReservationState, bare_reservation
from domains.vocabulary import Reading, UpstreamError
from resolvers.batching import batch_field
from resolvers.context import Caller, Info
from resolvers.directives import OMS_OR_BOOKS, Degradation
from resolvers.enums import described
from resolvers.identity import Node, public_id
from resolvers.inventory import Location
from resolvers.ownership import serves
from resolvers.reading import value_of

BEARER = "subject:anonymous"
"""The owner of what visitors without an account reserve. They share a name, so the id itself is the secret."""

described(
    ReservationKind,
    "How firmly stock is set aside.",
    SOFT="For a basket; it runs out.",
    HARD="For an order; it waits for it.",
)
described(
    ReservationState,
    "How far a reservation has come.",
    CREATED="Stock is set aside.",
    COMMITTED="It belongs to an order.",
    RELEASED="Given back.",
    EXPIRED="Given back because its time ran out.",
    FULFILLED="The goods have left.",
    UNKNOWN="The order system has not said.",
)


def _owner(caller: Caller) -> str:
    """A customer's own, whichever token they hold; else the subject's."""
    return f"subject:{caller.subject}" if caller.customer_id is None else f"customer:{caller.customer_id}"


def named_reservation(info: Info, public: str) -> str | None:
    """The OMS's id behind the public one that the caller sent; None when it is not theirs.

    Those who serve customers name any reservation by the OMS's own id, and need no seal. What was reserved without an
    account stays with whoever holds its id, so that it outlives a log-in.
    """
    caller = info.context.caller
    if serves(caller):
        return bare_reservation(public)
    promises = info.context.retail.inventory.promises
    return promises.unseal(public, _owner(caller)) or promises.unseal(public, BEARER)


async def visible_reservations(
    info: Info, ids: Sequence[str]
) -> list[Reading[inventory.InventoryReservation] | UpstreamError | None]:
    """The reservations of public `ids`, None in the place of one that is not the caller's."""
    named = [named_reservation(info, id_) for id_ in ids]
    return await info.context.loaders.of(info.context.retail.inventory.reservations).settle(named)


def _id(parent: strawberry.Parent[object], info: Info) -> strawberry.ID:
    native = value_of(parent).id  # type: ignore[attr-defined]  # a reservation, which Strawberry cannot be told
    caller = info.context.caller
    if not serves(caller):
        native = info.context.retail.inventory.promises.seal(native, _owner(caller))
    return public_id("InventoryReservation", native)


async def _location(parents: list[inventory.ReservationLine], info: Info) -> Sequence[object]:
    locations = info.context.loaders.of(info.context.retail.inventory.locations)
    return await locations.settle([parent.location_id for parent in parents])


@strawberry.type(description="One item of a reservation, at one place.")
class InventoryReservationLine:
    sku: str = strawberry.field(description="The product.")
    quantity: Decimal = strawberry.field(description="How much of it, in its own unit.")
    location: object = batch_field(
        _location,
        graphql_type=Location | None,
        description="Where it is set aside; null when the order system does not say.",
        degrades=Degradation.LAST_KNOWN,
        served=OMS_OR_BOOKS,
    )


@strawberry.type(description="Stock set aside for a basket: all of its lines or none.")
class InventoryReservation(Node):
    record = inventory.InventoryReservation

    id: strawberry.ID = strawberry.field(
        resolver=_id,
        description="Names this InventoryReservation for whoever created it, and for nobody else. Created without an "
        "account, it is a secret: whoever knows it may release the reservation.",
    )
    kind: ReservationKind = strawberry.field(description="How firmly it is set aside.")
    state: ReservationState = strawberry.field(description="How far it has come.")
    lines: list[InventoryReservationLine] = strawberry.field(
        description="What is set aside and where, as the order system found it: a line of the basket may be several."
    )
    expires_at: datetime | None = strawberry.field(description="When it runs out by itself.")
