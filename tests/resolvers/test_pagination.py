"""Pages: walking a list, and cursors that are not taken for what they are not."""

import base64
import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domains.vocabulary import InvalidInput
from resolvers.pagination import cursor_of, id_after
from tests.resolvers.goods import ledger_entry, location, order
from tests.resolvers.world import ADA, World

PAGE_INFO = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id } } nodes { id }"
LISTS = {
    "locations": (
        "locations",
        "query($first: Int!, $after: String) { locations(first: $first, after: $after) { %s } }",
    ),
    "orders": (
        "me.orders",
        "query($first: Int!, $after: String) { me { orders(first: $first, after: $after) { %s } } }",
    ),
    "ledger": (
        "me.loyalty.ledger",
        "query($first: Int!, $after: String) { me { loyalty { ledger(first: $first, after: $after) { %s } } } }",
    ),
}


async def walk(world: World, name: str, first: int) -> list[str]:
    """Every id of a list, page by page, checking what each page says of its place."""
    path, document = LISTS[name]
    seen: list[str] = []
    after: str | None = None
    while True:
        page: Any = await world.data(document % PAGE_INFO, ADA, first=first, after=after)
        for step in path.split("."):
            page = page[step]
        info, edges = page["pageInfo"], page["edges"]
        assert len(edges) <= first
        assert [edge["node"] for edge in edges] == page["nodes"]
        assert info["hasPreviousPage"] is (after is not None)
        assert (info["startCursor"], info["endCursor"]) == (
            (edges[0]["cursor"], edges[-1]["cursor"]) if edges else (None, None)
        )
        seen += [edge["node"]["id"] for edge in edges]
        after = info["endCursor"]
        if not info["hasNextPage"]:
            return seen


@settings(max_examples=25)
@given(name=st.sampled_from(sorted(LISTS)), length=st.integers(1, 12), first=st.integers(1, 13))
async def test_a_walk_sees_everything_once_in_order(name: str, length: int, first: int) -> None:
    """Whatever the page size, walking a list page by page gives each item once, in the list's order."""
    numbers = range(1, length + 1)
    world = World(
        orders_of_ada=[order(number) for number in numbers],
        ledger_entries=[ledger_entry(number) for number in numbers],
        shops=[location(number) for number in numbers],
    )
    expected = {
        "locations": [f"Location:store-{number:03}" for number in numbers],
        "orders": [f"Order:ord-{number:06}" for number in numbers],
        "ledger": [f"entry-{number}" for number in numbers],
    }
    assert await walk(world, name, first) == expected[name]


@pytest.mark.parametrize("first", [0, -1, 101])
async def test_a_page_has_1_to_100_items(world: World, first: int) -> None:
    """Page sizes beyond 1 to 100 are refused, pointing at `first`, and nothing is asked upstream."""
    answer = await world.ask("query($first: Int!) { locations(first: $first) { nodes { id } } }", first=first)
    assert answer.code == "BAD_USER_INPUT"
    assert "['first']" in str(answer.errors)
    assert world.calls() == {}


@given(kind=st.sampled_from(["order", "return", "ledger"]), id_=st.text(st.characters(codec="utf-8"), min_size=1))
def test_a_cursor_gives_back_its_place(kind: str, id_: str) -> None:
    """A cursor leads to the id it was made of, and in a list of another kind it is refused."""
    cursor = cursor_of(kind, id_)
    if id_.isprintable() and len(id_) <= 255:
        assert id_after(kind, cursor) == id_
    with pytest.raises(InvalidInput) as raised:
        id_after("location", cursor)
    assert raised.value.path == ("after",)


@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_what_is_no_cursor_is_refused(after: str) -> None:
    """Any text that this list did not give is refused as wrong input, never as a bug."""
    with contextlib.suppress(InvalidInput):
        assert id_after("order", after)


async def test_a_cursor_of_another_list_is_refused(world: World) -> None:
    """A cursor of the orders does not open the ledger."""
    page = await world.data("{ me { orders(first: 1) { pageInfo { endCursor } } } }", ADA)
    document = "query($after: String) { me { loyalty { ledger(after: $after) { nodes { id } } } } }"
    answer = await world.ask(document, ADA, after=page["me"]["orders"]["pageInfo"]["endCursor"])
    assert answer.code == "BAD_USER_INPUT"
    assert "loyalty.ledger" not in world.calls()
