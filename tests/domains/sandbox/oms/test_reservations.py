"""Stock is set aside for the whole basket or not at all, and comes back."""

from contextlib import suppress
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domains.sandbox.chassis import Refused
from domains.sandbox.oms.reservations import Reservations
from domains.sandbox.oms.stock import Stock
from domains.sandbox.world import WorldSize, build_world
from tests.domains.sandbox.oms.conftest import NOW, MovableClock, Oms

RESERVE = "/v1/reservations"
TINY = WorldSize(products=3, stores=2, centres=2, customers=1, members=1, orders=0, returns=0)


def draft(*lines: tuple[str, str | None, str], **members: Any) -> dict[str, Any]:
    return {
        "kind": "SOFT",
        "lines": [{"sku": sku, "locationId": place, "quantity": quantity} for sku, place, quantity in lines],
    } | members


async def test_a_reservation_changes_the_figures_and_release_restores_them(service: Oms) -> None:
    """What is reserved cannot be promised again until it is released; book stock stays what it is."""
    before = await service.stock("SKU-00001", "store-001")
    held = await service.write(RESERVE, draft(("SKU-00001", "store-001", "2")))
    during = await service.stock("SKU-00001", "store-001")
    assert int(during["availableToPromise"]) == int(before["availableToPromise"]) - 2
    assert int(during["reserved"]) == int(before["reserved"]) + 2
    assert during["onHand"] == before["onHand"]
    assert (await service.ask("/v1/reservations/lookup", {"reservationIds": [held["id"]]}))["items"] == [held]
    released = await service.write("/v1/reservations/{id}/release", {}, held["id"])
    assert released == held | {"state": "RELEASED"}
    assert await service.stock("SKU-00001", "store-001") == before


async def test_all_lines_or_none(service: Oms) -> None:
    """One line that cannot be met leaves the others untouched, and the refusal names the item."""
    before = await service.stock("SKU-00001", "store-001")
    body = draft(("SKU-00001", "store-001", "1"), ("SKU-00002", "store-001", "99999"))
    status, code, members = await service.refused(RESERVE, body)
    assert (status, code, members["sku"]) == (409, "INSUFFICIENT_STOCK", "SKU-00002")
    assert await service.stock("SKU-00001", "store-001") == before


async def test_lines_that_share_an_item_are_summed(service: Oms) -> None:
    """Two lines that fit alone are refused when they do not fit together."""
    free = int((await service.stock("SKU-00001", "store-001"))["availableToPromise"])
    line = ("SKU-00001", "store-001", str(free // 2 + 1))
    assert (await service.refused(RESERVE, draft(line, line)))[1] == "INSUFFICIENT_STOCK"
    await service.write(RESERVE, draft(line))


async def test_lines_without_location_are_sourced(service: Oms) -> None:
    """The OMS finds the stock where parcels leave from, in several places if it must, distribution centres first."""
    one = await service.write(RESERVE, draft(("SKU-00001", None, "1")))
    assert [line["locationId"] for line in one["lines"]] == ["dc-001"]
    everything = (await service.stock("SKU-00001", None))["availableToPromise"]
    all_ = await service.write(RESERVE, draft(("SKU-00001", None, everything)))
    assert sum(int(line["quantity"]) for line in all_["lines"]) == int(everything)
    assert (await service.stock("SKU-00001", None))["availableToPromise"] == "0"
    assert (await service.refused(RESERVE, draft(("SKU-00001", None, "1"))))[1] == "INSUFFICIENT_STOCK"


async def test_a_named_location_goes_before_an_unnamed_one(service: Oms) -> None:
    """A line that may come from anywhere does not take the shelf another line names."""
    free = (await service.stock("SKU-00001", "dc-001"))["availableToPromise"]
    held = await service.write(RESERVE, draft(("SKU-00001", None, "1"), ("SKU-00001", "dc-001", free)))
    assert [line["locationId"] for line in held["lines"]] == ["dc-002", "dc-001"]


async def test_a_soft_reservation_expires(service: Oms, clock: MovableClock) -> None:
    """When its time is up the stock is free again, the state says so, and release is refused."""
    before = await service.stock("SKU-00001", "store-001")
    held = await service.write(RESERVE, draft(("SKU-00001", "store-001", "2"), ttlS=60))
    assert held["expiresAt"] == "2026-03-02T10:01:00Z"
    clock.move(59)
    assert await service.stock("SKU-00001", "store-001") != before
    clock.move(1)
    assert await service.stock("SKU-00001", "store-001") == before
    (row,) = (await service.ask("/v1/reservations/lookup", {"reservationIds": [held["id"]]}))["items"]
    assert row["state"] == "EXPIRED"
    refusal = await service.refused("/v1/reservations/{id}/release", {}, held["id"])
    assert refusal[:2] == (409, "ILLEGAL_TRANSITION")


async def test_a_hard_reservation_does_not_expire(service: Oms, clock: MovableClock) -> None:
    """A hard reservation waits for its order however long that takes."""
    held = await service.write(RESERVE, draft(("SKU-00001", "store-001", "2"), kind="HARD"))
    clock.move(10_000_000)
    (row,) = (await service.ask("/v1/reservations/lookup", {"reservationIds": [held["id"]]}))["items"]
    assert (row["state"], row["expiresAt"]) == ("CREATED", None)


async def test_a_key_reserves_once(service: Oms) -> None:
    """The same key and body give the same reservation and take the stock once."""
    body = draft(("SKU-00001", "store-001", "1"))
    first = await service.write(RESERVE, body, key="basket-1")
    after = await service.stock("SKU-00001", "store-001")
    assert await service.write(RESERVE, body, key="basket-1") == first
    assert await service.stock("SKU-00001", "store-001") == after


async def test_refuses_impossible_drafts(service: Oms) -> None:
    """Quantities of nothing, too fine ones, unknown kinds and times out of bounds are 422; unknown stock is 409."""
    line = ("SKU-00001", "store-001", "1")
    for body in (
        draft(("SKU-00001", "store-001", "0")),
        draft(("SKU-00001", "store-001", "-1")),
        draft(("SKU-00001", "store-001", "0.0001")),
        draft(line, kind="FIRM"),
        draft(line, ttlS=0),
        draft(line, ttlS=604_801),
        draft(),
        draft(*[line] * 101),
    ):
        assert (await service.refused(RESERVE, body))[:2] == (422, "INVALID_BODY")
    for nowhere in (("SKU-00027", "store-001", "1"), ("SKU-00001", "moon", "1"), ("SKU-99999", None, "1")):
        assert (await service.refused(RESERVE, draft(nowhere)))[:2] == (409, "INSUFFICIENT_STOCK")
    missing = await service.refused("/v1/reservations/{id}/release", {}, "rsv-000099")
    assert missing[:2] == (409, "RESERVATION_NOT_FOUND")


LINES = st.tuples(
    st.sampled_from(["SKU-00001", "SKU-00002", "SKU-00003"]),
    st.sampled_from([None, "store-001", "store-002", "dc-001", "dc-002"]),
    st.decimals(min_value="0.001", max_value="150", places=3).map(str),
)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.lists(LINES, min_size=1, max_size=4), st.booleans()), max_size=12), st.booleans())
def test_never_grants_more_than_there_is(
    baskets: list[tuple[list[tuple[str, str | None, str]], bool]], wait: bool
) -> None:
    """Whatever is reserved and released, no shelf is promised beyond its stock, and in the end all comes back."""
    world = build_world(1, NOW, TINY)
    before = {shelf: dict(row) for shelf, row in world.stock.items()}
    clock = MovableClock()
    reservations = Reservations(Stock(world), clock)
    open_: list[str] = []
    for lines, release in baskets:
        with suppress(Refused):
            open_.append(reservations.create(draft(*lines))["id"])
        if release and open_:
            reservations.release(open_.pop())
        for shelf, row in world.stock.items():
            granted = Decimal(row["reserved"]) - Decimal(before[shelf]["reserved"])
            assert 0 <= granted <= Decimal(before[shelf]["availableToPromise"])
    if wait:
        clock.move(900)
        reservations.expire()
    else:
        for id_ in open_:
            reservations.release(id_)
    assert world.stock == before
