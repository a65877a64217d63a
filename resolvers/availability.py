"""What may be promised of products at locations."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from itertools import product
from typing import Annotated

import strawberry
from strawberry.types.lazy_type import LazyType

from domains import inventory
from domains.inventory import AvailabilitySemantics, ItemAvailability, StockKey
from domains.vocabulary import FulfillmentType, InvalidInput, LocationId, Reading, Rows, Sku, UpstreamError
from resolvers.batching import batch_field
from resolvers.context import Info
from resolvers.directives import OMS_OR_BOOKS, Degradation
from resolvers.freshness import Freshness, freshness_field
from resolvers.identity import native_id

LOCATIONS_MAX = 50
POSITIONS_MAX = 2_000
"""Products times locations in one question: what a screen can show, and two calls of an OMS can answer."""

# What StockKey itself does, but without a call of Python's for each: of 72 keys in 11 us instead of 20.
_key = partial(tuple.__new__, StockKey)

Answer = Reading[inventory.Availability] | UpstreamError | None

Locations = Annotated[
    list[strawberry.ID] | None,
    strawberry.argument(
        description=f"At which locations, {LOCATIONS_MAX} at most. Without them: over the whole network that ships."
    ),
]
By = Annotated[
    FulfillmentType | None, strawberry.argument(description="How the goods shall be handed over; without it, any way.")
]


async def _location(parents: list[Reading[inventory.Availability]], info: Info) -> Sequence[object]:
    locations = info.context.loaders.of(info.context.retail.inventory.locations)
    return await locations.settle([parent.value.location_id for parent in parents])


def _promise_token(parent: strawberry.Parent[Reading[inventory.Availability]], info: Info) -> str | None:
    context = info.context
    return context.retail.inventory.promises.sign(parent, context.caller.audience, context.loaders.now)


@strawberry.type(description="So much more can be promised from a day on.")
class Promise:
    date: dt.date = strawberry.field(description="From this day on.")
    quantity: Decimal = strawberry.field(description="So much more, in the product's own unit.")


@strawberry.type(description="What may be promised of one product at one location, or over the whole network.")
class Availability:
    sku: str = strawberry.field(description="The product.")
    location: object = batch_field(
        _location,
        graphql_type=LazyType("Location", "resolvers.inventory") | None,
        description="Where; null for the whole network that ships.",
        degrades=Degradation.LAST_KNOWN,
        served=OMS_OR_BOOKS,
    )
    status: ItemAvailability = strawberry.field(description="Whether it can be had.")
    semantics: AvailabilitySemantics = strawberry.field(description="What the figures of this answer mean.")
    on_hand: Decimal | None = strawberry.field(description="Book stock.")
    available_to_promise: Decimal | None = strawberry.field(
        description="What may be promised now, in the meaning of `semantics`; null when it is not known."
    )
    reserved: Decimal | None = strawberry.field(description="Set aside for orders and baskets.")
    safety_stock: Decimal | None = strawberry.field(description="Kept back against miscounts.")
    incoming: Decimal | None = strawberry.field(description="On its way here.")
    promises: list[Promise] | None = strawberry.field(description="What more can be promised, day by day.")
    expected_at: dt.datetime | None = strawberry.field(description="When more is expected.")
    pick_up_time: str | None = strawberry.field(
        description="From order to ready for collection, an ISO 8601 duration such as PT2H."
    )
    promise_token: str | None = strawberry.field(
        resolver=_promise_token,
        description="Holds the house to this answer for some minutes: a line of inventoryReservationCreate that brings "
        "it is reserved as it was promised here, or told what has changed. Null when nothing can be promised, or "
        "nobody can keep it because the order system is failing.",
    )
    freshness: Freshness = freshness_field()


def asked_locations(locations: list[strawberry.ID] | None) -> list[LocationId | None]:
    """The locations of stock keys; the one location None stands for the network. Raises InvalidInput."""
    if locations is None:
        return [None]
    if not 1 <= len(locations) <= LOCATIONS_MAX:
        raise InvalidInput(f"Ask for 1 to {LOCATIONS_MAX} locations, or for none at all.", ("locations",))
    return [LocationId(native_id("Location", id_, "locations", place)) for place, id_ in enumerate(locations)]


async def availability_at(
    info: Info,
    skus: Sequence[Sku],
    locations: Sequence[LocationId | None],
    fulfillment: FulfillmentType | None,
) -> list[list[Answer]]:
    """For each SKU the answers at each location. Raises InvalidInput when that is too much to ask at once."""
    answers = await _availability(info, list(map(_key, product(skus, locations))), fulfillment)
    return _in_rows(answers, len(skus), len(locations))


async def availability_there(info: Info, locations: Sequence[LocationId], skus: Sequence[Sku]) -> list[list[Answer]]:
    """For each location the answers of each SKU. Raises InvalidInput when that is too much to ask at once."""
    answers = await _availability(info, [StockKey(sku, at) for at in locations for sku in skus], None)
    return _in_rows(answers, len(locations), len(skus))


async def availability_of(
    info: Info,
    skus: Sequence[Sku],
    locations: Sequence[LocationId | None],
    fulfillment: FulfillmentType | None,
) -> Rows | list[list[Answer]]:
    """As `availability_at`, but Rows where all is fresh, the same as long as it is: with what is told and written of
    them 43 us less for 24 products at 3 places."""
    _check(len(skus) * len(locations))
    ports = info.context.retail.inventory
    grid = ports.grids.of(skus, locations, fulfillment)
    return grid.rows(await info.context.loaders.of(ports.stock).row(grid.keys), ports.promiser)


def list_or_failure(answers: list[Answer]) -> list[Answer] | UpstreamError:
    """The value of a list field. When nothing at all is known the field fails once, not once per item."""
    if not answers or not isinstance(answers[0], UpstreamError):
        return answers
    return answers[0] if all(isinstance(answer, UpstreamError) for answer in answers) else answers


async def _availability(info: Info, keys: list[StockKey], fulfillment: FulfillmentType | None) -> list[Answer]:
    _check(len(keys))
    ports = info.context.retail.inventory
    return ports.promiser.of(await info.context.loaders.of(ports.stock).settle(keys), fulfillment)


def _check(positions: int) -> None:
    if positions > POSITIONS_MAX:
        raise InvalidInput(
            f"{positions} stock positions are asked for (products times locations); {POSITIONS_MAX} are the most."
        )


def _in_rows(answers: list[Answer], rows: int, width: int) -> list[list[Answer]]:
    return [answers[row * width : (row + 1) * width] for row in range(rows)]
