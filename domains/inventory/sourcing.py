"""Where each line of a basket had best come from."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import combinations
from typing import NamedTuple

from msgspec.structs import replace

from domains.inventory.basket import LineAsk, LineAvailability, answer_line, gives_all
from domains.inventory.model import Availability, Location
from domains.inventory.nearest import distance_km
from domains.inventory.opening import opens_at
from domains.vocabulary import FulfillmentType, GeoPoint, LocationId, Reading, Sku

_NONE = Decimal(0)
Figures = Mapping[LocationId, Mapping[Sku, Decimal]]


class Sourced(NamedTuple):
    """`places` are the locations that could hand over, nearest first; `chosen` is that of each line, None where none
    gives it whole."""

    places: tuple[LocationId, ...]
    chosen: tuple[LocationId | None, ...]


def source(
    asks: Sequence[LineAsk],
    candidates: Sequence[Reading[Availability]],
    locations: Mapping[LocationId, Location],
    fulfillment: FulfillmentType | None,
    *,
    now: datetime,
    point: GeoPoint | None = None,
) -> Sourced:
    """Choose a place for each line: a line is given whole by one place, so figures are never added up.

    As few places as can give all lines, and among equals the nearest: exactly up to two (of 50 places there are 1,225
    pairs, and 19,600 triples), and beyond that by always taking the place that adds the most lines. For PICKUP the
    nearest counts in whole kilometres, and then the one that opens soonest. Places that cannot hand over in that way,
    and those that are not in `locations`, are left out. Lines that share an item share their place's figure, the
    largest line first: no other distribution of them is tried.
    """
    figures = _figures(candidates)
    places = sorted({reading.value.location_id for reading in candidates if reading.value.location_id is not None})
    able = [place for place in places if place in locations and hands_over(locations[place], fulfillment)]
    away = {place: _away_km(locations[place], point) for place in able}
    if fulfillment is FulfillmentType.PICKUP:
        able.sort(key=lambda place: (_whole(away[place]), _wait_s(locations[place], now), away[place]))
    else:
        able.sort(key=lambda place: away[place])
    return Sourced(tuple(able), _chosen(asks, able, figures))


def sourced_line(
    ask: LineAsk, candidates: Sequence[Reading[Availability]], sourced: Sourced, line: int
) -> LineAvailability:
    """The answer to line `line`: the place chosen for it leads, then places that give it whole, each in their order.

    Where none was chosen, places that could hand over are ranked as `answer_line` does. Others come last.
    """
    rank: dict[LocationId | None, int] = {place: number for number, place in enumerate(sourced.places)}
    able = [reading for reading in candidates if reading.value.location_id in rank]
    others = tuple(reading for reading in candidates if reading.value.location_id not in rank)
    answer = answer_line(ask, able)
    chosen = sourced.chosen[line]
    if chosen is not None:
        able.sort(
            key=lambda reading: (
                reading.value.location_id != chosen,
                not gives_all(ask, reading.value),
                rank[reading.value.location_id],
            )
        )
        answer = replace(answer, best=able[0], alternatives=tuple(able[1:]))
    return replace(answer, alternatives=answer.alternatives + others)


def _chosen(asks: Sequence[LineAsk], able: Sequence[LocationId], figures: Figures) -> tuple[LocationId | None, ...]:
    # The largest first: of lines that share an item the others are easier to place.
    largest_first = sorted(enumerate(asks), key=lambda numbered: -numbered[1].quantity)
    shelves = [_Shelves(place, figures.get(place, {}), largest_first) for place in able]
    given = _in_two(asks, shelves) or _one_by_one(asks, shelves)
    return tuple(given.get(line) for line in range(len(asks)))


class _Shelves:
    """What one place has of the basket, by the lines and their numbers in the order in which they are given. `able` are
    those that it could give if they were alone, as bits."""

    def __init__(self, place: LocationId, figures: Mapping[Sku, Decimal], asks: Sequence[tuple[int, LineAsk]]) -> None:
        self.place = place
        self._figures = figures
        self._asks = asks
        self.able = sum(1 << line for line, ask in asks if figures.get(ask.sku, _NONE) >= ask.quantity)

    def gives(self, wanted: int) -> int:
        """Which of the lines `wanted` it gives together: those of one item one after the other, while they last."""
        given, left = 0, dict[Sku, Decimal]()
        for line, ask in self._asks:
            if wanted & self.able & 1 << line:
                rest = left.get(ask.sku, self._figures[ask.sku])
                if rest >= ask.quantity:
                    left[ask.sku] = rest - ask.quantity
                    given |= 1 << line
        return given


def _in_two(asks: Sequence[LineAsk], shelves: Sequence[_Shelves]) -> dict[int, LocationId]:
    """All lines from one place, or else from two; empty where that cannot be."""
    everything = (1 << len(asks)) - 1
    firsts = [(one, one.gives(everything)) for one in shelves]
    for one, given in firsts:
        if given == everything:
            return _named(given, one)
    for (one, given), (other, _) in combinations(firsts, 2):
        rest = everything & ~given
        if not rest & ~other.able and other.gives(rest) == rest:
            return _named(given, one) | _named(rest, other)
    return {}


def _one_by_one(asks: Sequence[LineAsk], shelves: Sequence[_Shelves]) -> dict[int, LocationId]:
    """Again and again the place that adds the most lines, the nearest of equals."""
    wanted, chosen, left = (1 << len(asks)) - 1, dict[int, LocationId](), list(shelves)
    while wanted:
        best, most = None, 0
        for one in left:
            if (one.able & wanted).bit_count() > most.bit_count():  # at most so many; sharing may make them fewer
                given = one.gives(wanted)
                if given.bit_count() > most.bit_count():
                    best, most = one, given
        if best is None:
            break
        chosen |= _named(most, best)
        wanted &= ~most
        left.remove(best)  # it gave what it could: its figures are no longer what they were
    return chosen


def _named(lines: int, shelves: _Shelves) -> dict[int, LocationId]:
    return {line: shelves.place for line in range(lines.bit_length()) if lines & 1 << line}


def _figures(candidates: Sequence[Reading[Availability]]) -> Figures:
    figures: dict[LocationId, dict[Sku, Decimal]] = {}
    for reading in candidates:
        one = reading.value
        if one.location_id is not None and one.available_to_promise is not None:
            figures.setdefault(one.location_id, {})[one.sku] = one.available_to_promise
    return figures


def hands_over(location: Location, fulfillment: FulfillmentType | None) -> bool:
    """Whether goods reach customers from there in that way; None is any way."""
    if fulfillment is FulfillmentType.PICKUP:
        return location.offers_pickup
    return location.ships if fulfillment is FulfillmentType.SHIPPING else True


def _away_km(location: Location, point: GeoPoint | None) -> float:
    if point is None:
        return 0.0
    return math.inf if location.position is None else distance_km(point, location.position)


def _whole(km: float) -> float:
    """Nobody minds half a kilometre, and then the opening hours may decide."""
    return km if math.isinf(km) else float(round(km))


def _wait_s(location: Location, now: datetime) -> float:
    opens = opens_at(location, now)
    return math.inf if opens is None else (opens - now).total_seconds()
