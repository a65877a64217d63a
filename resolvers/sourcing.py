"""A basket's availability around a customer: which place had best give each line."""

from collections.abc import Sequence

import strawberry

from domains import inventory
from domains.inventory import LineAsk, hands_over
from domains.vocabulary import FulfillmentType, GeoPoint, LocationId, Reading, UpstreamError
from resolvers.availability import Answer, asked_locations, availability_at
from resolvers.context import Info
from resolvers.reading import Made

NEAREST_MAX = 20
"""Places looked at around a customer: a city has fewer stores, and 100 lines there are still one question."""


async def sourced_lines(
    info: Info,
    asks: Sequence[LineAsk],
    locations: list[strawberry.ID] | None,
    fulfillment: FulfillmentType | None,
    point: GeoPoint,
) -> list[Made | UpstreamError]:
    """One answer per line, its best place chosen for the whole basket. Raises InvalidInput."""
    try:
        network = await info.context.loaders.of(info.context.retail.inventory.network).load("network")
    except UpstreamError as error:
        return [error] * len(asks)  # how far away a place is cannot be guessed
    nearest = inventory.near(() if network is None else network.value, point, None, None)
    able = [one.id for one in nearest if hands_over(one, fulfillment)]
    places: Sequence[LocationId | None] = able[:NEAREST_MAX] if locations is None else asked_locations(locations)
    rows = await availability_at(info, [ask.sku for ask in asks], places, fulfillment)
    sourced = inventory.source(
        asks,
        [answer for row in rows for answer in row if isinstance(answer, Reading)],
        {one.id: one for one in nearest},
        fulfillment,
        now=info.context.loaders.now,
        point=point,
    )
    return [_line(ask, row, sourced, line, network) for line, (ask, row) in enumerate(zip(asks, rows, strict=True))]


def _line(
    ask: LineAsk,
    answers: list[Answer],
    sourced: inventory.Sourced,
    line: int,
    network: Reading[tuple[inventory.Location, ...]] | None,
) -> Made | UpstreamError:
    """As without a point: one place that failed makes the whole line unknown."""
    for answer in answers:
        if isinstance(answer, UpstreamError):
            return answer
    known = [answer for answer in answers if isinstance(answer, Reading)]
    line_answer = inventory.sourced_line(ask, known, sourced, line)
    return Made(line_answer, (*known,) if network is None else (*known, network))
