"""How the parts of an order reach the customer."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import strawberry

from domains import orders
from domains.orders import FulfillmentStatus
from domains.vocabulary import FulfillmentType
from resolvers.batching import batch_field
from resolvers.context import Info
from resolvers.directives import OMS_OR_BOOKS, Degradation
from resolvers.inventory import Location
from resolvers.reading import by_record


@strawberry.type(description="So much of an order line in one fulfillment.")
class FulfillmentLine:
    line_id: strawberry.ID = strawberry.field(description="The order line's own id.")
    quantity: Decimal = strawberry.field(description="How much of it.")


@strawberry.type(description="Something that happened to a parcel.")
class ShipmentEvent:
    status: FulfillmentStatus = strawberry.field(description="How far the parcel had come.")
    occurred_at: datetime = strawberry.field(description="When.")
    location: str | None = strawberry.field(description="Where, as the carrier puts it.")


@strawberry.type(description="One parcel.")
class Shipment:
    carrier: str | None = strawberry.field(description="Who carries it.")
    tracking_number: str | None = strawberry.field(description="The carrier's number for it.")
    tracking_url: str | None = strawberry.field(description="Where its way can be followed.")
    events: list[ShipmentEvent] = strawberry.field(description="What happened to it, as the carrier reported.")
    estimated_delivery_at: datetime | None = strawberry.field(description="When it should arrive.")


async def _location(parents: list[orders.Fulfillment], info: Info) -> Sequence[object]:
    locations = info.context.loaders.of(info.context.retail.inventory.locations)
    return await locations.settle([parent.location_id for parent in parents])


@by_record
def _status(parent: strawberry.Parent[orders.Fulfillment]) -> FulfillmentStatus:
    return orders.fulfillment_status_of(parent)


@strawberry.type(description="The part of an order that one location handles.")
class Fulfillment:
    id: strawberry.ID = strawberry.field(description="The fulfillment's own id.")
    type: FulfillmentType = strawberry.field(description="How it reaches the customer.")
    status: FulfillmentStatus = strawberry.field(resolver=_status, description="How far it has come.")
    location: object = batch_field(
        _location,
        graphql_type=Location | None,
        description="The location that handles it.",
        degrades=Degradation.LAST_KNOWN,
        served=OMS_OR_BOOKS,
    )
    lines: list[FulfillmentLine] = strawberry.field(description="What is in it.")
    shipments: list[Shipment] = strawberry.field(description="Its parcels.")
