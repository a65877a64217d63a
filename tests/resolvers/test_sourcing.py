"""A basket around a customer: which place is named first."""

from datetime import time

import pytest

from domains.inventory import Location, OpeningHours
from domains.vocabulary import SystemRole, UpstreamTimeout
from tests.resolvers.goods import location
from tests.resolvers.world import World

AROUND = """query($at: [ID!], $by: FulfillmentType) {
  availability(lines: [{sku: "SKU-1", quantity: 2}], locations: $at, fulfillment: $by,
               near: {latitude: 53.1, longitude: 8}) {
    fulfillable best { location { id } } alternatives { location { id } } } }"""


def shop(number: int, *, ships: bool = True, pickup: bool = False) -> Location:
    one = location(number)
    hours = OpeningHours(weekday=1, opens=time(9, 30), closes=time(0))
    return Location(
        id=one.id, position=one.position, ships=ships, offers_pickup=pickup, opening_hours=(hours,), time_zone="UTC"
    )


@pytest.fixture
def around() -> World:
    return World(shops=[shop(1, pickup=True), shop(2), shop(3), shop(4, ships=False, pickup=True)])


@pytest.mark.parametrize(
    ("by", "at", "places"),
    [
        ("SHIPPING", None, ["store-003", "store-002", "store-001"]),
        ("PICKUP", None, ["store-004", "store-001"]),
        ("PICKUP", ["store-001", "store-002"], ["store-001", "store-002"]),
    ],
)
async def test_the_nearest_that_can_hand_over_leads(
    around: World, by: str, at: list[str] | None, places: list[str]
) -> None:
    """Around a customer the candidates are the places that hand over in that way, nearest first."""
    data = await around.data(AROUND, at=at, by=by)
    (line,) = data["availability"]
    told = [line["best"], *line["alternatives"]]
    assert line["fulfillable"] is True
    assert [one["location"]["id"] for one in told] == [f"Location:{place}" for place in places]
    assert around.calls()["inventory.network"] == 1
    assert around.calls()["inventory.stock"] == 1


async def test_without_the_network_nothing_is_said_of_distance(around: World) -> None:
    """When the places cannot be read the line is null with the system's name, and stock is not asked."""
    around.fail(UpstreamTimeout(SystemRole.OMS, "locations"), "inventory.network")
    answer = await around.ask(AROUND)
    assert answer.data == {"availability": [None]}
    assert answer.code == "UPSTREAM_TIMEOUT"
    assert "inventory.stock" not in around.calls()


async def test_a_point_off_the_globe_is_wrong_input(around: World) -> None:
    """The point is looked at also when the places are named."""
    answer = await around.ask(
        """{ availability(lines: [{sku: "SKU-1", quantity: 2}], locations: ["store-001"],
             near: {latitude: 91, longitude: 8}) { sku } }"""
    )
    assert answer.code == "BAD_USER_INPUT"


async def test_opening_hours_are_told(around: World) -> None:
    """A location says when it is open; one whose hours are not known says nothing."""
    data = await around.data('{ location(id: "store-001") { openingHours { weekday opens closes } } }')
    assert data["location"]["openingHours"] == [{"weekday": 1, "opens": "09:30", "closes": "00:00"}]
    data = await World().data('{ location(id: "store-001") { openingHours { weekday } } }')
    assert data["location"]["openingHours"] == []
