"""Which locations are near a point."""

import math
from collections.abc import Iterable

from domains.inventory.model import Location, LocationType
from domains.vocabulary import GeoPoint, InvalidInput

EARTH_RADIUS_KM = 6371.0088
"""The mean radius R1 of the GRS 80 ellipsoid (IUGG). The sphere is off by 0.5 % at most, less than roads are."""


def distance_km(a: GeoPoint, b: GeoPoint) -> float:
    """The great-circle distance, by the haversine formula, which stays exact for points close together."""
    north, other_north = math.radians(a.latitude), math.radians(b.latitude)
    east = math.radians(b.longitude - a.longitude)
    haversine = (
        math.sin((other_north - north) / 2) ** 2 + math.cos(north) * math.cos(other_north) * math.sin(east / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, haversine)))  # rounding may pass 1 at the antipodes


def near(
    locations: Iterable[Location], point: GeoPoint | None, radius_km: float | None, type_: LocationType | None
) -> list[Location]:
    """The locations of a type around a point, nearest first, or by id without a point: an order that pages can rely on.

    A location whose position is unknown comes last, and is left out where a radius is asked for. Raises InvalidInput
    for a point off the globe, a radius that is not above 0, and a radius without a point.
    """
    _check(point, radius_km)
    asked = (location for location in locations if type_ in (None, location.type))
    if point is None:
        return sorted(asked, key=lambda location: location.id)
    away = [
        (math.inf if location.position is None else distance_km(point, location.position), location)
        for location in asked
    ]
    within = [(km, location) for km, location in away if radius_km is None or km <= radius_km]
    return [location for _, location in sorted(within, key=lambda entry: (entry[0], entry[1].id))]


def _check(point: GeoPoint | None, radius_km: float | None) -> None:
    if point is not None and not -90 <= point.latitude <= 90:
        raise InvalidInput("A latitude is -90 to 90 degrees.", ("near", "latitude"))
    if point is not None and not -180 <= point.longitude <= 180:
        raise InvalidInput("A longitude is -180 to 180 degrees.", ("near", "longitude"))
    if radius_km is None:
        return
    if point is None:
        raise InvalidInput("A radius needs a point to be around.", ("radiusKm",))
    if not (math.isfinite(radius_km) and radius_km > 0):
        raise InvalidInput("A radius is more than 0 km.", ("radiusKm",))
