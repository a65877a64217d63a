"""Orders and returns of customers, page by page."""

from typing import Any

import pytest

from domains.sandbox.world import World
from tests.domains.sandbox.oms.conftest import Oms


async def walk(service: Oms, path: str, query: dict[str, Any]) -> list[dict[str, Any]]:
    """All rows of a search, gathered over as many pages as there are."""
    rows: list[dict[str, Any]] = []
    for _ in range(50):
        asked = query | ({"after": rows[-1]["id"]} if rows else {})
        (page,) = (await service.ask(path, {"queries": [asked]}))["pages"]
        rows += page["items"]
        if not page["hasNext"]:
            return rows
    raise AssertionError("the pages never end")


@pytest.mark.parametrize("first", [1, 4, 100])
async def test_pages_hold_every_order_once_newest_first(service: Oms, world: World, first: int) -> None:
    """Page by page, at any size, a customer's orders come newest first and each once."""
    rows = await walk(service, "/v1/orders/search", {"customerId": "cust-00001", "first": first})
    hers = [row for row in world.orders.values() if row["customerId"] == "cust-00001"]
    assert rows == sorted(hers, key=lambda row: (row["placedAt"], row["id"]), reverse=True)


@pytest.mark.parametrize(
    ("status", "raws"),
    [
        ("CREATED", {"NEW"}),
        ("CONFIRMED", {"RELEASED"}),
        ("MANUAL_REVIEW", {"FRAUD_CHECK"}),
        ("ON_HOLD", {"PAYMENT_BLOCK"}),
        ("PROCESSING", {"PICKING", "PART_SHIPPED", "AWAITING_COLLECTION"}),
        ("SHIPPED", {"SHIPPED"}),
        ("COMPLETED", {"CLOSED", "POS_SALE"}),
        ("CANCELED", {"CANCELLED"}),
        ("UNKNOWN", set()),
    ],
)
async def test_status_follows_the_precedence(service: Oms, status: str, raws: set[str]) -> None:
    """A status finds the orders whose facts make it, and only those, over pages of two."""
    query = {"customerId": "cust-00001", "first": 2, "status": status}
    rows = await walk(service, "/v1/orders/search", query)
    assert {row["facts"]["raw"] for row in rows} == raws


async def test_queries_are_answered_in_their_order(service: Oms) -> None:
    """Each query has its page, in the order asked; a customer without orders has an empty one."""
    asked = [{"customerId": name, "first": 1} for name in ("cust-00002", "nobody", "cust-00001")]
    pages = (await service.ask("/v1/orders/search", {"queries": asked}))["pages"]
    assert [[row["customerId"] for row in page["items"]] for page in pages] == [["cust-00002"], [], ["cust-00001"]]


async def test_a_cursor_of_somebody_else_is_unknown(service: Oms, world: World) -> None:
    """A cursor that is not in the customer's list is refused: an empty page would pass for the end."""
    theirs = next(row["id"] for row in world.orders.values() if row["customerId"] == "cust-00002")
    query = {"customerId": "cust-00001", "first": 1, "after": theirs}
    assert (await service.refused("/v1/orders/search", {"queries": [query]}))[:2] == (422, "UNKNOWN_CURSOR")


async def test_a_cursor_survives_a_change_of_status(service: Oms, world: World) -> None:
    """An order seen under a status and canceled since still marks the place in the list of that status."""
    query = {"customerId": "cust-00001", "first": 1, "status": "PROCESSING"}
    (page,) = (await service.ask("/v1/orders/search", {"queries": [query]}))["pages"]
    seen = page["items"][0]
    await service.write("/v1/orders/{id}/cancel", {}, seen["id"])
    (page,) = (await service.ask("/v1/orders/search", {"queries": [query | {"after": seen["id"]}]}))["pages"]
    assert page["items"][0]["placedAt"] < seen["placedAt"]


async def test_returns_come_newest_first(service: Oms, world: World) -> None:
    """A customer's returns are paged newest first."""
    rows = await walk(service, "/v1/returns/search", {"customerId": "cust-00001", "first": 1})
    assert [row["id"] for row in rows] == ["ret-000001", "ret-000002"]
