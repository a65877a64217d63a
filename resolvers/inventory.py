"""Locations, and what is there for a whole basket."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

import strawberry

from domains import inventory
from domains.inventory import LineAsk, LocationType
from domains.products import checked_skus
from domains.vocabulary import (
    FulfillmentType,
    InvalidInput,
    LocationId,
    Reading,
    UpstreamError,
    positive_quantity,
)
from resolvers.availability import (
    Answer,
    Availability,
    By,
    Locations,
    asked_locations,
    availability_at,
    availability_there,
    list_or_failure,
)
from resolvers.batching import batch_field
from resolvers.context import Info
from resolvers.directives import OMS_OR_BOOKS, Cost, Degradation
from resolvers.identity import Node, native_id, node_id, sku_of
from resolvers.marks import tagged
from resolvers.pagination import After, Connection, Edge, First, id_after, page_size, paged
from resolvers.reading import Made, by_record, each, value_of
from resolvers.roots import root_field
from resolvers.sourcing import sourced_lines
from resolvers.vocabulary import Address, GeoPointInput

LINES_MAX = 100


async def _stock(
    parents: list[Reading[inventory.Location] | inventory.Location],
    info: Info,
    skus: Annotated[list[str], strawberry.argument(description="Of which products, 100 at most.")],
) -> Sequence[object]:
    wanted = checked_skus(skus)
    rows = await availability_there(info, [value_of(parent).id for parent in parents], wanted)
    return [list_or_failure(row) for row in rows]


@by_record
def _opens(parent: strawberry.Parent[inventory.OpeningHours]) -> str:
    return parent.opens.strftime("%H:%M")


@by_record
def _closes(parent: strawberry.Parent[inventory.OpeningHours]) -> str:
    return parent.closes.strftime("%H:%M")


@strawberry.type(description="When a place is open on one day of the week.")
class OpeningHours:
    weekday: int = strawberry.field(description="ISO 8601: 1 is Monday, 7 is Sunday.")
    opens: str = strawberry.field(resolver=_opens, description="From, local time, such as 09:30.")
    closes: str = strawberry.field(resolver=_closes, description="Until, local time; 00:00 is the midnight after.")


@strawberry.federation.type(
    keys=["id"], description="A place that holds goods, or hands them out: a store, a warehouse, a supplier."
)
class Location(Node):
    record = inventory.Location

    id: strawberry.ID = node_id("Location")
    gln: str | None = strawberry.field(description="GS1 Global Location Number.")
    name: str | None = strawberry.field(description="What it is called.")
    type: LocationType | None = strawberry.field(description="What kind of place it is.")
    address: Address | None = strawberry.field(description="Where it is.")
    time_zone: str | None = strawberry.field(description="IANA name of its time zone, such as Europe/Berlin.")
    opening_hours: list[OpeningHours] = strawberry.field(
        description="When it is open in an ordinary week; empty when that is not known."
    )
    stock: object = batch_field(
        _stock,
        graphql_type=list[Availability | None] | None,
        description="What may be promised here, one answer per SKU in order; null where nothing is known of one.",
        degrades=Degradation.CONSERVATIVE,
        served=OMS_OR_BOOKS,
    )


@strawberry.type(description="A location on a page.")
class LocationEdge(Edge):
    node: Location = strawberry.field(description="The location.")


@strawberry.type(description="One page of locations.")
class LocationConnection(Connection):
    edges: list[LocationEdge] = strawberry.field(description="The locations of this page, in order.")
    nodes: list[Location] = strawberry.field(description="The locations without their cursors.")


@strawberry.input(description="One line of a basket whose availability is asked for.")
class AvailabilityLineInput:
    sku: str = strawberry.field(description="The product.")
    quantity: Decimal = strawberry.field(description="How much of it, in its own unit: more than 0.")


@strawberry.type(description="Whether one line of a basket can be had, and where best.")
class LineAvailability:
    sku: str = strawberry.field(description="The product.")
    requested: Decimal = strawberry.field(description="How much was asked for.")
    fulfillable: bool | None = strawberry.field(
        description="Whether one place alone can give all of it; null when no place's figure is known."
    )
    best: Availability | None = strawberry.field(description="The place that can give it most surely.")
    alternatives: list[Availability] | None = strawberry.field(description="The other places, best first.")


async def _location(
    info: Info, location_id: Annotated[strawberry.ID, strawberry.argument(name="id", description="The location's id.")]
) -> Reading[inventory.Location] | None:
    key = LocationId(native_id("Location", location_id, "id"))
    return await info.context.loaders.of(info.context.retail.inventory.locations).load(key)


async def _locations(  # noqa: PLR0917 - the field has so many arguments
    info: Info,
    near: Annotated[
        GeoPointInput | None,
        strawberry.argument(description="Nearest to this point first; without it, in the order of their ids."),
    ] = None,
    radius_km: Annotated[
        float | None, strawberry.argument(description="Only within so many kilometres of `near`.")
    ] = None,
    kind: Annotated[LocationType | None, strawberry.argument(name="type", description="Only of this kind.")] = None,
    first: First = 20,
    after: After = None,
) -> Made | None:
    size, last_id = page_size(first), id_after("location", after)
    network = await info.context.loaders.of(info.context.retail.inventory.network).load("network")
    if network is None:
        return None
    found = inventory.near(network.value, None if near is None else near.point(), radius_km, kind)
    start = 0 if last_id is None else _place_after(found, last_id)
    page = found[start : start + size]
    shown = paged(
        "location",
        [location.id for location in page],
        each(network, page),
        has_next=start + size < len(found),
        has_previous=start > 0,
    )
    return Made(shown, (network,))


def _place_after(found: list[inventory.Location], last_id: str) -> int:
    for place, location in enumerate(found):
        if location.id == last_id:
            return place + 1
    raise InvalidInput("This cursor's location is not in this list any more. Begin again without one.", ("after",))


async def _basket(
    info: Info,
    lines: Annotated[
        list[AvailabilityLineInput], strawberry.argument(description=f"The basket's lines, {LINES_MAX} at most.")
    ],
    locations: Locations = None,
    fulfillment: By = None,
    near: Annotated[
        GeoPointInput | None,
        strawberry.argument(
            description="Where the customer is. The best place is then the one to give the line with the fewest "
            "parcels, or at the nearest store; without `locations`, of those around the customer."
        ),
    ] = None,
) -> list[Made | UpstreamError]:
    asks = _asks(lines, fulfillment)
    if near is not None:
        return await sourced_lines(info, asks, locations, fulfillment, near.point())
    rows = await availability_at(info, [ask.sku for ask in asks], asked_locations(locations), fulfillment)
    return [_line(ask, row) for ask, row in zip(asks, rows, strict=True)]


def _asks(lines: list[AvailabilityLineInput], fulfillment: FulfillmentType | None) -> list[LineAsk]:
    if not 1 <= len(lines) <= LINES_MAX:
        raise InvalidInput(f"A basket has 1 to {LINES_MAX} lines.", ("lines",))
    return [
        LineAsk(
            sku_of(line.sku, "lines", place, "sku"),
            positive_quantity(line.quantity, "lines", place, "quantity"),
            fulfillment,
        )
        for place, line in enumerate(lines)
    ]


def _line(ask: LineAsk, answers: list[Answer]) -> Made | UpstreamError:
    """One place that failed makes the whole line unknown: the best place may be the one that is not known."""
    for answer in answers:
        if isinstance(answer, UpstreamError):
            return answer
    known = [answer for answer in answers if isinstance(answer, Reading)]
    return Made(inventory.answer_line(ask, known), tuple(known))


@strawberry.type
class InventoryQuery:
    location: object = root_field(
        _location,
        graphql_type=Location | None,
        description="One location, or null when there is none.",
        degrades=Degradation.LAST_KNOWN,
        served=OMS_OR_BOOKS,
        marks=tagged("stock"),
    )
    locations: object = root_field(
        _locations,
        graphql_type=LocationConnection | None,
        description="The retailer's locations, page by page.",
        degrades=Degradation.LAST_KNOWN,
        served=OMS_OR_BOOKS,
        marks=tagged("stock"),
    )
    availability: object = root_field(
        _basket,
        graphql_type=list[LineAvailability | None],
        description="Whether a basket can be had, one answer per line in order.",
        degrades=Degradation.CONSERVATIVE,
        served=(*OMS_OR_BOOKS, Cost(oms=2)),  # which places are near, then what is there
        marks=tagged("stock"),
    )
