"""Near is by the great circle, and in an order that pages can rely on."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domains.inventory import Location, LocationType, distance_km, near
from domains.vocabulary import GeoPoint, InvalidInput, LocationId

POINTS = st.builds(GeoPoint, latitude=st.floats(-90, 90), longitude=st.floats(-180, 180))
BERLIN = GeoPoint(latitude=52.5200, longitude=13.4050)
HAMBURG = GeoPoint(latitude=53.5511, longitude=9.9937)
MUNICH = GeoPoint(latitude=48.1351, longitude=11.5820)


def place(id_: str, position: GeoPoint | None, type_: LocationType = LocationType.STORE) -> Location:
    return Location(id=LocationId(id_), position=position, type=type_)


PLACES = [
    place("d", None),
    place("c", MUNICH),
    place("b", HAMBURG, LocationType.WAREHOUSE),
    place("a", BERLIN),
]


def ids(locations: list[Location]) -> str:
    return "".join(location.id for location in locations)


def test_known_distances() -> None:
    """Berlin to Hamburg is 255 km, Berlin to Munich 504 km, one degree along the equator 111.2 km."""
    assert distance_km(BERLIN, HAMBURG) == pytest.approx(255.3, abs=0.5)
    assert distance_km(BERLIN, MUNICH) == pytest.approx(504.4, abs=0.5)
    east, west = GeoPoint(latitude=0, longitude=179.5), GeoPoint(latitude=0, longitude=-179.5)
    assert distance_km(east, west) == pytest.approx(111.195, abs=0.01)


@settings(max_examples=150)
@given(POINTS, POINTS)
def test_distance_is_a_distance(a: GeoPoint, b: GeoPoint) -> None:
    """It is the same both ways, zero to oneself, and never more than half around the globe."""
    assert distance_km(a, b) == pytest.approx(distance_km(b, a), abs=1e-6)
    assert distance_km(a, a) == 0
    assert 0 <= distance_km(a, b) <= math.pi * 6371.0088 + 1e-6


def test_nearest_first_and_the_unplaced_last() -> None:
    """Around a point locations come by distance; one without a position comes last, and never within a radius."""
    assert ids(near(PLACES, BERLIN, None, None)) == "abcd"
    assert ids(near(PLACES, BERLIN, 300, None)) == "ab"
    assert ids(near(PLACES, BERLIN, 300, LocationType.STORE)) == "a"


def test_without_a_point_by_id() -> None:
    """Where there is no point, the order is by id, whatever order the system answers in."""
    assert ids(near(PLACES, None, None, None)) == ids(near(PLACES[::-1], None, None, None)) == "abcd"
    assert ids(near(PLACES, None, None, LocationType.WAREHOUSE)) == "b"


def test_equal_distances_go_by_id() -> None:
    """Two shops in one place come in the same order every time."""
    twins = [place("z", BERLIN), place("y", BERLIN)]
    assert ids(near(twins, HAMBURG, None, None)) == ids(near(twins[::-1], HAMBURG, None, None)) == "yz"


@pytest.mark.parametrize(
    ("point", "radius_km", "path"),
    [
        (GeoPoint(latitude=90.1, longitude=0), None, ("near", "latitude")),
        (GeoPoint(latitude=math.nan, longitude=0), None, ("near", "latitude")),
        (GeoPoint(latitude=0, longitude=-180.5), None, ("near", "longitude")),
        (BERLIN, 0.0, ("radiusKm",)),
        (BERLIN, -1.0, ("radiusKm",)),
        (BERLIN, math.nan, ("radiusKm",)),
        (None, 5.0, ("radiusKm",)),
    ],
)
def test_places_off_the_globe_are_refused(point: GeoPoint | None, radius_km: float | None, path: tuple[str]) -> None:
    """Impossible points and radii raise, pointing at the argument."""
    with pytest.raises(InvalidInput) as caught:
        near(PLACES, point, radius_km, None)
    assert caught.value.path == path
